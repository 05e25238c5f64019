"""The Streaming page's server: what it shows is what the trace says, and whom it answers."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.trace import Trace
from sparksim.ui import StreamingServer
from sparksim.ui.server import is_own_name
from sparksim.viz.streaming_status import StreamingStatus
from sparksim.viz.streaming_view import streaming_view
from tests.trace.small import small_trace


@pytest.fixture
def server() -> Iterator[StreamingServer]:
    serving = StreamingServer(port=0)
    yield serving
    serving.close()


def get(
    url: str, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, str, http.client.HTTPMessage]:
    """Status, text and headers of an answer."""
    try:
        with urlopen(Request(url, method=method, headers=dict(headers or {})), timeout=20) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except HTTPError as refused:
        return refused.code, refused.read().decode(), refused.headers


def data_url(server: StreamingServer) -> str:
    return server.url.replace("/?", "/data?")


def test_the_page_shows_the_trace_as_it_grows(server: StreamingServer) -> None:
    trace = Trace()
    server.follow(trace)
    assert json.loads(get(data_url(server))[1])["started_ms"] is None
    whole = small_trace()
    for number, event in enumerate(whole, start=1):
        trace.append(event)
        if number in (14, len(whole)):
            expected = streaming_view(StreamingStatus.of(trace), live=True)
            assert json.loads(get(data_url(server))[1]) == json.loads(json.dumps(expected))


def test_the_page_asks_for_its_data_and_may_do_nothing_else(server: StreamingServer) -> None:
    status, text, headers = get(server.url)
    assert (status, headers.get_content_type()) == (200, "text/html")
    assert '<script type="application/json" id="view"></script>' in text
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 403),
        ("/?token=", 403),
        ("/?token=wrong", 403),
        ("/data", 403),
        ("/data?token=wrong", 403),
        ("/?token={token}", 200),
        ("/data?token={token}", 200),
        ("/?token=wrong&token={token}", 403),
        ("/../?token={token}", 404),
        ("/data/?token={token}", 404),
        ("/chart.js?token={token}", 404),
    ],
)
def test_who_has_no_token_is_refused_and_there_is_nothing_but_the_page(
    server: StreamingServer, path: str, status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("GET", path.format(token=server.token))
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_get_is_allowed(server: StreamingServer, method: str) -> None:
    status, _, headers = get(server.url, method)
    assert (status, headers["Allow"]) == (405, "GET")


@pytest.mark.parametrize("host", ["evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "10.0.0.1:{port}"])
def test_a_page_that_points_its_own_name_here_is_refused(server: StreamingServer, host: str) -> None:
    status, text, _ = get(server.url, headers={"Host": host.format(port=server.port)})
    assert (status, text) == (403, "this name is not one of this server's\n")


@pytest.mark.parametrize(
    ("name", "host", "own"),
    [
        ("localhost:4040", "127.0.0.1", True),
        ("LOCALHOST:4040", "127.0.0.1", True),
        ("[::1]:4040", "::1", True),
        ("192.168.1.5:4040", "127.0.0.1", False),
        ("192.168.1.5:4040", "0.0.0.0", True),
        ("box.example:4040", "0.0.0.0", False),
        ("box.example:4040", "box.example", True),
        ("127.0.0.1:4041", "127.0.0.1", False),
    ],
)
def test_names_that_a_server_goes_by(name: str, host: str, own: bool) -> None:
    assert is_own_name(name, host, 4040) is own


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "box.example", ""])
def test_an_address_that_others_can_reach_is_refused_unless_it_is_meant(host: str) -> None:
    with pytest.raises(IllegalArgumentError, match=r"can be reached by other machines: use 127.0.0.1, or say exposed"):
        StreamingServer(host, 0)


def test_an_address_that_is_meant_is_served() -> None:
    serving = StreamingServer("0.0.0.0", 0, exposed=True)
    try:
        assert serving.url.startswith(f"http://127.0.0.1:{serving.port}/?token=")
        assert get(serving.url)[0] == 200
    finally:
        serving.close()


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            IllegalArgumentError,
            match=rf"cannot be at 127.0.0.1, port {port}: Address already in use; give another one",
        ):
            StreamingServer(port=port)


def test_two_servers_have_two_tokens_and_a_closed_one_answers_no_more() -> None:
    first, second = StreamingServer(port=0), StreamingServer(port=0)
    assert first.token != second.token
    assert len(first.token) >= 32
    first.close()
    with pytest.raises(OSError, match=r"refused"):
        socket.create_connection(("127.0.0.1", first.port), timeout=5)
    second.close()


def test_a_client_that_says_nothing_keeps_nobody_waiting(server: StreamingServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        assert get(server.url)[0] == 200


def test_nothing_is_written_to_the_terminal(server: StreamingServer, capfd: pytest.CaptureFixture[str]) -> None:
    get(server.url)
    get(f"http://127.0.0.1:{server.port}/")
    assert capfd.readouterr() == ("", "")


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="lang='fr'"):
        StreamingServer(port=0, lang="fr")
