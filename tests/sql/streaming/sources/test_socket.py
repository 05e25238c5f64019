"""The socket source: asked as a query asks it, in virtual time and over a real socket."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.cluster.cost import TEACHING
from sparksim.cluster.world import World, living_in
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sim import Replay
from sparksim.sim.network import SimulatedNetwork
from sparksim.sql import SparkSession
from sparksim.sql.chunks import rows_of
from sparksim.sql.streaming.source import SourceContext
from sparksim.sql.streaming.sources.socket import socket_source
from sparksim.sql.types import StringType, StructField, StructType, TimestampType
from sparksim.sql.utils import AnalysisException
from sparksim.trace.events import RecordsLost, Warned

OPTIONS = {"host": "localhost", "port": "9999"}
LINES = [(1, "one"), (1.5, "two"), (2, "three"), (5, "four")]
PATIENCE_S = 20
"""Nothing waits this long unless it is broken."""


class Query:
    """What a query does with its source, step by step."""

    def __init__(self, sc: SparkContext, options: dict[str, str]) -> None:
        self.sc = sc
        self.schema, create = socket_source(options)
        self.source = create(SourceContext(SparkSession.builder.getOrCreate(), "memory://unused"))

    def rows(self, start: int | None, end: int) -> list[tuple[Any, ...]]:
        """Of each partition in turn."""
        chunks = self.source.batch(start, end).collect()
        return [tuple(row) for chunk in chunks for row in rows_of(chunk, self.schema)]

    def latest_at(self, seconds: float) -> Any:
        """The offset at this moment. The query has asked, and so connected, when it began."""
        clock = self.sc._backend.clock
        self.source.latest_offset(None)
        clock.sleep(seconds * 1000 - clock.now_ms)
        return self.source.latest_offset(None)

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a kind."""
        return [event for event in self.sc._backend.trace if isinstance(event, kind)]


Open = Callable[..., Query]


@pytest.fixture
def query() -> Iterator[Open]:
    """`query(lines, includeTimestamp="true")`: on a simulated cluster whose network sends these lines."""

    def make(lines: list[tuple[float, str]] = LINES, **options: str) -> Query:
        sources = {"localhost:9999": Replay(lines)}
        world = World(
            cost=TEACHING, network=lambda clock, seeds, trace: SimulatedNetwork(clock, seeds, trace.append, sources)
        )
        with living_in(world):
            return Query(SparkContext(conf=SparkConf().setMaster("sim[2,2]").setAppName("socket")), OPTIONS | options)

    yield make
    last = SparkContext._active_spark_context
    if last is not None:
        last.stop()


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (OPTIONS, ["value"]),
        (OPTIONS | {"includeTimestamp": "false"}, ["value"]),
        ({"HOST": "localhost", "Port": "9999", "INCLUDETIMESTAMP": "True"}, ["value", "timestamp"]),
    ],
)
def test_there_is_a_column_of_texts_and_one_of_times_if_asked_for(options, names):
    types = {"value": StringType(), "timestamp": TimestampType()}
    assert socket_source(options)[0] == StructType([StructField(name, types[name]) for name in names])


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({}, AnalysisException, r'needs a host: name the server, as option\("host"'),
        ({"port": "9999"}, AnalysisException, r"needs a host"),
        ({"host": "localhost"}, AnalysisException, r"needs a port: name the server's, as option\(\"port\", 9999\)"),
        (OPTIONS | {"port": "x"}, IllegalArgumentError, "port='x': give the number of a port, such as 9999"),
        (OPTIONS | {"includeTimestamp": "maybe"}, AnalysisException, "includeTimestamp='maybe': give \"true\" or"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_loaded(options, error, problem):
    with pytest.raises(error, match=problem):
        socket_source(options)


# --- lines ------------------------------------------------------------------------------------------------------------


def test_offsets_are_numbers_of_lines_and_a_first_batch_is_empty(query):
    lines = query()
    assert [lines.latest_at(seconds) for seconds in (0, 0.9, 1.1, 3)] == [-1, -1, 0, 2]
    assert lines.rows(None, -1) == []
    assert lines.rows(-1, 2) == [("one",), ("two",), ("three",)]
    assert lines.rows(0, 1) == [("two",)]
    assert lines.source.description == "TextSocketV2[host: localhost, port: 9999]"


def test_lines_are_dealt_out_over_the_partitions(query):
    lines = query([(0.1, str(number)) for number in range(6)])
    lines.latest_at(1)
    assert lines.source.batch(-1, 5).getNumPartitions() == 4
    assert lines.rows(-1, 5) == [("0",), ("4",), ("1",), ("5",), ("2",), ("3",)]


def test_a_timestamp_is_when_the_line_came(query):
    lines = query(includeTimestamp="true")
    lines.latest_at(2.5)
    assert lines.rows(0, 2) == [
        ("two", dt.datetime(1970, 1, 1, 0, 0, 1, 500_000)),
        ("three", dt.datetime(1970, 1, 1, 0, 0, 2)),
    ]


def test_what_is_done_is_forgotten_and_a_batch_may_be_read_twice_before(query):
    lines = query()
    lines.latest_at(3)
    assert lines.rows(-1, 1) == lines.rows(-1, 1) == [("one",), ("two",)]
    lines.source.commit(1)
    assert lines.rows(1, 2) == [("three",)]


def test_a_frozen_source_goes_no_further(query):
    lines = query()
    lines.latest_at(1.7)
    lines.source.freeze()
    assert lines.latest_at(6) == 1


# --- what breaks ------------------------------------------------------------------------------------------------------


def test_a_refused_connection_is_an_error_of_the_query(query):
    lines = query(port="1")
    with pytest.raises(ConnectionRefusedError, match="nobody listens on localhost:1"):
        lines.source.latest_offset(None)


def test_a_server_that_hangs_up_is_a_warning(query):
    lines = query()
    lines.latest_at(1.7)
    backend = lines.sc._backend
    backend.clock.call(backend.network.take_down, "localhost:9999", float("inf"))
    assert lines.latest_at(6) == 1
    assert lines.rows(-1, 1) == [("one",), ("two",)]
    (warned,) = lines.of(Warned)
    assert warned.message == "Stream closed by localhost:9999: its query goes on, without new lines"


def test_lines_in_no_batch_are_lost_when_the_query_ends(query):
    lines = query()
    lines.latest_at(3)
    lines.rows(-1, 0)
    lines.source.stop()
    lines.source.stop()
    (lost,) = lines.of(RecordsLost)
    assert lost.reason == "read by a socket source and in no batch when the query ended"
    assert (lost.count, lost.origins) == (2, (("localhost:9999", 1, 2),))


def test_lines_of_an_earlier_run_are_lost_and_named(query):
    lines = query()
    lines.latest_at(1.2)
    assert lines.rows(4, 6) == []
    (warned,) = lines.of(Warned)
    assert warned.message == (
        "2 of the lines 5 to 6 of localhost:9999 are lost: an earlier run of the query read them, and a socket cannot "
        "be asked again"
    )


def test_a_query_that_goes_on_from_a_checkpoint_with_lines_dies_as_in_spark(query):
    lines = query()
    assert lines.latest_at(1.2) == 0
    lines.source.commit(8)
    (lost,) = lines.of(RecordsLost)
    assert (lost.count, lost.origins) == (1, (("localhost:9999", 0, 0),))
    with pytest.raises(
        IllegalStateError, match=r"Offsets committed out of order: 8 followed by 0\. .* with a new check"
    ):
        lines.source.commit(0)


# --- over a real socket -----------------------------------------------------------------------------------------------


def test_a_partial_line_waits_for_its_end():
    with SparkContext("local[2]", "socket") as sc, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        lines = Query(sc, {"host": "127.0.0.1", "port": str(listener.getsockname()[1])})
        assert lines.source.latest_offset(None) == -1
        connection, _ = listener.accept()
        arrived = threading.Event()
        keep = lines.source._keep

        def tell(*args: Any) -> None:
            keep(*args)
            arrived.set()

        lines.source._keep = tell
        with connection:
            connection.sendall("né\r\npart".encode())
            assert arrived.wait(PATIENCE_S)
            assert lines.source.latest_offset(-1) == 0
            arrived.clear()
            connection.sendall(b"ial\n")
            assert arrived.wait(PATIENCE_S)
        assert lines.source.latest_offset(0) == 1
        assert lines.rows(-1, 1) == [("né",), ("partial",)]
        lines.source.stop()
