"""A real connection gives each line as soon as its end has come, whichever of the three ends it is."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from sparksim.cluster.network import SocketConnection


class Pair:
    """A connection and the server's end of it. A read that blocks for long fails the test."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.connection = SocketConnection("127.0.0.1", listener.getsockname()[1])
            self.server, _ = listener.accept()
        self.connection._socket.settimeout(10)

    def close(self) -> None:
        self.connection.close()
        self.server.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    pair = Pair()
    yield pair
    pair.close()


def test_a_carriage_return_at_the_end_of_what_has_come_ends_its_line(pair: Pair) -> None:
    pair.server.sendall(b"mac\r")
    assert pair.connection.read() == "mac"


def test_the_line_feed_that_follows_later_is_no_line_of_its_own(pair: Pair) -> None:
    pair.server.sendall(b"windows\r")
    assert pair.connection.read() == "windows"
    pair.server.sendall(b"\nnext\r\n\r\n")
    assert [pair.connection.read() for _ in range(2)] == ["next", ""]


def test_all_line_ends_in_one_piece(pair: Pair) -> None:
    pair.server.sendall(b"unix\nwindows\r\nmac\r\n\r\rend")
    pair.server.shutdown(socket.SHUT_WR)
    assert [pair.connection.read() for _ in range(7)] == ["unix", "windows", "mac", "", "", "end", None]


def test_a_letter_of_several_bytes_may_come_in_pieces(pair: Pair) -> None:
    letter = "你".encode()
    pair.server.sendall(b"a" + letter[:1])
    pair.server.sendall(letter[1:] + b"b\n\xff\n")
    assert [pair.connection.read(), pair.connection.read()] == ["a你b", "\N{REPLACEMENT CHARACTER}"]


def test_other_separators_of_unicode_end_no_line(pair: Pair) -> None:
    pair.server.sendall("a\u2028b\x0bc\x85d\n".encode())
    assert pair.connection.read() == "a\u2028b\x0bc\x85d"


def test_a_long_line_and_many_short_ones(pair: Pair) -> None:
    pair.server.sendall(b"x" * 100_000 + b"\n" + b"y\n" * 1000)
    assert pair.connection.read() == "x" * 100_000
    assert {pair.connection.read() for _ in range(1000)} == {"y"}
