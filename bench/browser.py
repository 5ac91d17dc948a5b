"""A browser that costs next to nothing: it goes to the URL, follows where it is sent, and leaves.

It runs as a program of its own, without the rest of the bench: ``browser URL``, and trusts the authority in ``browser.ca``
beside it. The compared programs use the same one, and what it takes is part of both their times.
"""

import socket
import ssl
import sys

MOST = 6  # redirects: to the provider, back to the program, and to its last page
SECONDS = 20


def get(url: str, context: ssl.SSLContext) -> str:
    """Get a URL and return where it leads on, or an empty string."""
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    target = rest.removeprefix(authority).removeprefix("/")
    host, _, port = authority.partition(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = context.wrap_socket(plain, server_hostname=host) if scheme == "https" else plain
        wrapped.sendall(f"GET /{target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer and (chunk := wrapped.recv(65536)):
            answer += chunk
    for line in answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "location":
            location = value.strip()
            return location if "://" in location else f"{scheme}://{authority}{location}"
    return ""


def main() -> None:
    """Go to the URL that is the argument."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(f"{sys.argv[0]}.ca")
    url = sys.argv[-1]
    for _ in range(MOST):
        url = get(url, context)
        if not url:
            return


if __name__ == "__main__":
    main()
