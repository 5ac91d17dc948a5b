"""A good credential that is already stored: the usual call."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bench.desktop import desktop
from bench.plot import Bar, bars
from bench.result import Goal, Part, Plot, Row, Section, at_most, times_table
from bench.timing import CouldNotMeasure, Subject, Times, measure
from bench.world import BARE
from kubectl_oidc.sessions.stores import kernel_is_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.world import Key, Side, World

STORES = {"kernel": "kernel keyring", "disk": "`disk`", "keyring": "OS keyring"}
KERNEL, FILES, ALONE = "cached, kernel keyring", "cached, `disk`", "cached, only an OS keyring"

# What is measured, and what it is held against: a side and its store. None is the bare interpreter.
GOALS = {
    at_most(KERNEL, "kubelogin, `disk`", 0.35): ("ours kernel", "peer disk"),
    at_most(FILES, "kubelogin, `disk`", 0.35): ("ours disk", "peer disk"),
    at_most(ALONE, "kubelogin with its keyring", 1.5): ("ours keyring", "peer keyring"),
    at_most(KERNEL, BARE, 1.15, pure=True): ("pure kernel", None),
    at_most(FILES, BARE, 1.15, pure=True): ("pure disk", None),
    at_most(KERNEL, "kubelogin with its keyring", 1.1, pure=True): ("pure kernel", "peer keyring"),
    at_most(FILES, "kubelogin with its keyring", 1.1, pure=True): ("pure disk", "peer keyring"),
    at_most(ALONE, BARE, 8, pure=True): ("pure keyring", None),
}
HONOURED: Mapping[Key, Goal] = {
    key: Goal("an OS keyring that is turned off", "its configuration", "honoured", pure=key == "pure")
    for key in cast("tuple[Key, ...]", ("ours", "pure"))
}

# As the keyring library's own documentation tells.
_SWITCHED_OFF = "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"

_CONTAINER = (
    "This was measured in an environment that looks like a container. There, the kernel keyring does not store the current credential of "
    "a session in the OS keyring, so each call reads the OS keyring."
)


class _Signed:
    """Who could sign in, and why the others could not; by the side's key and the store."""

    def __init__(self) -> None:
        self.subjects: dict[str, Subject] = {}
        self.reasons: dict[str | None, str] = {}

    def sign_in(self, world: World, side: Side, store: str, more: Mapping[str, str]) -> None:
        what = f"{side.key} {store}"
        try:
            scene = world.scene(f"cached-{store}", side, more=more)
            self.subjects[what] = scene.signed_in(f"{side.name}, {STORES[store]}", store)
        except CouldNotMeasure as error:
            self.reasons[what] = str(error)


def _measure(world: World) -> Section:
    signed = _Signed()
    keyring: dict[str, str] = {"CI": "1"}  # there the OS keyring stays alone
    reason = ""
    try:
        keyring |= world.ends.enter_context(desktop(world.work / "desktop"))
    except CouldNotMeasure as error:
        reason = str(error)
    for store in STORES:
        for side in world.sides:
            if store == "keyring" and reason:
                signed.reasons[f"{side.key} {store}"] = reason
            elif (store, side.key) != ("kernel", "peer"):
                signed.sign_in(world, side, store, keyring if store == "keyring" else {})
    by_name = measure([world.bare(), *signed.subjects.values()], world.runs)
    times = {what: by_name[subject.name] for what, subject in signed.subjects.items()}
    rows = [_row(goal, *whose, times, by_name[BARE], signed.reasons) for goal, whose in GOALS.items()]
    for side in world.sides:
        if side.key in HONOURED:
            goal = HONOURED[side.key]
            rows.append(goal.unmeasured(reason) if reason else _honours(world, side, goal, keyring))
    text = times_table(by_name, by_name[BARE]) + ("" if kernel_is_private({}) else f"\n\n{_CONTAINER}")
    return Section(rows, text, {"cached": _plot(times, by_name)})


def _row(
    goal: Goal,
    what: str,
    against: str | None,
    times: Mapping[str, Times],
    bare: Times,
    reasons: Mapping[str | None, str],
) -> Row:
    for one in (what, against):
        if one in reasons:
            return goal.unmeasured(reasons[one])
    ours = times[what]
    if against is None:
        return goal.ratio(ours.wall, bare.wall, note=f", {ours.cpu - bare.cpu:+.1f} ms of CPU")
    return goal.ratio(ours.wall, times[against].wall if against in times else None)


def _honours(world: World, side: Side, goal: Goal, keyring: Mapping[str, str]) -> Row:
    """Tell whether a person who has switched the OS keyring off finds nothing stored in it."""
    scene = world.scene("cached-configured", side, more=keyring)
    scene.make()
    directory = scene.home / ".config" / "python_keyring"
    directory.mkdir(parents=True)
    (directory / "keyringrc.cfg").write_text(_SWITCHED_OFF, encoding="utf-8")
    subject = scene.subject(f"{side.name} with a keyring that is turned off", "keyring")
    scene.answer(subject)
    honoured = bool(scene.requests_of(subject))
    return goal.holds(honoured, "honoured" if honoured else "NOT honoured")


def _plot(times: Mapping[str, Times], by_name: Mapping[str, Times]) -> Plot:
    kinds = {id(one): what.split()[0] for what, one in times.items()}
    shown = [
        Bar(name.replace("`", ""), one.wall, one.low, one.high, kinds.get(id(one), "bare"))
        for name, one in by_name.items()
    ]
    title = "A cached get-token: milliseconds, median and middle half"
    return Plot(bars(title, shown), "Bars: the median time of a cached call, as in the table above")


PART = Part("cached", "A credential that is stored", (*GOALS, *HONOURED.values()), _measure)
