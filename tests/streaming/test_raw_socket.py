"""Blocks that a server has packed itself: stored as they come, with no block generator between."""

from __future__ import annotations

import pickle
import socket
import struct
import threading

import pytest

from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.streaming.raw_socket import BlockSocket
from sparksim.trace.events import BlockAdded, ReceiverStarted, ReceiverStopped, StreamingStopped

ADDRESS = "localhost:9999"


def framed(records):
    data = pickle.dumps(records)
    return struct.pack(">i", len(data)) + data


def serve(data, hold=None):
    """The port of a server that sends `data` to its first caller and then hangs up, or waits for the event `hold`."""
    listener = socket.create_server(("localhost", 0))

    def answer():
        with listener, listener.accept()[0] as connection:
            connection.sendall(data)
            if hold is not None:
                hold.wait(30)

    threading.Thread(target=answer, daemon=True).start()
    return listener.getsockname()[1]


def receiving(app, *blocks, settings=None):
    """A simulated application that is sent `(ms, block)`; gives it and its batches."""
    app = app(lines={ADDRESS: list(blocks)}, settings=settings)
    return app, app.collect(app.ssc.rawSocketStream("localhost", 9999))


# --- simulated --------------------------------------------------------------------------------------------------------


def test_what_was_packed_together_is_one_block(app):
    app, batches = receiving(app, (4100, ["a", "b"]), (4200, ["c"]))
    app.run(7)
    assert [event.records for event in app.of(BlockAdded)] == [2, 1]
    assert [records for _, records in batches if records] == [["a", "b", "c"]]


def test_no_rate_limit_and_no_block_interval_apply(app):
    settings = {"spark.streaming.receiver.maxRate": "1", "spark.streaming.blockInterval": "10s"}
    app, batches = receiving(app, (4100, list(range(500))), settings=settings)
    app.run(6)
    assert [len(records) for _, records in batches if records] == [500]


def test_a_server_that_hangs_up_stops_the_receiver_and_the_driver_starts_it_anew(app):
    app, batches = receiving(app, (4100, ["a"]), (4200, None), (5000, ["b"]))
    app.run(8)
    (stopped,) = app.of(ReceiverStopped)
    assert stopped.message == "Error starting receiver 0"
    assert "EOFError: localhost:9999 closed the connection" in stopped.error
    assert len(app.of(ReceiverStarted)) == 2
    assert [record for _, records in batches for record in records] == ["a", "b"]


def test_a_server_that_is_not_there_is_tried_again_and_again_without_a_pause(app):
    app = app(lines={ADDRESS: [(5500, ["late"])]}, opens={ADDRESS: 5000})
    batches = app.collect(app.ssc.rawSocketStream("localhost", 9999))
    app.run(8)
    stopped = app.of(ReceiverStopped)
    assert len(stopped) > 5
    assert all("ConnectionRefusedError: nobody listens on localhost:9999" in event.error for event in stopped)
    assert [record for _, records in batches for record in records] == ["late"]


def test_what_is_no_list_is_no_block(app):
    app, _ = receiving(app, (4100, "a line"))
    app.run(6)
    (stopped,) = app.of(ReceiverStopped)
    assert "localhost:9999 sent 'a line' as a block: a block is a list of records" in stopped.error


@pytest.mark.parametrize("graceful", [False, True])
def test_a_context_stops_while_the_receiver_waits_for_a_block(app, graceful):
    app, _ = receiving(app, (4100, ["a"]))
    app.run(6)
    app.ssc.stop(stopSparkContext=False, stopGraceFully=graceful)
    assert [event.message for event in app.of(ReceiverStopped)] == ["Stopped by driver"]
    assert app.of(StreamingStopped)[0].time_ms < 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 9999), "hostname='': give the name of the server"),
        ((None, 9999), "hostname=None: give the name of the server"),
        (("localhost", 0), "port=0: give a port number from 1 to 65535"),
        (("localhost", "9999"), "port='9999': give a port number"),
    ],
)
def test_bad_arguments(app, arguments, message):
    app = app()
    with pytest.raises(IllegalArgumentError, match=f"^{message}"):
        app.ssc.rawSocketStream(*arguments)
    assert app.ssc._graph.inputs == []


# --- live -------------------------------------------------------------------------------------------------------------


def test_blocks_from_a_real_socket_reach_the_batches(app):
    hold, arrived, records = threading.Event(), threading.Event(), []
    port = serve(framed(["a", ("b", 1)]) + framed([3]), hold)
    app = app("local[2]", batch=0.1)

    def keep(rdd):
        records.extend(rdd.collect())
        if len(records) == 3:
            arrived.set()

    app.ssc.rawSocketStream("localhost", port).foreachRDD(keep)
    app.ssc.start()
    assert arrived.wait(30)
    app.ssc.stop(stopSparkContext=False)
    hold.set()
    assert records == ["a", ("b", 1), 3]
    assert [event.records for event in app.of(BlockAdded)] == [2, 1]
    assert [event.message for event in app.of(ReceiverStopped)] == ["Stopped by driver"]


def test_a_block_that_breaks_off_is_the_end():
    blocks = BlockSocket("localhost", serve(framed(["whole"]) + framed(["half"])[:-3]))
    assert [blocks.read(), blocks.read()] == [["whole"], None]
    blocks.close()
    blocks.close()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (struct.pack(">i", -1), "a block of -1 bytes was announced: send its length as 4 bytes, big-endian"),
        (struct.pack(">i", 2) + b"ab", r"a block of 2 bytes is no pickle \(.*\): send pickle.dumps\(records\)"),
    ],
)
def test_bytes_that_are_no_block(data, message):
    blocks = BlockSocket("localhost", serve(data))
    with pytest.raises(SparkException, match=message):
        blocks.read()
    blocks.close()
