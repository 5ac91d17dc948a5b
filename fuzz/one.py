"""Fuzz one target in this process: ``python -m fuzz.one TARGET CORPUS [libFuzzer's flags]``."""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["kubectl_oidc"]):
    from .targets import TARGETS

    for _target in TARGETS.values():
        for _seed in _target.seeds:
            _target.run(_seed)  # imports what functions import

if __name__ == "__main__":
    name, corpus, *flags = sys.argv[1:]
    atheris.Setup([sys.argv[0], corpus, *flags], TARGETS[name].run)
    atheris.Fuzz()
