"""Answers that are no documents, for any endpoint that should give one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.hostile import gzip_bomb, hang_up, html_reply, json_reply, raw, reply, reset

if TYPE_CHECKING:
    from tests.hostile import Script

MEGABYTE = 1 << 20

BROKEN: dict[str, tuple[Script, str]] = {
    "a web page with status 200": (html_reply(), "is a web page"),
    "a web page that is called JSON": (reply(200, b"<html>SECRET-BODY</html>"), "is invalid JSON"),
    "broken JSON": (reply(200, b'{"a": SECRET-BODY'), "is invalid JSON"),
    "nothing at all": (reply(200, b""), "is empty"),
    "a JSON list": (json_reply([1]), "not an object"),
    "JSON nested 100,000 deep": (reply(200, b'{"a":' * 100_000), "nested too deeply"),
    "bytes that are not UTF-8": (reply(200, b'{"a": "\xff\xfe"}'), "is not UTF-8"),
    "UTF-16": (reply(200, '{"a": 1}'.encode("utf-16")), "is not UTF-8"),
    "a member twice": (reply(200, b'{"issuer": "a", "issuer": "b"}'), "names a member twice"),
    "NaN": (reply(200, b'{"a": NaN}'), "a number that JSON does not allow"),
    "plain text": (reply(200, b"SECRET-BODY", kind="text/plain"), "is not JSON"),
    "more than a megabyte": (reply(200, json.dumps({"a": "x" * MEGABYTE}).encode()), "larger than 1 MB"),
    "a gzip bomb of 200 MB": (gzip_bomb(200 * MEGABYTE), "larger than 1 MB"),
    "something that is not HTTP": (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "HTTP"),
    "an answer that is cut off": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"),
        "cut the connection",
    ),
    "a connection that is closed": (hang_up, "cut the connection"),
    "a connection that is reset": (reset, "cut the connection"),
}

IN_BOTH = ("a web page with status 200", "a connection that is closed")
"""Those that are tried in a refresh, too, where the document is not what a refresh is about."""
