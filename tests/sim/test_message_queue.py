"""A queue that waits for acknowledgements: it keeps what nobody acknowledged, and delivers it again, in order."""

import pytest

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.loads import Acknowledged, Constant, Replay, Retained
from sparksim.sim.message_queue import ACKNOWLEDGE_MS, MessageQueue
from sparksim.trace.events import RecordsAcknowledged, RecordsLost, RecordsRedelivered, RecordsSent
from sparksim.trace.trace import Trace


class Stage:
    """A queue that gets messages a, b, c, … one per second from second 1 on, and no cluster."""

    def __init__(self, messages="abcdef"):
        self.clock, self.trace = VirtualClock(), Trace()
        arrivals = iter([(1000.0 * second, message) for second, message in enumerate(messages, start=1)])
        self.queue = MessageQueue(self.clock, "mq:1", arrivals, self.trace.append)

    def connect(self, stream_id=0):
        return self.clock.call(self.queue.connect, stream_id)

    def run(self, until_s, *fibers):
        """Let each function run on a fiber of its own; what they returned."""
        begun = [self.clock.spawn("test", fiber) for fiber in fibers]
        self.clock.run_until(until_s * 1000)
        return [fiber.done.value if fiber.done.triggered else "still busy" for fiber in begun]


@pytest.fixture
def stage():
    return Stage()


def test_messages_that_come_while_nobody_is_connected_wait(stage):
    stage.clock.run_until(3500)
    connection = stage.connect()
    assert stage.run(3.6, lambda: [connection.read(0.0) for _ in range(4)]) == [["a", "b", "c", None]]
    assert sum(event.count for event in stage.trace.of(RecordsSent)) == 3


def test_a_read_waits_for_the_next_message_and_at_most_so_long(stage):
    connection = stage.connect()
    moments = []

    def read():
        for wait_ms in (400, 5000, 400):
            moments.append((connection.read(wait_ms), stage.clock.now_ms))

    stage.run(4, read)
    assert moments == [(None, 400), ("a", 1000), (None, 1400)]


def test_a_read_ends_although_times_in_floating_point_never_quite_add_up(stage):
    connection = stage.connect()
    assert stage.run(1.5, lambda: [stage.clock.sleep(0.1), connection.read(0.2)]) == [[None, None]]


def test_what_was_not_acknowledged_is_delivered_again_in_order_and_before_newer_messages(stage):
    first = stage.connect()

    def hang_up_after_three():
        first.read()
        first.acknowledge()
        return [first.read(), first.read(), stage.clock.call(first.close)]

    assert stage.run(4.5, hang_up_after_three) == [["b", "c", None]]
    second = stage.connect()
    assert stage.run(4.6, lambda: [second.read(0.0) for _ in range(4)]) == [["b", "c", "d", None]]
    (acknowledged,) = stage.trace.of(RecordsAcknowledged)
    assert acknowledged.origins == (("mq:1", 0, 0),)
    assert acknowledged.time_ms == 1000 + ACKNOWLEDGE_MS
    assert [event.origins for event in stage.trace.of(RecordsRedelivered)] == [(("mq:1", 1, 1),), (("mq:1", 2, 2),)]
    assert not stage.trace.of(RecordsLost)


def test_a_connection_that_waits_gets_at_once_what_another_one_leaves_behind(stage):
    quitter, heir = stage.connect(0), stage.connect(1)
    moments = []

    def quit_early():
        quitter.read()
        stage.clock.sleep(300)
        stage.clock.call(quitter.close)

    def inherit():
        moments.append((heir.read(), stage.clock.now_ms))

    stage.run(4, quit_early, inherit)
    assert moments == [("a", 1300.0)]


def test_messages_are_shared_by_connections_and_none_is_given_twice(stage):
    def read_all(connection):
        return lambda: list(iter(lambda: connection.read(2000), None))

    one, two = stage.run(10, read_all(stage.connect(0)), read_all(stage.connect(1)))
    assert sorted(one + two) == list("abcdef")


def test_an_acknowledgement_covers_what_was_read_when_it_was_sent(stage):
    connection = stage.connect()
    stage.clock.run_until(2500)

    def read_more():
        stage.clock.sleep(ACKNOWLEDGE_MS / 2)
        connection.read()

    stage.run(2.6, lambda: (connection.read(), connection.acknowledge()), read_more)
    stage.clock.call(connection.close)
    again = stage.connect()
    assert stage.run(2.7, lambda: [again.read(0.0), again.read(0.0)]) == [["b", None]]


def test_an_acknowledgement_that_a_closing_connection_overtakes_is_an_error(stage):
    connection = stage.connect()

    def acknowledge():
        connection.read()
        try:
            connection.acknowledge()
        except ConnectionResetError as error:
            return str(error)

    stage.clock.env.timeout(1000 + ACKNOWLEDGE_MS / 2).callbacks.append(lambda _: connection.close())
    assert stage.run(2, acknowledge) == ["mq:1 hung up before it heard the acknowledgement"]
    assert not stage.trace.of(RecordsAcknowledged)


def test_while_the_queue_is_down_messages_go_on_into_it_and_nobody_can_read(stage):
    connection = stage.connect()
    stage.clock.env.timeout(1500).callbacks.append(lambda _: stage.queue.go_down())
    (read,) = stage.run(3.5, lambda: [connection.read(), connection.read(), stage.clock.now_ms])
    assert read == ["a", None, 1500]  # the second read ends when the queue hangs up, not with the next message
    with pytest.raises(ConnectionRefusedError, match="nobody answers on mq:1: the source is down"):
        stage.connect()
    stage.clock.call(stage.queue.come_back)
    again = stage.connect()
    assert stage.run(3.6, lambda: [again.read(0.0) for _ in range(4)]) == [["a", "b", "c", None]]


def test_an_outage_ends_at_its_moment_by_itself(stage):
    stage.clock.call(stage.queue.go_down, 2000.0)
    assert stage.queue.is_down
    stage.clock.run_until(2000)
    assert not stage.queue.is_down
    assert not stage.connect().closed


def test_a_new_driver_finds_the_queue_as_the_old_one_left_it(stage):
    connection = stage.connect()
    stage.run(2.5, lambda: [connection.read(), connection.acknowledge(), connection.read()])
    clock, trace = VirtualClock(5000.0), Trace()
    stage.queue.live_by(clock, trace.append)
    again = clock.call(stage.queue.connect, 0)
    fiber = clock.spawn("test", lambda: [again.read(0.0) for _ in range(5)])
    clock.run_until(5100)
    assert fiber.done.value == ["b", "c", "d", "e", None]


@pytest.mark.parametrize("load", ["Constant", 10, None, Acknowledged(Constant(1)), Retained(Constant(1))])
@pytest.mark.parametrize("kind", [Acknowledged, Retained])
def test_what_is_wrapped_must_be_a_plain_load(kind, load):
    with pytest.raises(IllegalArgumentError, match=rf"{kind.__name__}\(load=.*give a load that says"):
        kind(load)


def test_the_wrapped_load_sends_the_same_at_the_same_times():
    load = Replay([(1, "a"), (2, "b")])
    assert (
        list(Acknowledged(load).arrivals(None)) == list(Retained(load, 3).arrivals(None)) == [(1000, "a"), (2000, "b")]
    )
