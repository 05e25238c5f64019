"""Real sockets: lines in, whatever their ends; closing ends a blocked read. And the network without listeners."""

import socket
import threading

import pytest

from sparksim.cluster.network import LiveNetwork
from sparksim.cluster.world import SilentNetwork


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def connected(server):
    """A connection, and the other end of it."""
    connection = LiveNetwork().connect("127.0.0.1", server.getsockname()[1], stream_id=0)
    return connection, server.accept()[0]


def test_lines_end_as_in_java_and_the_last_needs_no_end(server):
    connection, other = connected(server)
    other.sendall("one\ntwo\r\nthree\rvier €\n\nlast".encode())
    other.close()
    assert [connection.read() for _ in range(7)] == ["one", "two", "three", "vier €", "", "last", None]
    assert connection.origin is None
    connection.close()


def test_bytes_that_are_no_text_are_replaced(server):
    connection, other = connected(server)
    other.sendall(b"a\xffb\n")
    other.close()
    assert connection.read() == "a\ufffdb"
    connection.close()


def test_closing_ends_a_blocked_read(server):
    connection, other = connected(server)
    read = []
    reader = threading.Thread(target=lambda: read.append(connection.read()))
    reader.start()
    connection.close()
    connection.close()
    reader.join()
    assert read == [None]
    assert connection.closed
    assert connection.read() is None
    other.close()


def test_a_connection_that_breaks_is_an_error(server):
    connection, other = connected(server)
    other.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    other.close()  # with a reset
    with pytest.raises(ConnectionResetError):
        connection.read()
    connection.close()


def test_nobody_listening_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        LiveNetwork().connect("127.0.0.1", port, stream_id=0)


def test_the_simulated_network_without_sources_says_how_to_make_one():
    with pytest.raises(ConnectionRefusedError) as error:
        SilentNetwork().connect("localhost", 9999, 0)
    assert str(error.value) == (
        "nobody listens on localhost:9999 in the simulated network. Give the simulation a source there: "
        'Simulation(..., network={"localhost:9999": Constant(rate=10, record="...")}) or '
        "sparksim run --source localhost:9999=constant:10"
    )
