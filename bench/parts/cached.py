"""A good credential that is already stored: the usual call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.desktop import desktop
from bench.plot import Bar, bars
from bench.result import Goal, Part, Plot, Row, Section, at_most, times_table
from bench.timing import CouldNotMeasure, Subject, Times, measure
from bench.world import BARE, NO_PEER
from kubectl_oidc.sessions.stores import kernel_is_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.world import World

NAMES = {"kernel": "cached, kernel keyring", "disk": "cached, `disk`"}
BOTH = "cached, OS keyring and kernel keyring"
ALONE = "cached, OS keyring alone"

AGAINST_BARE = {storage: at_most(name, BARE, 1.15) for storage, name in NAMES.items()}
AGAINST_PEER = {storage: at_most(name, "kubelogin with its keyring", 1.1) for storage, name in NAMES.items()}
KEYRING_ALONE = Goal(ALONE, BARE, "≤ 8 times, its configuration honoured", 8)

# An OS keyring that its owner has switched off, as the keyring library's own documentation tells.
_CONFIGURATION = "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"

_CONTAINER = (
    "This was measured in what looks like a container. There, the current credential of a session in the OS keyring is not kept "
    "in the kernel keyring too, so that the OS keyring is always alone."
)


class _Signed:
    """Who could sign in, and why the others could not."""

    def __init__(self, world: World) -> None:
        self.subjects: dict[str, Subject] = {}
        self.reasons: dict[str, str] = {}
        self._world = world

    def sign_in(
        self, what: str, name: str, storage: str, *, peer: bool = False, more: Mapping[str, str] | None = None
    ) -> None:
        try:
            scene = self._world.scene(f"cached-{what}", peer=peer, more=more)
            self.subjects[what] = scene.signed_in(name, storage)
        except CouldNotMeasure as error:
            self.reasons[what] = str(error)

    def with_keyring(self, keyring: Mapping[str, str]) -> None:
        if kernel_is_private({}):
            self.sign_in("both", BOTH, "keyring", more=keyring)
        self.sign_in("alone", ALONE, "keyring", more={**keyring, "CI": "1"})  # there it stays alone
        peer = f"{self._world.peer_name}, OS keyring"
        self.sign_in("peer", peer, "keyring", peer=True, more=keyring)

    def without_keyring(self, reason: str) -> None:
        self.reasons |= {"alone": reason, "peer": reason if self._world.peer else NO_PEER}


def _measure(world: World) -> Section:
    signed = _Signed(world)
    for storage, name in NAMES.items():
        signed.sign_in(storage, name, storage)
    signed.sign_in("peer-disk", f"{world.peer_name}, `disk`", "disk", peer=True)
    keyring: Mapping[str, str] = {}
    try:
        keyring = world.ends.enter_context(desktop(world.work / "desktop"))
        signed.with_keyring(keyring)
    except CouldNotMeasure as error:
        signed.without_keyring(str(error))
    by_name = measure([world.bare(), *signed.subjects.values()], world.runs)
    bare = by_name[BARE]
    times = {what: by_name[subject.name] for what, subject in signed.subjects.items()}
    rows = _rows(times, bare, signed.reasons)
    if "alone" in times:
        rows.append(_alone(times["alone"], bare, honoured=_honours_configuration(world, keyring)))
    else:
        rows.append(KEYRING_ALONE.unmeasured(signed.reasons["alone"]))
    text = times_table(by_name, bare) + ("" if kernel_is_private({}) else f"\n\n{_CONTAINER}")
    return Section(rows, text, {"cached": _plot(by_name)})


def _alone(alone: Times, bare: Times, *, honoured: bool) -> Row:
    ratio = alone.wall / bare.wall
    words = "honoured" if honoured else "NOT honoured"
    return KEYRING_ALONE.holds(
        honoured and ratio <= KEYRING_ALONE.most,
        f"{ratio:.2f} times ({alone.wall:.1f} against {bare.wall:.1f} ms), configuration {words}",
    )


def _rows(times: Mapping[str, Times], bare: Times, reasons: Mapping[str, str]) -> list[Row]:
    rows = []
    for storage in NAMES:
        goal = AGAINST_BARE[storage]
        if storage in times:
            one = times[storage]
            rows.append(goal.ratio(one.wall, bare.wall, note=f", {one.cpu - bare.cpu:+.1f} ms of CPU"))
        else:
            rows.append(goal.unmeasured(reasons[storage]))
    for storage in NAMES:
        goal = AGAINST_PEER[storage]
        if storage in times and "peer" in times:
            rows.append(goal.ratio(times[storage].wall, times["peer"].wall))
        else:
            rows.append(goal.unmeasured(reasons.get(storage) or reasons["peer"]))
    return rows


def _honours_configuration(world: World, keyring: Mapping[str, str]) -> bool:
    """Tell whether a person who has switched the OS keyring off finds nothing stored in it."""
    scene = world.scene("cached-configured", more={**keyring, "CI": "1"})
    scene.make()
    directory = scene.home / ".config" / "python_keyring"
    directory.mkdir(parents=True)
    (directory / "keyringrc.cfg").write_text(_CONFIGURATION, encoding="utf-8")
    subject = scene.subject("with a keyring that is switched off", "keyring")
    scene.answer(subject)
    return bool(scene.requests_of(subject))


def _plot(times: Mapping[str, Times]) -> Plot:
    shown = [
        Bar(name.replace("`", ""), one.wall, one.low, one.high, _kind(name)) for name, one in times.items()
    ]
    title = "A cached get-token: milliseconds, median and middle half"
    return Plot(bars(title, shown), "Bars: the median time of a cached call, as in the table above")


def _kind(name: str) -> str:
    if name == BARE:
        return "plain"
    return "first" if name in {*NAMES.values(), BOTH, ALONE} else "second"


PART = Part(
    "cached",
    "A credential that is stored",
    (*AGAINST_BARE.values(), *AGAINST_PEER.values(), KEYRING_ALONE),
    _measure,
)
