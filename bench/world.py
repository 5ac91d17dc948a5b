"""What all parts of the bench share: the provider and the way to it, the compared programs, and how much is measured."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.demo.authority import Authority
from tools.wheel import PROGRAM

from .provider import Provider
from .relay import Relay
from .scene import Scene, output
from .timing import CouldNotMeasure, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BARE = "the bare interpreter"
OURS = "kubectl-oidc"
NO_PEER = "no peer"
QUICK_RUNS = 20


@dataclass(frozen=True, slots=True)
class World:
    """All that is there for a run of the bench.

    Attributes:
        work: A directory that goes with it.
        programs: The ``bin`` directory of the environment that is measured.
        peer: The program that ours is compared with, where there is one.
        runs: How often a command of some milliseconds is run.
        authority: Who vouches for every server.
        provider: Where everybody signs in.
        relay: What lies between; as near as it can be, unless a part of the bench moves it away.
        ends: What is called at the end.
    """

    work: Path
    programs: Path
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
    def ours(self) -> Path:
        """Our program."""
        return self.programs / PROGRAM

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
        return Subject(BARE, (str(self.programs / "python"), "-c", "pass"), environment)

    def scene(
        self, name: str, *, peer: bool = False, client: str = "", more: Mapping[str, str] | None = None
    ) -> Scene:
        """Return a scene that is not made yet.

        Args:
            name: Of its directory, and of its client unless that is given.
            peer: Whether the other program plays in it.
            client: The client ID.
            more: Further variables.

        Raises:
            CouldNotMeasure: There is no other program.
        """
        program = self.peer if peer else self.ours
        if program is None:
            raise CouldNotMeasure(NO_PEER)
        scene = Scene(
            self.work / name,
            client or f"bench-{name}",
            self.provider,
            self.authority_file,
            program,
            more or {},
        )
        if not peer:
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

    def takes(self, flag: str) -> bool:
        """Tell whether our get-token has this flag."""
        environment = {"HOME": str(self.work), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
        help_ = output(Subject("--help", (str(self.ours), "get-token", "--help"), environment))
        return f"{flag}=" in help_.decode() or f"{flag} " in help_.decode()


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
def world(work: Path, programs: Path, peer: Path | None, runs: int) -> Iterator[World]:
    """Start the provider and what lies before it, and tidy up at the end.

    Args:
        work: An empty directory.
        programs: The ``bin`` directory of the environment that is measured.
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
