"""Whole programs on a simulated Kafka: who stores the offset, and what the sink is, decide what a crash does."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from sparksim.sim import (
    BrokerCrash,
    Cluster,
    CostModel,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Replay,
    Run,
    Simulation,
    Topic,
    sink,
    work,
)
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.kafka import ConsumerStrategies, KafkaUtils, LocationStrategies
from sparksim.trace import check_trace
from sparksim.trace.events import SinkRolledBack

ADDRESS = "localhost:9092"
CRASH = DriverCrash(at=3.35, restart_after=1)
SETTINGS = {
    "bootstrap.servers": "localhost:9092,localhost:9093,localhost:9094",
    "group.id": "totals",
    "key.deserializer": "StringDeserializer",
    "value.deserializer": "StringDeserializer",
    "auto.offset.reset": "earliest",
    "enable.auto.commit": False,
    "session.timeout.ms": 6000,
}
Save = Callable[[Any, Any], None]


def orders(count: int = 40, every: float = 0.1) -> Replay:
    return Replay([(round(0.5 + number * every, 3), f"order {number}") for number in range(count)])


def direct(save: Save, offsets: Callable[[], Any] = dict, **settings: Any) -> Callable[[StreamingContext], None]:
    """A direct stream whose batches go to `save(stream, rdd)`."""

    def program(ssc: StreamingContext) -> None:
        named = {name.replace("_", "."): value for name, value in settings.items()}
        strategy = ConsumerStrategies.Subscribe(["orders"], {**SETTINGS, **named}, offsets())
        stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
        stream.foreachRDD(lambda rdd: save(stream, rdd))

    return program


def insert_each(records: Any) -> None:
    for record in records:
        work(0.01)
        sink("totals").insert(record.value, 1, origin=record)


def upsert_each(records: Any) -> None:
    for record in records:
        work(0.01)
        sink("totals").upsert(record.value, 1, origin=record)


def commit_after(write: Callable[[Any], None]) -> Save:
    def save(stream: Any, rdd: Any) -> None:
        ranges = rdd.offsetRanges()
        rdd.foreachPartition(write)
        stream.commitAsync(ranges)

    return save


def run(
    program: Callable[[StreamingContext], None],
    *faults: Any,
    until: float = 16.0,
    checkpoint: str | None = None,
    **kafka: Any,
) -> Run:
    """Forty orders; `kafka` are arguments of the cluster."""
    surroundings = {"topics": [Topic("orders", 2)], "producers": [Producer("orders", orders())], **kafka}
    simulation = Simulation(
        program,
        network={ADDRESS: KafkaCluster(**surroundings)},
        faults=faults,
        cluster=Cluster(2, 2),
        cost=CostModel(),
        checkpoint=checkpoint,
    )
    result = simulation.run(until)
    assert check_trace(result.trace) == []
    assert len(result.delivery.produced) == 40
    return result


def kinds(result: Run) -> dict[str, tuple[int, int | None]]:
    """Which anomalies there are, with how many records, and how many of these are not in exactly one row."""
    return {row.anomaly: (row.records, row.wrong_rows) for row in result.delivery.anomalies}


def decided_by(result: Run, anomaly: str) -> str:
    [row] = result.delivery.anomalies.where(anomaly=anomaly)
    return row.decided_by


def test_without_a_crash_every_record_is_in_one_row() -> None:
    result = run(direct(commit_after(insert_each)), until=8)
    assert kinds(result) == {}
    assert set(result.delivery.produced.column("rows")) == {1}
    assert len(result.sink("totals")) == 40


def test_offsets_committed_after_the_output_are_read_again_and_inserts_double() -> None:
    result = run(direct(commit_after(insert_each)), CRASH)
    assert kinds(result) == {"duplicate": (10, 10), "doubled row": (10, 10)}
    assert decided_by(result, "duplicate") == "commitAsync, after the output"
    assert len(result.sink("totals")) == 50


def test_with_upserts_the_same_duplicates_vanish() -> None:
    result = run(direct(commit_after(upsert_each)), CRASH)
    assert kinds(result) == {"duplicate": (10, 0)}
    assert len(result.sink("totals")) == 40


def test_offsets_in_the_same_transaction_as_the_rows_leave_no_duplicate() -> None:
    def save(_stream: Any, rdd: Any) -> None:
        ranges = rdd.offsetRanges()
        records = rdd.map(lambda record: (record.value, record.origin)).collect()
        with sink("totals").transaction():
            for value, origin in records:
                work(0.04)
                sink("totals").insert(value, 1, origin=origin)
            sink("totals").store_offsets(ranges)

    result = run(direct(save, offsets=lambda: sink("totals").offsets()), CRASH)
    assert [event.rows for event in result.trace.of(SinkRolledBack)] == [8]
    assert kinds(result) == {}
    assert sum(end for end in result.sink("totals").offsets().values()) == len(result.sink("totals")) == 40


def test_a_checkpoint_runs_the_batch_again() -> None:
    def save(_stream: Any, rdd: Any) -> None:
        rdd.foreachPartition(insert_each)

    result = run(direct(save), CRASH, checkpoint="sim://checkpoint")
    assert kinds(result) == {"duplicate": (10, 10), "doubled row": (10, 10)}
    assert decided_by(result, "duplicate").startswith("the driver's checkpoint")


def test_what_the_driver_commits_by_itself_may_not_have_been_processed() -> None:
    def slowly(_stream: Any, rdd: Any) -> None:
        work(2.5)
        rdd.foreachPartition(insert_each)

    result = run(direct(slowly, enable_auto_commit=True, auto_commit_interval_ms=100), CRASH)
    assert kinds(result)["committed, not processed"] == (16, 16)
    assert decided_by(result, "committed, not processed") == "enable.auto.commit=true, before the record was processed"


def test_a_leader_that_dies_takes_what_acks_1_has_acknowledged() -> None:
    brokers = {
        "topics": [Topic("orders", 1, replicas=2)],
        "producers": [Producer("orders", orders(), acks=1)],
        "replicate_ms": 400,
        "detect": 0.5,
    }
    result = run(direct(commit_after(insert_each)), BrokerCrash(0, at=3.35), **brokers)
    [lost] = [row for row in result.delivery.anomalies if row.anomaly == "lost write"]
    assert (lost.records, lost.wrong_rows, lost.decided_by) == (2, 2, "acks=1")


def test_what_retention_takes_before_a_slow_program_reads_it_is_expired() -> None:
    def slowly(_stream: Any, rdd: Any) -> None:
        work(3)
        rdd.foreachPartition(insert_each)

    result = run(direct(slowly), topics=[Topic("orders", 2, retention=1.0)])
    assert "expired" in kinds(result)
    assert "retention" in decided_by(result, "expired")


def test_a_stream_that_starts_at_the_latest_offset_skips_what_is_there() -> None:
    early = Producer("orders", Replay([(0.0, f"order {number}") for number in range(40)]))
    result = run(direct(commit_after(insert_each), auto_offset_reset="latest"), producers=[early], until=6)
    assert kinds(result) == {"skipped": (40, None)}


def received(ssc: StreamingContext, **settings: Any) -> None:
    named = {"auto.offset.reset": "smallest", **{name.replace("_", "."): value for name, value in settings.items()}}
    stream = KafkaUtils.createStream(ssc, "localhost:2181", "totals", {"orders": 1}, named)
    stream.foreachRDD(lambda rdd: rdd.foreachPartition(lambda messages: [work(0.01) for _ in messages]))


def test_a_receiver_that_commits_by_the_clock_loses_what_it_had_not_stored() -> None:
    result = run(lambda ssc: received(ssc, auto_commit_interval_ms=50), ExecutorCrash("receiver", at=2.49))
    lost = result.delivery.anomalies.where(anomaly="lost in the receiver")[0]
    assert lost.records > 0
    assert lost.decided_by == "enable.auto.commit=true, before the record was processed"


def test_a_receiver_that_commits_rarely_is_given_again_what_it_had_stored() -> None:
    result = run(lambda ssc: received(ssc, auto_commit_interval_ms=60_000), ExecutorCrash("receiver", at=3.49))
    twice = result.delivery.anomalies.where(anomaly="duplicate")[0]
    assert twice.records > 10
    assert twice.decided_by == "the offset is stored after the block: at least once"
    assert "delivered to stream 0 once more" in twice.example


@pytest.mark.parametrize("seed", range(8))
def test_whatever_breaks_every_record_is_in_one_row_and_the_sink_bears_it_out(seed: int) -> None:
    rng = random.Random(f"kafka delivery {seed}")
    faults = [
        DriverCrash(at=round(rng.uniform(1, 6), 3), restart_after=rng.choice([0.0, 1.0])),
        BrokerCrash(rng.randrange(3), at=round(rng.uniform(1, 6), 3), restart_after=rng.choice([0.5, 3.0])),
        ExecutorCrash("random", at=round(rng.uniform(1, 6), 3)),
    ]
    producer = Producer("orders", orders(), acks=rng.choice([0, 1, "all"]))
    save = commit_after(insert_each)
    result = run(
        direct(save, enable_auto_commit=rng.random() < 0.5, auto_commit_interval_ms=100),
        *faults,
        until=25,
        topics=[Topic("orders", 2, replicas=rng.choice([1, 3]))],
        producers=[producer],
        unclean=rng.random() < 0.5,
        detect=rng.choice([0.2, 2.0]),
        replicate_ms=rng.choice([2, 300]),
    )
    rows = result.delivery.produced
    assert rows.column("record") == list(range(40))
    assert all((row.writes or 0) >= row.times and row.rows == row.writes for row in rows)
    assert all((row.outcome in ("once", "n times")) == (row.times > 0) for row in rows)
    assert all(row.reason for row in rows.where(lambda row: row.outcome in ("lost", "pending")))
    assert sum(row.writes or 0 for row in rows) == len(result.sink("totals"))
    for anomaly in result.delivery.anomalies:
        assert anomaly.decided_by
        assert anomaly.example.startswith("record ")
