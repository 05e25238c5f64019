"""What crashes take and what they leave: with a write-ahead log and without, a source that waits and one that does not.

Each story is drawn from its number: load, cluster, and the moments at which the receiver's executor, the driver or both
die. What came out at the end is compared with what the sources sent, without asking the engine's own account; that one
is then held against it. The promises are those of Spark's guide: with a log nothing is lost of a reliable source, and
of an unreliable one what had not yet been stored.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from sparksim import StorageLevel
from sparksim.sim import Cluster, DriverCrash, ExecutorCrash, Replay, Run, Simulation
from sparksim.streaming import Receiver, StreamingContext
from sparksim.trace import check_trace
from sparksim.trace.events import (
    BatchStarted,
    BlockAdded,
    BlockLogged,
    BlockLost,
    CheckpointWritten,
    DriverDied,
    ExecutorRemoved,
    FaultInjected,
)

UNTIL, RECORDS = 10.5, 100
FEW, MANY, PART = 6, 306, 20
CRASHES = ("receiver", "driver", "both")

SEEN: list[int] = []
"""Every record that a batch gave to the program, in every life of the driver. Functions of a program with a checkpoint
are saved with what they capture, so this is in no closure."""


class Broker:
    """A source outside the cluster: it gives records again until they are acknowledged."""

    acknowledged = 0


class Reliable(Receiver):
    """Takes a few records from the broker, stores them as one block, and only then acknowledges them."""

    def __init__(self, together: int, level: StorageLevel) -> None:
        super().__init__(level)
        self.together = together

    def onStart(self) -> None:
        self.start_thread(self.receive)

    def onStop(self) -> None:
        pass

    def receive(self) -> None:
        while not self.isStopped() and Broker.acknowledged < RECORDS:
            end = min(Broker.acknowledged + self.together, RECORDS)
            self.store(list(range(Broker.acknowledged, end)))
            Broker.acknowledged = end
            self.sleep(0.1)


def keep(rdd: Any) -> None:
    SEEN.extend(int(record) for record in rdd.collect())


def story(number: int, crash: str, source: str, log: bool, level: StorageLevel) -> Run:
    """Run one story; `SEEN` and `Broker` then tell what happened to its records."""
    SEEN.clear()
    Broker.acknowledged = 0
    rng = random.Random(f"log {number} {crash}")
    faults: list[Any] = []
    if crash != "driver":
        faults.append(ExecutorCrash("receiver", at=round(rng.uniform(1, 6), 3), restart_after=rng.choice([0, 0.7])))
    if crash != "receiver":
        faults.append(DriverCrash(at=round(rng.uniform(2.2, 6), 3), restart_after=rng.choice([0.0, 0.3, 2.0])))
    together = rng.randint(3, 6)

    def program(ssc: StreamingContext) -> None:
        if source == "reliable":
            ssc.receiverStream(Reliable(together, level)).foreachRDD(keep)
        else:
            ssc.socketTextStream("localhost", 9999, level).foreachRDD(keep)

    moments = sorted(round(rng.uniform(0.5, 7), 3) for _ in range(RECORDS))
    run = Simulation(
        program,
        network={"localhost:9999": Replay([(moment, str(number)) for number, moment in enumerate(moments)])},
        batch=rng.choice([0.5, 1.0]),
        cluster=Cluster(executors=rng.randint(2, 3), cores=rng.randint(2, 3)),
        faults=faults,
        conf={
            "spark.streaming.receiver.writeAheadLog.enable": log,
            "spark.streaming.receiver.writeAheadLog.rollingIntervalSecs": rng.choice([1, 60]),
        },
        seed=number,
        checkpoint="sim://checkpoint",
    ).run(until=UNTIL)
    assert check_trace(run.trace) == []
    died = [event.time_ms for event in run.trace.of(DriverDied)]
    assert all(run.trace.of(CheckpointWritten)[0].time_ms < time_ms for time_ms in died)
    return run


def wrong_account(run: Run) -> list[str]:
    """Where the account of records (`Delivery`) says something else than the program saw."""
    seen = Counter(SEEN)
    return [
        f"record {row.record} came out {seen[row.record]} times, the account says {row.outcome}: {row.times}"
        for row in run.delivery.records
        if row.times != seen[row.record] or (row.outcome == "lost" and not row.reason) or row.outcome == "pending"
    ]


def known_blocks(run: Run) -> set[str]:
    """The blocks that a driver heard of."""
    return {event.block_id for event in run.trace.of(BlockAdded)}


# --- with a log ------------------------------------------------------------------------------------------------------


def losses_despite_a_log(number: int, crash: str) -> list[str]:
    """What a reliable source lost; then what an unreliable one lost that was more than its buffer."""
    complaints = []
    story(number, crash, "reliable", True, StorageLevel.MEMORY_ONLY)
    if Broker.acknowledged < RECORDS:
        complaints.append(f"reliable: {Broker.acknowledged} of {RECORDS} records were acknowledged")
    if missing := set(range(RECORDS)) - set(SEEN):
        complaints.append(f"reliable: acknowledged and lost: {sorted(missing)}")
    run = story(number, crash, "unreliable", True, StorageLevel.MEMORY_AND_DISK_2)
    known = known_blocks(run)
    if missing := [row.record for row in run.delivery.records if row.outcome == "lost" and row.block_id in known]:
        complaints.append(f"unreliable: in a block that the driver knew, and lost: {missing}")
    if len(set(SEEN)) < sum(row.block_id in known for row in run.delivery.records):
        complaints.append("unreliable: fewer records came out than the driver knew of")
    return complaints + wrong_account(run)


@pytest.mark.parametrize("crash", CRASHES)
def test_with_a_log_nothing_is_lost_that_was_stored(crash: str) -> None:
    wrong = {number: found for number in range(FEW) if (found := losses_despite_a_log(number, crash))}
    assert wrong == {}


@pytest.mark.recovery
@pytest.mark.parametrize("crash", CRASHES)
@pytest.mark.parametrize("first", range(FEW, MANY, PART))
def test_with_a_log_nothing_is_lost_that_was_stored_hundreds_of_times(first: int, crash: str) -> None:
    wrong = {number: found for number in range(first, first + PART) if (found := losses_despite_a_log(number, crash))}
    assert wrong == {}


@pytest.mark.parametrize("crash", CRASHES)
def test_the_stories_have_records_that_only_the_log_could_give_back(crash: str) -> None:
    saved = repeated = 0
    for number in range(FEW):
        run = story(number, crash, "unreliable", True, StorageLevel.MEMORY_AND_DISK_2)
        crashed_ms = max(event.time_ms for event in run.trace.of(FaultInjected))
        gone = {event.block_id for event in run.trace.of(BlockLost)}
        logged = {event.block_id for event in run.trace.of(BlockLogged) if event.time_ms < crashed_ms}
        saved += sum(bool(row.times) and row.block_id in gone & logged for row in run.delivery.records)
        repeated += run.delivery.count("n times")
    assert saved > 0
    assert bool(repeated) == (crash != "receiver")


# --- without one -----------------------------------------------------------------------------------------------------


def test_without_a_log_one_copy_dies_with_its_executor_unless_its_batch_had_begun() -> None:
    lost = kept = 0
    for number in range(FEW):
        run = story(number, "receiver", "unreliable", False, StorageLevel.MEMORY_ONLY)
        assert wrong_account(run) == []
        (removed,) = run.trace.of(ExecutorRemoved)
        begun = {event.batch_time_ms for event in run.trace.of(BatchStarted) if event.time_ms < removed.time_ms}
        gone = {event.block_id for event in run.trace.of(BlockLost)}
        for row in run.delivery.records.where(outcome="lost"):
            assert row.block_id in gone or row.block_id not in known_blocks(run)
        rows = [row for row in run.delivery.records if row.block_id in gone and row.batch_time_ms not in begun]
        assert {row.outcome for row in rows} <= {"lost"}
        lost += len(rows)
        kept += run.delivery.count("once")
    assert lost > 0 < kept


@pytest.mark.parametrize("source", ["reliable", "unreliable"])
def test_without_a_log_a_second_copy_outlives_an_executor(source: str) -> None:
    for number in range(FEW):
        run = story(number, "receiver", source, False, StorageLevel.MEMORY_AND_DISK_2)
        if source == "reliable":
            assert set(SEEN) == set(range(RECORDS))
        else:
            lost = run.delivery.records.where(outcome="lost")
            assert not [row for row in lost if row.block_id in known_blocks(run)]
            assert wrong_account(run) == []


def test_without_a_log_a_driver_takes_with_it_what_was_acknowledged_and_not_processed() -> None:
    losing = 0
    for number in range(FEW):
        run = story(number, "driver", "reliable", False, StorageLevel.MEMORY_AND_DISK_2)
        (died,) = run.trace.of(DriverDied)
        assert Broker.acknowledged == RECORDS
        missing = set(range(RECORDS)) - set(SEEN)
        known_ms = {event.block_id: event.time_ms for event in run.trace.of(BlockAdded)}
        lost = run.delivery.records.where(outcome="lost")
        assert len(lost) >= len(missing)
        assert all(known_ms.get(row.block_id, 0) <= died.time_ms for row in lost)
        losing += bool(missing)
    assert losing > 0
