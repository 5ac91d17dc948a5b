"""What all parts of the bench share: the provider and the way to it, the compared programs, and how much is measured."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from kubectl_oidc.demo.authority import Authority
from tools.wheel import PROGRAM

from .provider import Provider
from .relay import Relay
from .scene import Scene
from .timing import NO_PEER, CouldNotMeasure, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Key = Literal["ours", "pure", "peer"]

BARE = "the bare interpreter"
OURS = "kubectl-oidc"
PURE = "kubectl-oidc, pure wheel"
QUICK_RUNS = 20


class Side(NamedTuple):
    """A program that is measured.

    Attributes:
        key: ``ours`` (the bundle), ``pure`` or ``peer``.
        name: What the tables call it.
        program: Its path.
    """

    key: Key
    name: str
    program: Path


class Programs(NamedTuple):
    """Two installations of ours, each a ``bin`` directory.

    Attributes:
        bundle: Of the bundle, which has the launcher and a Python of its own.
        pure: Of an environment with the pure wheel.
    """

    bundle: Path
    pure: Path


@dataclass(frozen=True, slots=True)
class World:
    """All that is there for a run of the bench.

    Attributes:
        work: A directory that goes with it.
        programs: The ``bin`` directories of the two environments that are measured.
        peer: The program that ours is compared with, where there is one.
        runs: How often a command of some milliseconds is run.
        authority: Who vouches for every server.
        provider: Where everybody signs in.
        relay: What lies between; as near as it can be, unless a part of the bench moves it away.
        ends: What is called at the end.
    """

    work: Path
    programs: Programs
    peer: Path | None
    runs: int
    authority: Authority
    provider: Provider
    relay: Relay
    ends: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def few(self) -> int:
        """How often a command of some hundred milliseconds is run."""
        return max(3, self.runs // 10)

    @property
    def sides(self) -> Sequence[Side]:
        """What is compared: the bundle, the pure wheel and the other program, if there is one."""
        ours = Side("ours", OURS, self.programs.bundle / PROGRAM)
        pure = Side("pure", PURE, self.programs.pure / PROGRAM)
        return [ours, pure, *([Side("peer", self.peer.name, self.peer)] if self.peer else [])]

    @property
    def peer_name(self) -> str:
        """What the tables call the program that ours is compared with."""
        return self.peer.name if self.peer else NO_PEER

    @property
    def authority_file(self) -> Path:
        """The file with the authority's certificate."""
        return self.work / "ca.crt"

    def bare(self) -> Subject:
        """Return the interpreter that does nothing."""
        environment = {"HOME": str(self.work), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        return Subject(BARE, (str(self.programs.pure / "python"), "-c", "pass"), environment)

    def scene(
        self,
        name: str,
        side: Side,
        *,
        client: str = "",
        more: Mapping[str, str] | None = None,
        files_only: bool = False,
    ) -> Scene:
        """Return a scene that is not made yet.

        Args:
            name: Of its directory and its client, each with the side's key.
            side: Whose program plays in it.
            client: The client ID, if it is another.
            more: Further variables.
            files_only: Whether nothing is stored but files, which go with the directory.
        """
        name = f"{name}-{side.key}"
        scene = Scene(
            self.work / name,
            client or f"bench-{name}",
            self.provider,
            self.authority_file,
            side.program,
            more or {},
        )
        if side.key != "peer" and not files_only:
            self.ends.callback(_purge, scene)
        return scene

    @contextlib.contextmanager
    def distance(self, milliseconds: int) -> Iterator[None]:
        """Move the provider as far away as this round trip, inside the block."""
        self.relay.round_trip = milliseconds / 1e3
        try:
            yield
        finally:
            self.relay.round_trip = 0.0


def _purge(scene: Scene) -> None:
    """Remove what may rest in the kernel keyring, which outlives every directory."""
    if scene.home.exists():
        subprocess.run(
            [str(scene.program), "purge", "--all"],
            env=scene.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )


@contextlib.contextmanager
def world(work: Path, programs: Programs, peer: Path | None, runs: int) -> Iterator[World]:
    """Start the provider and what lies before it, and tidy up at the end.

    Args:
        work: An empty directory.
        programs: The ``bin`` directories of the two environments that are measured.
        peer: The program that ours is compared with, where there is one.
        runs: How often a command of some milliseconds is run.
    """
    authority = Authority()
    relay = Relay()
    provider = Provider(authority.server_context(), relay.port)
    with provider, relay.to(provider.port):
        made = World(work, programs, peer, runs, authority, provider, relay)
        authority.write(made.authority_file)
        with made.ends:
            yield made


def peer_of(command: str | None) -> Path | None:
    """Return the program that ours is compared with: the one that is named, or a kubelogin on PATH.

    Raises:
        CouldNotMeasure: The one that is named is not there.
    """
    found = shutil.which(command or "kubelogin")
    if command and not found:
        raise CouldNotMeasure(f"there is no program {command}")
    return Path(found).absolute() if found else None
