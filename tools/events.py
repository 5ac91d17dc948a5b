"""Write docs/events.md: every event that `-v` logs, by its name, from the source.

`python -m tools.events` (part of `make pages`) writes it, and a test holds the page against the source, and the names against
tests/stable.toml.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

from kubectl_oidc.system.failure_events import EVENTS

from .messages import PACKAGE, ROOT, words_of

PAGE = ROOT / "docs" / "events.md"

_HEAD = """# Events

<!-- Written by `make pages` from the source. -->

With `--log-format=json` (or `KUBECTL_OIDC_LOG_FORMAT=json`), `-v` writes one JSON object per line to standard error. A fleet can collect these lines to find out why sign-ins fail:

```sh
kubectl oidc-login status -v 1 --log-format=json
```

```json
{"time": "2026-11-29T08:00:00.000Z", "level": 1, "event": "token-request", "message": "token request: refresh_token, client authentication none"}
{"time": "2026-11-29T08:00:00.412Z", "level": 0, "event": "error", "message": "the provider refuses the token request (invalid_client)", "hint": "…", "topic": "provider-refused", "code": "invalid_client", "status": 1}
```

- `time` is in UTC (RFC 3339), with milliseconds. `level` is the level of `-v`, `event` is one of the names below, and `message` is for people.
- A command that fails logs `error`, even without `-v`. `topic` is the topic in [troubleshooting](troubleshooting.md), `status` is the exit status, and `code` is the OAuth error
  code, if the provider sent one. The lines `error:` and `hint:` are printed too, because a person may read them.
- No event contains a secret, at any level. Messages name issuers, hosts, files and the person's account, so treat the log as personal data.
- The names of events and members are [stable](stability.md). New ones may be added. Messages may change. An event with several messages has a row for each.
- Lines that do not begin with `{` are for the person: the reason for a sign-in, an address to open, a warning.
- A cached answer logs nothing. With `-v` no command is answered from the cache, so use `-v` only if you need it. Without `-v`, `--log-format` has no cost.
- A [settings file](how-to-policy.md) can set `v` and `log-format` for every command of a machine. Commands are then still answered from the cache, and such answers are not logged.

"""


class Event(NamedTuple):
    """An event at one place of the source.

    Attributes:
        message: What it says, with braces where something is filled in.
    """

    name: str
    level: int
    message: str


def events() -> list[Event]:
    """Return the events in the order of their names."""
    found = [Event(name, 9 if name == "trace" else 0, what) for name, what in EVENTS.items()]
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                not isinstance(node, ast.Call)
                or not isinstance(node.func, ast.Attribute)
                or node.func.attr != "info"
            ):
                continue
            level, name, message = node.args
            assert isinstance(level, ast.Constant), ast.unparse(node)  # noqa: S101 - a name that is no literal cannot be documented
            assert isinstance(name, ast.Constant), ast.unparse(node)  # noqa: S101 - the same
            found.append(Event(str(name.value), int(str(level.value)), words_of(message)))
    return sorted(set(found))


def page() -> str:
    """Return the page's text."""
    lines = ["| event | level | message |", "|---|---|---|"]
    for event in events():
        message = event.message.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| `{event.name}` | {event.level} | {message} |")
    return _HEAD + "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
