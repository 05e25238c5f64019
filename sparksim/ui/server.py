"""Serves the Streaming page of a live program (Spark: SparkUI), and nothing else.

It hears the trace as a subscriber, under a lock that is held for a moment only, and answers on threads of its own; so
it never makes the program wait. Who may ask: this machine, unless another address was asked for; with the token that
is in the address printed at the start; and not a page of somebody else that has pointed its own name here.
"""

from __future__ import annotations

import json
import secrets
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socket import AF_INET, AF_INET6, AddressFamily
from urllib.parse import parse_qs, urlsplit

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import language
from sparksim.trace.events import Event
from sparksim.trace.trace import Trace
from sparksim.viz.streaming_page import page_html, page_policy
from sparksim.viz.streaming_status import RETAINED_BATCHES, StreamingStatus
from sparksim.viz.streaming_view import streaming_view

LOOPBACK = "127.0.0.1"
PORT = 4040
"""Where Spark's own page is."""

PATIENCE_S = 10
"""A client that says nothing for so long is hung up on."""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class StreamingServer:
    """The page of whatever program was given to `follow` last. It answers from the making until `close`.

    `host` is an address of this machine; any but a loopback one is refused unless `exposed` says that it is meant, for
    whoever reaches it and has the token sees the program's data. With port 0 any free one is taken. Raises
    `IllegalArgumentError` for such a host, for one that is no address of this machine, and for a port in use.
    """

    def __init__(
        self, host: str = LOOPBACK, port: int = PORT, *, exposed: bool = False, lang: str | None = None
    ) -> None:
        self._lang = language(lang)
        if not is_loopback(host) and not exposed:
            raise IllegalArgumentError(
                f"host={host!r} can be reached by other machines: use 127.0.0.1, or say exposed=True if that is meant"
            )
        self.token = secrets.token_urlsafe(24)
        self._lock = threading.Lock()
        self._status = StreamingStatus()
        self._server = _listen(host, port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, name="streaming-page", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """The page's address, with the token."""
        host = str(self._server.server_address[0])
        shown = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.port}/?token={self.token}"

    def follow(self, trace: Trace, retained: int = RETAINED_BATCHES) -> None:
        """Show the program that is about to write this trace, with its last `retained` batches."""
        status = StreamingStatus.of(trace, retained)
        with self._lock:
            self._status = status
        trace.subscribe(partial(self._hear, status))

    def close(self) -> None:
        """No more answers."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _hear(self, status: StreamingStatus, event: Event) -> None:
        with self._lock:
            status.add(event)

    def page(self) -> bytes:
        """The page, which asks for its data."""
        return page_html(None, lang=self._lang).encode()

    def data(self) -> bytes:
        """What is on the page now, as JSON."""
        with self._lock:
            status = self._status.copy()
        return json.dumps(streaming_view(status, self._lang, live=True), allow_nan=False).encode()


class _Server(ThreadingHTTPServer):
    """Listens for one page."""

    daemon_threads = True
    allow_reuse_address = True
    page: StreamingServer
    own_host: str

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away in the midst of an answer is nobody's trouble."""


class _Handler(BaseHTTPRequestHandler):
    """One request. What is wrong with it is said in the order: whose name, which method, whose token, which path."""

    server: _Server
    timeout = PATIENCE_S
    server_version = "sparksim"
    sys_version = ""

    def do_GET(self) -> None:
        page = self.server.page
        asked = urlsplit(self.path)
        [token, *_] = parse_qs(asked.query).get("token", [""])
        if not is_own_name(self.headers.get("Host", ""), self.server.own_host, page.port):
            self._answer(HTTPStatus.FORBIDDEN, b"this name is not one of this server's\n")
        elif not secrets.compare_digest(token.encode(), page.token.encode()):
            self._answer(HTTPStatus.FORBIDDEN, b"the token is missing or wrong: use the address that was printed\n")
        elif asked.path == "/":
            self._answer(HTTPStatus.OK, page.page(), "text/html; charset=utf-8")
        elif asked.path == "/data":
            self._answer(HTTPStatus.OK, page.data(), "application/json")
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"there is only / and /data\n")

    def refuse(self) -> None:
        """Any method but GET."""
        self._answer(HTTPStatus.METHOD_NOT_ALLOWED, b"" if self.command == "HEAD" else b"only GET\n")

    do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = do_CONNECT = refuse

    def _answer(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", f"{page_policy(asks=True)}; frame-ancestors 'none'")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing: the terminal belongs to the program, and addresses hold the token."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_own_name(name: str, host: str, port: int) -> bool:
    """Whether a request's Host header is one that this server goes by.

    A page elsewhere can make its own name lead here (DNS rebinding), but not change the name that a browser then sends.
    So a number is fine where the server listens for other machines, and a name only if it is the one it was given.
    """
    asked, _, number = name.rpartition(":")
    if number != str(port):
        return False
    bare = asked.removeprefix("[").removesuffix("]").lower()
    if bare in ("localhost", host.lower()):
        return True
    try:
        address = ip_address(bare)
    except ValueError:
        return False
    return address.is_loopback or not is_loopback(host)


def _listen(host: str, port: int, page: StreamingServer) -> _Server:
    family: AddressFamily = AF_INET6 if ":" in host else AF_INET
    server_class = type("_Server", (_Server,), {"address_family": family})
    try:
        server: _Server = server_class((host, port), _Handler)
    except (OSError, OverflowError) as error:
        raise IllegalArgumentError(
            f"the Streaming page cannot be at {host}, port {port}: {getattr(error, 'strerror', None) or error}; give "
            "another one (--ui-port N; 0 takes any free port)"
        ) from None
    server.page, server.own_host = page, host
    return server
