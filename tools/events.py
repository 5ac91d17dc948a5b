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

With `--log-format=json` (or `KUBECTL_OIDC_LOG_FORMAT=json`) the log of `-v` is one JSON object a line on standard error, so that a fleet can collect why sign-ins fail:

```sh
kubectl oidc-login status -v 1 --log-format=json
```

```json
{"time": "2026-11-29T08:00:00.000Z", "level": 1, "event": "token-request", "message": "token request: refresh_token, client authentication none"}
{"time": "2026-11-29T08:00:00.412Z", "level": 0, "event": "error", "message": "the provider refuses the token request (invalid_client)", "hint": "…", "topic": "provider-refused", "code": "invalid_client", "status": 1}
```

- `time` is in UTC (RFC 3339), with milliseconds. `level` is that of `-v`; `event` is one of the names below; `message` is for people.
- A command that fails logs `error` at every level, without `-v` too. `topic` is the heading in [troubleshooting](troubleshooting.md), `status` the exit status, `code` the OAuth error
  code if the provider sent one. The lines `error:` and `hint:` stay as they are, because somebody may read them.
- No event has a secret, at no level. Messages name issuers, hosts, files and the person's account: treat the log as personal data.
- The names of the events and members are [stable](stability.md); more of both may come. Messages may change.
- Lines that do not begin with `{` are words for the person: the reason for a sign-in, an address to open, a warning.
- A cached answer logs nothing: a command with `-v` is not answered from the cache, so use `-v` only where you need it. Without `-v` the flag costs nothing.

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
    rows: dict[tuple[str, int], list[str]] = {}
    for event in events():
        rows.setdefault((event.name, event.level), []).append(event.message)
    lines = ["| event | level | message |", "|---|---|---|"]
    for (name, level), messages in rows.items():
        said = "; ".join(message for message in messages if message) or "in words"
        lines.append(f"| `{name}` | {level} | {said.replace('|', chr(92) + '|').replace('<', '&lt;')} |")
    return _HEAD + "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
