"""Receivers of Kafka on brokers in virtual time: what is lost and what comes twice, and who says so."""

import pytest

from sparksim.sim import (
    AddPartitions,
    Cluster,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    ReceiverCrash,
    Replay,
    Simulation,
    SourceOutage,
    Topic,
)
from sparksim.streaming.kafka import KafkaUtils
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    GroupRebalanced,
    OffsetsCommitted,
    ReceiverStarted,
    RecordsLost,
    RecordsRedelivered,
    TaskStart,
    Warned,
)

LOAD = Replay([(round(number / 30, 3), "x") for number in range(360)])
WITH_LOG = {"spark.streaming.receiver.writeAheadLog.enable": True}
CHECKPOINT = "sim://checkpoint"
EVERY_HALF_SECOND = {"auto_commit_interval_ms": 500}


def reading(threads=1, streams=1, **params):
    """A program that reads the topic through receivers."""

    def program(ssc):
        settings = {"auto.offset.reset": "smallest", **{name.replace("_", "."): each for name, each in params.items()}}
        read = [
            KafkaUtils.createStream(ssc, "localhost:2181", "shop", {"orders": threads}, settings)
            for _ in range(streams)
        ]
        ssc.union(*read).foreachRDD(lambda rdd: rdd.foreach(str))

    return program


def simulate(program, until=30, partitions=2, load=LOAD, **surroundings):
    producer = Producer("orders", load, partitioner="round-robin", batch_records=1)
    cluster = KafkaCluster([Topic("orders", partitions)], [producer])
    run = Simulation(program, network={"localhost:9092": cluster}, **surroundings).run(until=until)
    assert check_trace(run.trace) == []
    return run


def numbers_of(events):
    return {
        (log, offset) for event in events for log, first, last in event.origins for offset in range(first, last + 1)
    }


def rows(run, outcome):
    return {(row.source, row.record) for row in run.delivery.records if row.outcome == outcome}


def committed(run, before=float("inf")):
    """What the group had stored in ZooKeeper by this second."""
    stored = {}
    for event in run.trace.of(OffsetsCommitted):
        if event.time_ms < before * 1000:
            stored.update(event.offsets)
    return stored


# --- without a crash -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conf", [{}, WITH_LOG], ids=["without log", "with log"])
@pytest.mark.parametrize(("threads", "streams"), [(1, 1), (3, 1), (1, 3), (2, 2)])
def test_every_message_is_processed_once_however_many_threads_and_receivers_there_are(conf, threads, streams):
    run = simulate(
        reading(threads, streams), partitions=3, cluster=Cluster(3, 2), conf=conf, checkpoint=CHECKPOINT, until=15
    )
    assert run.delivery.sent == run.delivery.count("once") == 360
    assert not run.trace.of(RecordsRedelivered, RecordsLost)


@pytest.mark.parametrize(("threads", "blocks"), [(1, 5), (3, 5)])
def test_threads_do_not_make_more_partitions_and_receivers_do(threads, blocks):
    def partitions_of(program):
        run = simulate(program, partitions=6, until=9)
        return [len(event.block_ids) for event in run.trace.of(BlocksAllocated) if event.batch_time_ms == 5000]

    assert partitions_of(reading(threads)) == [blocks]
    assert partitions_of(reading(threads, streams=2)) == [blocks, blocks]


def test_one_receiver_takes_one_core_and_twenty_take_them_all():
    run = simulate(reading(streams=20), partitions=20, until=10, cluster=Cluster(1, 2))
    assert len(run.trace.of(ReceiverStarted)) == 2
    assert run.delivery.count("once") == 0
    run = simulate(reading(threads=20), partitions=20, until=15, cluster=Cluster(1, 2))
    assert [event.kind for event in run.trace.of(TaskStart)].count("Receiver") == 1
    assert run.delivery.count("once") == 360


def test_rates_limit_what_receivers_take():
    limits = {"spark.streaming.receiver.maxRate": 10}
    run = simulate(reading(threads=2), conf=limits, until=10)
    per_batch = [
        sum(each.records for each in run.trace.of(BlockAdded) if each.block_id in event.block_ids)
        for event in run.trace.of(BlocksAllocated)
    ]
    assert set(per_batch[2:8]) == {10}


# --- the receiver's executor dies ------------------------------------------------------------------------------------


def test_without_a_log_what_was_committed_and_only_in_memory_is_lost():
    """Seconds of trouble, 20 ms after a commit: the blocks before were stored, the one after was not."""
    undisturbed = simulate(reading(**EVERY_HALF_SECOND), until=9)
    moment = next(event.time_ms for event in undisturbed.trace.of(OffsetsCommitted) if event.time_ms > 5000) / 1000
    run = simulate(reading(**EVERY_HALF_SECOND), faults=[ExecutorCrash("receiver", at=moment + 0.02)])
    stored = committed(run, before=moment + 0.02)
    lost = numbers_of(run.trace.of(RecordsLost))
    assert lost == rows(run, "lost")
    assert {log: max(offset for name, offset in lost if name == log) + 1 for log in stored} == stored
    assert run.delivery.count("once") + run.delivery.count("lost") == 360
    assert {row.reason.partition(" when ")[0] for row in run.delivery.records if row.outcome == "lost"} <= {
        "in the receiver's buffer",
        "cut into a block that had not reached the driver",
    }


def test_without_a_log_what_was_stored_and_not_committed_comes_twice():
    """The same, before the next commit: a block was stored since the last one."""
    undisturbed = simulate(reading(**EVERY_HALF_SECOND), until=9)
    moment = next(event.time_ms for event in undisturbed.trace.of(OffsetsCommitted) if event.time_ms > 5000) / 1000
    run = simulate(reading(**EVERY_HALF_SECOND), faults=[ExecutorCrash("receiver", at=moment - 0.02)])
    stored = committed(run, before=moment - 0.02)
    again = numbers_of(run.trace.of(RecordsRedelivered))
    assert {log: min(offset for name, offset in again if name == log) for log in stored} == stored
    assert rows(run, "n times")
    assert rows(run, "n times") < again  # what was only in memory is read twice, and processed once
    assert run.delivery.count("lost") == 0


def test_the_default_minute_between_commits_loses_nothing_here_and_repeats_all():
    run = simulate(reading(), faults=[ExecutorCrash("receiver", at=5.57)])
    assert not run.trace.of(RecordsLost)
    known = {event.block_id for event in run.trace.of(BlockAdded) if event.time_ms < 5570}
    blocks = [event for event in run.trace.of(BlockGenerated) if event.block_id in known]
    assert rows(run, "n times") == numbers_of(blocks)
    assert run.delivery.count("once") + run.delivery.count("n times") == 360


@pytest.mark.parametrize("at", [5.41, 5.57, 5.61, 5.615, 5.62])
def test_with_a_log_nothing_is_lost_and_a_block_comes_again_from_its_predecessors_last_message_on(at):
    run = simulate(reading(), faults=[ExecutorCrash("receiver", at=at)], conf=WITH_LOG, checkpoint=CHECKPOINT)
    stored = committed(run, before=at)
    again = numbers_of(run.trace.of(RecordsRedelivered))
    assert not run.trace.of(RecordsLost)
    assert run.delivery.count("once") + run.delivery.count("n times") == 360
    assert {log: min(offset for name, offset in again if name == log) for log in stored} == stored
    assert set(stored.items()) <= rows(run, "n times") <= again


# --- the driver dies -------------------------------------------------------------------------------------------------


def test_with_a_log_a_crash_of_the_driver_loses_nothing():
    run = simulate(
        reading(threads=2), faults=[DriverCrash(at=5.57, restart_after=2)], conf=WITH_LOG, checkpoint=CHECKPOINT
    )
    assert not run.trace.of(RecordsLost)
    assert run.delivery.count("once") + run.delivery.count("n times") == 360
    assert rows(run, "n times") >= set(committed(run, before=5.57).items())


def test_without_a_log_a_crash_of_the_driver_loses_what_was_committed_and_not_processed():
    run = simulate(reading(**EVERY_HALF_SECOND), faults=[DriverCrash(at=5.57, restart_after=2)], checkpoint=CHECKPOINT)
    stored = committed(run, before=5.57)
    lost = rows(run, "lost")
    assert lost
    assert all(offset < stored[log] for log, offset in lost)
    assert lost <= numbers_of(run.trace.of(RecordsLost))


# --- several receivers, and ZooKeeper --------------------------------------------------------------------------------


@pytest.mark.parametrize("conf", [{}, WITH_LOG], ids=["without log", "with log"])
def test_when_one_of_two_receivers_dies_the_other_takes_over_when_the_session_is_over(conf):
    run = simulate(
        reading(streams=2),
        faults=[ExecutorCrash("receiver", at=5.57)],
        cluster=Cluster(3, 2),
        conf=conf,
        checkpoint=CHECKPOINT,
    )
    reasons = [(event.time_ms, event.reason) for event in run.trace.of(GroupRebalanced)]
    missed = [time_ms for time_ms, reason in reasons if "was not heard of for 6 s" in reason]
    assert len(missed) == 1
    assert 10_000 < missed[0] < 12_000
    assert run.delivery.count("pending") == 0
    assert run.delivery.count("once") + run.delivery.count("n times") + run.delivery.count("lost") == 360


def test_zookeeper_and_spark_disagree():
    """Spark has processed a block, and dies before ZooKeeper hears of it. Direct streams exist for this reason."""
    undisturbed = simulate(reading(), conf=WITH_LOG, checkpoint=CHECKPOINT, until=9)
    added, commit = next(
        (block.time_ms, commit.time_ms)
        for block, commit in zip(undisturbed.trace.of(BlockAdded), undisturbed.trace.of(OffsetsCommitted), strict=False)
        if block.time_ms > 5000
    )
    assert added < commit
    crash = ExecutorCrash("receiver", at=(added + commit) / 2000)
    run = simulate(reading(), conf=WITH_LOG, checkpoint=CHECKPOINT, faults=[crash])
    block = next(event for event in run.trace.of(BlockAdded) if event.time_ms == added)
    (origins,) = (event for event in run.trace.of(BlockGenerated) if event.block_id == block.block_id)
    assert numbers_of([origins]) <= rows(run, "n times")
    assert run.delivery.count("lost") == 0


def test_a_group_begins_with_the_next_message_unless_it_is_told_otherwise():
    run = simulate(reading(auto_offset_reset="largest"), until=15)
    lost = rows(run, "lost")
    assert 0 < len(lost) < 20
    assert run.delivery.count("once") == 360 - len(lost)
    reasons = {row.reason for row in run.delivery.records if row.outcome == "lost"}
    assert all("auto.offset.reset=latest" in reason for reason in reasons)


# --- trouble with the cluster ----------------------------------------------------------------------------------------


def test_a_topic_that_is_not_there_says_so_and_nothing_else_happens():
    def program(ssc):
        KafkaUtils.createStream(ssc, "localhost:2181", "shop", {"returns": 1}).foreachRDD(lambda rdd: rdd.count())

    run = simulate(program, until=8)
    assert "Receiver 0: there is no topic 'returns' yet; its receiver waits for it" in [
        event.message for event in run.trace.of(Warned)
    ]
    assert len(run.trace.of(ReceiverStarted)) == 1


@pytest.mark.parametrize("conf", [{}, WITH_LOG], ids=["without log", "with log"])
def test_a_cluster_that_is_away_delays_and_neither_loses_nor_repeats(conf):
    outage = SourceOutage("localhost:9092", at=14.03, duration=3)  # when all is read; its producers would send twice
    run = simulate(reading(threads=2), faults=[outage], conf=conf, checkpoint=CHECKPOINT)
    assert run.delivery.count("once") == 360
    assert len(run.trace.of(ReceiverStarted)) == 1
    assert any("Receiver 0 waits:" in event.message for event in run.trace.of(Warned))


def test_a_receiver_that_starts_again_on_its_executor_goes_on_where_it_was():
    run = simulate(reading(threads=2), faults=[ReceiverCrash(5.57)])
    assert run.delivery.count("once") == 360
    assert len(run.trace.of(ReceiverStarted)) == 2


def test_partitions_that_are_added_are_read_too():
    program = reading()
    producer = Producer("orders", LOAD, partitioner="round-robin", batch_records=1)
    cluster = KafkaCluster([Topic("orders", 1)], [producer], changes=[AddPartitions("orders", 3, at=5.0)])
    run = Simulation(program, network={"localhost:9092": cluster}).run(until=20)
    assert run.delivery.count("once") + run.delivery.count("n times") == 360
    assert {row.source for row in run.delivery.records} == {"orders/0", "orders/1", "orders/2"}


def test_messages_of_producers_carry_their_keys():
    seen = []

    def program(ssc):
        stream = KafkaUtils.createStream(
            ssc, "localhost:2181", "shop", {"orders": 1}, {"auto.offset.reset": "smallest"}
        )
        stream.foreachRDD(lambda rdd: seen.extend(rdd.collect()))

    simulate(program, load=Replay([(1.0, ("anna", "1")), (1.5, ("ben", "2"))]), until=5)
    assert sorted(seen) == [("anna", "1"), ("ben", "2")]
