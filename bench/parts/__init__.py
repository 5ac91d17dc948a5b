"""The parts of the bench, one a file, in the order of the page."""

from . import authorization, cached, day, kubectl, many, memory, refresh, sizes, start

PARTS = (
    cached.PART,
    kubectl.PART,
    refresh.PART,
    many.PART,
    authorization.PART,
    day.PART,
    sizes.PART,
    memory.PART,
    start.PART,
)
