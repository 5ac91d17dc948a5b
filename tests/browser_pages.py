"""The pages that the browser shows at the end of a sign-in, served as they are: for pictures and for the linter."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from kubectl_oidc.loopback.authorization_response import RejectedRequest
from kubectl_oidc.loopback.pages import Failed, SignedIn, already_answered_page, final_page, rejection_page
from kubectl_oidc.oidc.token_response import ACCESS_DENIED_HINT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kubectl_oidc.loopback.connection import Reply

NOON = 1_773_057_600.0  # 2026-03-09 12:00 UTC

PAGES: Mapping[str, Reply] = {
    "signed-in": final_page(
        SignedIn("ada@corp.example", NOON + 3600, "https://corp.okta.example/oauth2/aus1"), now=NOON
    ),
    "failed": final_page(
        Failed(
            "the provider refused the sign-in with access_denied: User is not assigned to the client application.",
            ACCESS_DENIED_HINT,
        ),
        now=NOON,
    ),
    "timed-out": final_page(
        Failed(
            "nobody finished the sign-in within 180 s",
            "try again; if the browser showed an error, check --oidc-client-id 0oa1kubernetes and register "
            "the redirect URI http://localhost:8000 for it; for more time, raise --authentication-timeout-sec",
            timed_out=True,
        ),
        now=NOON,
    ),
    "already-done": already_answered_page(),
    "over": rejection_page(
        RejectedRequest(
            403,
            "this tab belongs to an earlier sign-in",
            is_outdated=True,
        )
    ),
}


@contextmanager
def served() -> Iterator[str]:
    """Serve each page at its name, with its own headers; yield the origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply = PAGES.get(self.path.lstrip("/"))
            if reply is None:
                self.send_error(404)
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
