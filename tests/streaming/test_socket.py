"""socketTextStream: in virtual time against a scripted network, live against a real TCP server."""

import socket
import threading

import pytest

from sparksim import SparkConf, SparkContext
from sparksim.streaming import Receiver, StreamingContext, StreamingListener
from sparksim.trace.events import ReceiverStarted, ReceiverStopped

PATIENCE_S = 20
"""Nothing waits this long unless it is broken."""


def test_lines_come_out_in_batches(app):
    app = app(lines={"localhost:9999": [(1200, "one"), (1300, "two"), (3000, "three")]})
    batches = app.collect(app.ssc.socketTextStream("localhost", 9999))
    app.run(5)
    assert [batch for _, batch in batches if batch] == [["one", "two"], ["three"]]


def test_nobody_listens_at_first_and_it_is_tried_every_two_seconds(app):
    app = app(lines={"localhost:9999": [(0, "hello")]}, opens={"localhost:9999": 5000})
    batches = app.collect(app.ssc.socketTextStream("localhost", 9999))
    app.run(9)
    assert [batch for _, batch in batches if batch] == [["hello"]]
    starts = [round(event.time_ms) for event in app.of(ReceiverStarted)]
    assert starts == [starts[0] + 2000 * n for n in range(4)]
    assert app.of(ReceiverStopped)[0].error.endswith("ConnectionRefusedError: nobody listens on localhost:9999")
    assert (
        "Restarting receiver 0 in 2 s: Error connecting to localhost:9999: nobody listens on localhost:9999"
        in app.warnings()
    )


def test_the_end_of_the_connection_is_a_restart(app):
    app = app(lines={"localhost:9999": [(1000, "last words"), (1100, None), (1200, "back again")]})
    batches = app.collect(app.ssc.socketTextStream("localhost", 9999))
    app.run(6)
    assert [batch for _, batch in batches if batch] == [["last words"], ["back again"]]
    (stopped,) = app.of(ReceiverStopped)
    assert stopped.message == "Restarting receiver with delay 2000ms: Socket data stream had no more data"


class Server:
    """Like `nc -lk`: accepts one connection after the other; `send` waits until somebody is connected."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE_S)
        self.port = self.listener.getsockname()[1]
        self.connection = None

    def accept(self):
        self.connection, _ = self.listener.accept()

    def send(self, data):
        if self.connection is None:
            self.accept()
        self.connection.sendall(data)

    def hang_up(self):
        self.connection.close()
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.listener.close()


class Live:
    """A live application that reads `server`; `expect(n)` waits until n lines were processed."""

    def __init__(self, server):
        conf = (
            SparkConf().set("spark.streaming.blockInterval", "20ms").set("spark.streaming.receiverRestartDelay", "50")
        )
        self.sc = SparkContext("local[2]", "live", conf=conf)
        self.ssc = StreamingContext(self.sc, 0.1)
        self.lines = []
        self.news = threading.Condition()
        self.ssc.socketTextStream("127.0.0.1", server.port).foreachRDD(self.keep)

    def keep(self, rdd):
        found = rdd.collect()
        with self.news:
            self.lines += found
            self.news.notify_all()

    def expect(self, count):
        with self.news:
            assert self.news.wait_for(lambda: len(self.lines) >= count, PATIENCE_S)
            return list(self.lines)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def live(server):
    live = Live(server)
    yield live
    live.ssc.stop()


def test_a_real_server_is_read_in_any_of_the_line_ends(server, live):
    live.ssc.start()
    server.send("unix\nwindows\r\nmac\rgrüße 你好\n\nend\n".encode())
    assert live.expect(6) == ["unix", "windows", "mac", "grüße 你好", "", "end"]


def test_a_line_without_its_end_is_delivered_when_the_server_hangs_up(server, live):
    live.ssc.start()
    server.send(b"whole\npart")
    server.hang_up()
    assert live.expect(2) == ["whole", "part"]


def test_a_server_that_hangs_up_is_connected_to_again(server, live):
    live.ssc.start()
    server.send(b"first\n")
    live.expect(1)
    server.hang_up()
    server.send(b"second\n")
    assert live.expect(2) == ["first", "second"]


def test_a_server_that_listens_later_is_found():
    server = Server()
    server.listener.close()
    live = Live(server)
    refused = threading.Event()

    class Watcher(StreamingListener):
        def onReceiverStopped(self, receiverStopped):
            assert "refused" in receiverStopped.receiverInfo().lastError()
            refused.set()

    live.ssc.addStreamingListener(Watcher())
    live.ssc.start()
    assert refused.wait(PATIENCE_S)
    with socket.create_server(("127.0.0.1", server.port)) as listener:
        listener.settimeout(PATIENCE_S)
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"at last\n")
            assert live.expect(1) == ["at last"]
            live.ssc.stop()


def test_stopping_with_a_blocked_read_leaves_no_thread_behind(server, live):
    before = set(threading.enumerate())
    live.ssc.start()
    server.send(b"hello\n")
    live.expect(1)
    live.ssc.stop()
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), f"{thread.name} hangs"


def test_a_graceful_stop_processes_what_was_received(server, live):
    live.ssc.start()
    server.send(b"".join(b"%d\n" % number for number in range(500)))
    live.expect(1)
    live.ssc.stop(stopGraceFully=True)
    assert live.lines == [str(number) for number in range(len(live.lines))]


class Plain(Receiver):
    def onStart(self):
        threading.Thread(target=self.store, args=("from a thread",), daemon=True).start()


def test_a_plain_thread_may_store_in_live_time(live):
    live.ssc = StreamingContext(live.sc, 0.1)
    live.ssc.receiverStream(Plain()).foreachRDD(live.keep)
    live.ssc.start()
    assert live.expect(1) == ["from a thread"]


def test_an_interrupted_program_can_stop_its_context(server, live, monkeypatch):
    live.ssc.start()
    server.send(b"hello\n")
    live.expect(1)
    monkeypatch.setattr(live.ssc._waiter, "wait", _interrupt)
    with pytest.raises(KeyboardInterrupt):
        live.ssc.awaitTermination()
    live.ssc.stop()
    assert StreamingContext.getActive() is None


def _interrupt(timeout_ms):
    raise KeyboardInterrupt
