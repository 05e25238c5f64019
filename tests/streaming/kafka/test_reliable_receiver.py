"""`KafkaUtils.createStream` with a write-ahead log: offsets are committed when their block is stored, and no sooner."""

import pytest

from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.kafka.records import TopicPartition
from sparksim.sim import ExecutorCrash, ReceiverCrash
from sparksim.sim.files import SimulatedFiles
from sparksim.streaming.kafka import KafkaUtils
from sparksim.streaming.write_ahead_log import WriteAheadLog
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlockLogged,
    ReceiverError,
    ReceiverStarted,
    ReceiverStopped,
    RecordsLost,
    RecordsRedelivered,
)
from tests.streaming.kafka.receiver_fakes import GROUP, ZOOKEEPER, ZooKeeperCluster

TOPIC = "orders"
P0, P1, P2 = (TopicPartition(TOPIC, number) for number in range(3))
LOG = "spark.streaming.receiver.writeAheadLog"
SMALLEST = {"auto.offset.reset": "smallest"}


@pytest.fixture
def logging(app):
    """`logging(cluster, *events, ...)` makes an application that reads the topic through a write-ahead log."""
    files = SimulatedFiles(VirtualClock())
    files.mount()

    def make(cluster, *events, topics=None, params=SMALLEST, settings=None, **options):
        made = app(network=cluster.network(*events), settings={f"{LOG}.enable": True, **(settings or {})}, **options)
        files.live_by(made.clock)
        made.ssc.checkpoint("sim://checkpoint")
        stream = KafkaUtils.createStream(made.ssc, ZOOKEEPER, GROUP, topics or {TOPIC: 1}, params)
        stream.foreachRDD(lambda rdd: rdd.foreach(str))
        return made

    yield make
    files.unmount()


def redelivered(made):
    return [event.origins[0][:2] for event in made.of(RecordsRedelivered)]


def ends_of(block):
    """The offset of the block's last message of each log."""
    return {log: last for log, _, last in block.origins}


# --- what is committed, and when -------------------------------------------------------------------------------------


def test_the_last_offset_of_a_block_is_committed_when_the_block_is_stored_logged_and_known(logging):
    cluster = ZooKeeperCluster({TOPIC: 2})
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.05, 40))
    made.run(6)
    blocks = {block.block_id: ends_of(block) for block in made.of(BlockGenerated)}
    logged = {event.block_id: event.time_ms for event in made.of(BlockLogged)}
    added = [(event.block_id, event.time_ms) for event in made.of(BlockAdded)]
    commits = [
        (at_s * 1000, {str(each): offset for each, offset in offsets.items()}) for at_s, _, offsets in cluster.commits
    ]
    assert [offsets for _, offsets in commits] == [blocks[block_id] for block_id, _ in added]
    assert len(commits) > 5
    for (block_id, added_ms), (committed_ms, _) in zip(added, commits, strict=True):
        assert logged[block_id] < added_ms <= committed_ms
    assert cluster.offsets == {P0: 19, P1: 19}
    assert Delivery(made.trace).count("once") == 40


def test_nothing_is_committed_by_the_clock(logging):
    cluster = ZooKeeperCluster({TOPIC: 1})
    cluster.write(TOPIC, ["a"])
    params = {**SMALLEST, "auto.commit.enable": "true", "auto.commit.interval.ms": 100}
    made = logging(cluster, params=params)
    made.run(6)
    assert [offsets for _, _, offsets in cluster.commits] == [{P0: 0}]
    assert any("auto.commit.enable is taken as false" in warning for warning in made.warnings())


def test_the_message_whose_offset_was_committed_last_is_read_again(logging):
    cluster = ZooKeeperCluster({TOPIC: 3})
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.1, 30), faults=[ReceiverCrash(5.5)], topics={TOPIC: 3})
    made.run(12)
    assert redelivered(made) == [(str(each), 9) for each in (P0, P1, P2)]
    twice = [(row.source, row.record) for row in Delivery(made.trace).records if row.outcome == "n times"]
    assert twice == redelivered(made)


@pytest.mark.parametrize("at", [3.03, 3.1, 3.17, 3.2, 3.205, 3.21, 3.22])
def test_a_crash_of_the_executor_loses_nothing_and_repeats_what_was_not_committed(logging, at):
    cluster = ZooKeeperCluster({TOPIC: 2})
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.02, 150), faults=[ExecutorCrash("receiver", at=at)])
    made.run(20)
    delivery = Delivery(made.trace)
    assert not made.of(RecordsLost)
    assert delivery.count("once") + delivery.count("n times") == 150
    assert delivery.count("n times") >= 2
    assert {row.source for row in delivery.records if row.outcome == "n times"} == {str(P0), str(P1)}


def test_when_zookeeper_hears_nothing_spark_has_processed_what_comes_again(logging):
    """The two disagree: the reason why receivers gave way to direct streams."""
    cluster = ZooKeeperCluster({TOPIC: 1})
    cluster.refuses_commits = True
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.1, 20), faults=[ReceiverCrash(5.5)])
    made.run(12)
    assert Delivery(made.trace).count("n times") == 20
    assert any("could not commit offset" in warning for warning in made.warnings())
    assert len(made.of(ReceiverStarted)) == 2  # and not one more: such errors are only warnings


def test_what_is_in_the_buffer_when_the_receiver_stops_is_stored_and_not_committed(logging):
    cluster = ZooKeeperCluster({TOPIC: 1})
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.01, 400))
    made.run(3.05)
    made.ssc.stop(stopSparkContext=False, stopGraceFully=True)
    *_, last = made.of(BlockGenerated)
    assert any("stops and does not commit" in warning for warning in made.warnings())
    assert cluster.offsets[P0] == last.origins[0][1] - 1
    assert made.of(BlockAdded)[-1].block_id == last.block_id
    assert not made.of(RecordsLost)


# --- blocks that cannot be stored ------------------------------------------------------------------------------------

REFUSALS: list[int] = []
"""How often a log will still refuse; a log is made by its class's name, and again for each receiver."""


class RefusingLog(WriteAheadLog):
    """Refuses records as often as it was told to."""

    def __init__(self, conf):
        self.records = []

    def write(self, record, time_ms):
        if REFUSALS and time_ms > 2000:
            REFUSALS.pop()
            raise OSError("disk full")
        self.records.append(record)
        return len(self.records)

    def read(self, handle):
        return self.records[handle - 1]

    def read_all(self):
        return iter(self.records)

    def clean(self, threshold_ms):
        pass

    def close(self):
        pass


REFUSING = {f"{LOG}.class": f"{__name__}.RefusingLog"}


@pytest.mark.parametrize("times", [1, 3])
def test_a_block_is_tried_four_times(logging, times):
    REFUSALS[:] = [1] * times
    cluster = ZooKeeperCluster({TOPIC: 1})
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.1, 30), settings=REFUSING)
    made.run(8)
    assert not made.of(ReceiverStopped, ReceiverError, RecordsLost)
    assert Delivery(made.trace).count("once") == 30
    assert not REFUSALS


def test_then_the_receiver_stops_and_the_next_one_reads_the_block_again(logging):
    REFUSALS[:] = [1] * 4
    cluster = ZooKeeperCluster({TOPIC: 1})
    made = logging(cluster, *cluster.sent(TOPIC, 1.0, 0.1, 30), settings=REFUSING)
    made.run(10)
    (stopped,) = made.of(ReceiverStopped)
    assert stopped.message == "Error while storing block into Spark"
    assert "OSError: disk full" in stopped.error
    assert len(made.of(ReceiverStarted)) == 2
    delivery = Delivery(made.trace)
    assert not made.of(RecordsLost)
    assert delivery.count("once") + delivery.count("n times") == 30
    assert delivery.count("n times") == 1  # the last one of the block before


def test_an_error_of_a_thread_is_reported_again_and_again(logging):
    cluster = ZooKeeperCluster({TOPIC: 1})
    cluster.poisoned = {b"b"}
    cluster.write(TOPIC, ["a", "b", "c"])
    made = logging(cluster)
    made.run(4)
    assert Delivery(made.trace).count("once") == 1
    assert {event.message for event in made.of(ReceiverError)} == {"Error handling message"}
    assert 10 < len(made.of(ReceiverError)) < 25  # one each 200 ms


# --- rates -----------------------------------------------------------------------------------------------------------


def test_its_own_generator_keeps_to_the_rate(logging):
    cluster = ZooKeeperCluster({TOPIC: 2})
    cluster.write(TOPIC, range(1000))
    made = logging(cluster, topics={TOPIC: 2}, settings={"spark.streaming.receiver.maxRate": 50})
    made.run(5)
    assert 190 <= sum(event.records for event in made.of(BlockAdded)) <= 250


def test_a_new_rate_reaches_it_too(logging):
    cluster = ZooKeeperCluster({TOPIC: 1})
    cluster.write(TOPIC, range(2000))
    made = logging(cluster, settings={"spark.streaming.receiver.maxRate": 100})
    made.run(2.5)
    made.clock.call(made.ssc._driver.tracker.update_rate, 0, 10)
    made.run(3)
    before = sum(event.records for event in made.of(BlockAdded))
    made.run(8)
    assert sum(event.records for event in made.of(BlockAdded)) - before == pytest.approx(50, abs=6)
