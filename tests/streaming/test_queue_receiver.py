"""A reliable receiver: none of its messages is lost on the way in, and some come twice."""

import pytest

from sparksim import SparkConf, SparkContext, StorageLevel
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, Replay, Simulation, SourceOutage
from sparksim.sim.loads import Acknowledged, Retained
from sparksim.streaming import Receiver, StreamingContext
from sparksim.streaming.queue_receiver import QueueReceiver
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlockLogged,
    BlockStored,
    ReceiverError,
    ReceiverStopped,
    RecordsAcknowledged,
    RecordsLost,
    RecordsRedelivered,
    RecordsSent,
)

WITH_LOG = {"spark.streaming.receiver.writeAheadLog.enable": True}
LOAD = Constant(rate=20, record="x")


def read_queue(ssc):
    ssc.receiverStream(QueueReceiver("mq", 5672)).foreachRDD(lambda rdd: rdd.foreach(len))


def simulate(load=LOAD, until=8.5, program=read_queue, **surroundings):
    run = Simulation(program, network={"mq:5672": Acknowledged(load)}, **surroundings).run(until=until)
    assert check_trace(run.trace) == []
    assert sum(event.count for event in run.trace.of(RecordsSent)) == run.delivery.sent
    return run


def moment_of_a_block(of, after_ms=2200.0, **surroundings):
    """When, in seconds, such an event happened to the first block after that moment of an undisturbed run."""
    events = simulate(until=3, **surroundings).trace.of(of)
    return next(event.time_ms for event in events if event.time_ms > after_ms) / 1000


def test_every_message_is_processed_once_and_acknowledged_once():
    run = simulate(Replay([(number / 10, "x") for number in range(30)]), until=6)
    assert run.delivery.count("once") == run.delivery.sent == 30
    acknowledged = [origin for event in run.trace.of(RecordsAcknowledged) for origin in event.origins]
    assert [number for _, first, last in acknowledged for number in range(first, last + 1)] == list(range(30))
    assert not run.trace.of(RecordsRedelivered, RecordsLost)


def test_messages_wait_for_the_first_receiver():
    run = simulate(Replay([(0, "early")]), until=3)
    assert run.delivery.count("once") == 1


@pytest.mark.parametrize("conf", [{}, WITH_LOG])
def test_a_block_is_acknowledged_when_it_is_stored_and_the_driver_knows(conf):
    run = simulate(until=4, conf=conf, checkpoint="sim://checkpoint")
    acknowledged = run.trace.of(RecordsAcknowledged)
    blocks = run.trace.of(BlockGenerated)[: len(acknowledged)]
    assert [event.origins for event in acknowledged] == [block.origins for block in blocks]
    for event, block in zip(acknowledged, blocks, strict=True):
        before = [
            each for each in run.trace.of(BlockStored, BlockAdded, BlockLogged) if each.block_id == block.block_id
        ]
        assert len(before) == 3  # two copies, or one and one in the log; and the driver's note
        assert all(each.time_ms < event.time_ms for each in before)


def test_a_block_is_cut_by_count_and_by_time():
    def program(ssc):
        ssc.receiverStream(QueueReceiver("mq", 5672, messages=4, seconds=0.5)).foreachRDD(lambda rdd: rdd.foreach(len))

    burst = [(1.0, "x")] * 10 + [(2.0, "x"), (2.4, "x"), (2.6, "x")]
    run = simulate(Replay(burst), until=5, program=program)
    assert [event.records for event in run.trace.of(BlockGenerated)] == [4, 4, 2, 2, 1]
    times = [event.time_ms for event in run.trace.of(BlockGenerated)]
    assert times[3:] == [2500, 3100]  # half a second after their first message came


@pytest.mark.parametrize("conf", [{}, WITH_LOG])
def test_messages_on_their_way_into_a_block_are_delivered_again_after_a_crash_of_the_executor(conf):
    run = simulate(faults=[ExecutorCrash("receiver", at=2.53)], conf=conf, checkpoint="sim://checkpoint")
    (*numbers,) = [event.origins[0][1] for event in run.trace.of(RecordsRedelivered)]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert not run.trace.of(RecordsLost)
    assert run.delivery.count("lost") == run.delivery.count("n times") == 0


def test_messages_of_a_block_that_is_being_stored_are_delivered_again():
    begun = moment_of_a_block(BlockGenerated)
    run = simulate(faults=[ExecutorCrash("receiver", at=begun + 0.001)])
    assert len(run.trace.of(RecordsRedelivered)) == 5
    assert run.delivery.count("lost") == run.delivery.count("n times") == 0
    assert run.delivery.records.where(record=run.trace.of(RecordsRedelivered)[0].origins[0][1])[0].outcome == "once"


def test_messages_that_were_stored_and_not_yet_acknowledged_come_twice():
    stored = moment_of_a_block(BlockAdded)
    run = simulate(faults=[ExecutorCrash("receiver", at=stored + 0.0005)])
    again = [event.origins[0][1] for event in run.trace.of(RecordsRedelivered)]
    twice = [row.record for row in run.delivery.records if row.outcome == "n times"]
    assert twice == again
    assert len(twice) == 5
    assert run.delivery.count("lost") == 0


def test_with_a_log_a_crash_of_the_driver_loses_nothing():
    run = simulate(faults=[DriverCrash(at=3.33, restart_after=1)], conf=WITH_LOG, checkpoint="sim://checkpoint")
    assert run.delivery.count("lost") == 0
    assert run.delivery.count("once") + run.delivery.count("n times") > 150


def test_without_a_log_a_crash_of_the_driver_loses_what_was_acknowledged_and_not_processed():
    run = simulate(faults=[DriverCrash(at=3.33, restart_after=1)], checkpoint="sim://checkpoint")
    acknowledged = {
        number
        for event in run.trace.of(RecordsAcknowledged)
        for _, first, last in event.origins
        for number in range(first, last + 1)
        if event.time_ms < 3330
    }
    lost = {row.record for row in run.delivery.records if row.outcome == "lost"}
    assert lost
    assert lost <= acknowledged


def test_one_copy_and_no_log_is_not_enough():
    def program(ssc):
        receiver = QueueReceiver("mq", 5672, storageLevel=StorageLevel.MEMORY_ONLY)
        ssc.receiverStream(receiver).foreachRDD(lambda rdd: rdd.foreach(len))

    run = simulate(program=program, faults=[ExecutorCrash("receiver", at=3.7)])
    reasons = {row.reason for row in run.delivery.records if row.outcome == "lost"}
    assert reasons == {"its block was lost with its executor before the batch's jobs were generated"}


def test_an_outage_of_the_queue_delays_and_loses_nothing():
    run = simulate(faults=[SourceOutage("mq:5672", at=3.03, duration=3)], until=12)
    errors = [event.message for event in run.trace.of(ReceiverStopped, ReceiverError)]
    assert any("The queue hung up" in message for message in errors)
    assert run.delivery.count("lost") == run.delivery.count("n times") == 0
    assert run.delivery.count("once") > 200
    assert run.trace.of(RecordsRedelivered)


def test_a_block_that_cannot_be_stored_is_not_acknowledged():
    class Failing(QueueReceiver):
        """Stores nothing in its first second."""

        def store(self, data, metadata=None):
            if self._attached().clock.now_ms < 2000:
                raise OSError("no room")
            super().store(data, metadata)

    def program(ssc):
        ssc.receiverStream(Failing("mq", 5672)).foreachRDD(lambda rdd: rdd.foreach(len))

    run = simulate(Replay([(1, "a"), (1.1, "b")]), until=6, program=program)
    assert run.delivery.count("once") == 2
    assert len(run.trace.of(RecordsRedelivered)) == 2
    (stopped,) = run.trace.of(ReceiverStopped)
    assert "no room" in stopped.error


def test_two_receivers_share_a_queue_and_inherit_from_each_other():
    def program(ssc):
        streams = [ssc.receiverStream(QueueReceiver("mq", 5672)) for _ in range(2)]
        ssc.union(*streams).foreachRDD(lambda rdd: rdd.foreach(len))

    run = simulate(program=program, cluster=Cluster(3, 2), faults=[ExecutorCrash("receiver", at=4.03)])
    assert {row.stream_id for row in run.delivery.records if row.block_id} == {0, 1}
    assert run.delivery.count("lost") == run.delivery.count("n times") == 0
    assert run.delivery.count("once") > 140


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        ({"mq:5672": LOAD}, "does not wait for acknowledgements"),
        ({"mq:5672": Retained(LOAD)}, "keeps a log, which is read without a receiver"),
        ({}, "nobody listens on mq:5672"),
    ],
)
def test_another_kind_of_source_is_an_error_that_says_so(network, complaint):
    run = Simulation(read_queue, network=network).run(until=4)
    stopped = run.trace.of(ReceiverStopped)
    assert len(stopped) == 2  # it tries again every 2 s
    assert all(complaint in event.error for event in stopped)
    assert not run.trace.of(BlockGenerated)


def test_a_live_program_hears_that_there_is_no_such_server():
    import socket

    listener = socket.create_server(("localhost", 0))
    sc = SparkContext(conf=SparkConf().setMaster("local[2]").setAppName("test"))
    try:
        ssc = StreamingContext(sc, 0.2)
        receiver = QueueReceiver("localhost", listener.getsockname()[1])
        ssc.receiverStream(receiver).foreachRDD(lambda rdd: rdd.foreach(len))
        ssc.start()
        trace = sc._backend.trace
        for _ in range(50):
            ssc.awaitTerminationOrTimeout(0.1)
            if trace.of(ReceiverStopped):
                break
        assert "A live program has no such server" in trace.of(ReceiverStopped)[0].error
        ssc.stop()
    finally:
        sc.stop()
        listener.close()


@pytest.mark.parametrize(
    "arguments",
    [
        {"host": ""},
        {"host": 7},
        {"port": 0},
        {"port": "5672"},
        {"messages": 0},
        {"messages": 1.5},
        {"seconds": 0},
        {"seconds": "1"},
        {"storageLevel": "MEMORY_ONLY"},
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(IllegalArgumentError, match=f"{name}="):
        QueueReceiver(**{"host": "mq", "port": 5672, **arguments})


class Hasty(Receiver):
    """Acknowledges what is not safe yet: `early` before it stores a list, else after it has put one into the buffer."""

    def __init__(self, early):
        super().__init__()
        self.early = early

    def onStart(self):
        self.start_thread(self.receive)

    def onStop(self):
        pass

    def receive(self):
        connection = self.connect("mq", 5672)
        while (message := connection.read()) is not None:
            if self.early:
                connection.acknowledge()
                self.sleep(0.03)
                self.store([message])
            else:
                self.store(message)
                connection.acknowledge()


@pytest.mark.parametrize(
    ("early", "lost"),
    [
        (True, [("read from the source but not yet stored", 145, 145)]),  # acknowledged at 7.251, stored at 7.281
        (False, [("in the receiver's buffer", 145, 145)]),  # the buffer was cut at 7.2
    ],
)
def test_a_message_that_was_acknowledged_too_early_dies_with_its_executor(early, lost):
    run = simulate(
        program=lambda ssc: ssc.receiverStream(Hasty(early)).foreachRDD(lambda rdd: rdd.foreach(len)),
        faults=[ExecutorCrash("receiver", at=7.27)],
        until=12.5,
    )
    assert [(row.reason.partition(" when ")[0], row.first, row.last) for row in run.delivery.lost] == lost
    assert all(row.outcome == "once" for row in run.delivery.records if 146 <= row.record < 200)
