"""From producer to sink, told from hand-made traces: one short story per anomaly, and what adds up."""

from __future__ import annotations

from typing import Any

import pytest

from sparksim.trace.anomalies import AnomalyRow
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    DriverDied,
    Event,
    LeaderElected,
    OffsetRangesAllocated,
    OffsetsCommitted,
    OffsetsReset,
    OffsetsSkipped,
    OutputOperationCompleted,
    OutputOperationStarted,
    ProduceEnded,
    ProduceLost,
    ProducerStarted,
    RecordsAppended,
    RecordsDeleted,
    RecordsLost,
    RecordsProduced,
    RecordsRedelivered,
    RecordsSent,
    RecordsTruncated,
    SinkRolledBack,
    SinkWritten,
    TaskEnd,
    TaskStart,
)

LOG = "orders/0"
ACKED, REFUSED = "", "NotEnoughReplicas: none"


def started(**settings: str) -> ProducerStarted:
    named = {name.replace("_", "."): value for name, value in settings.items()}
    return ProducerStarted(0, "shop", tuple(named.items()))


def produced(count: int, first: int = 0, at: float = 100) -> RecordsProduced:
    return RecordsProduced(at, "shop", first, count)


def appended(*numbers: int, offset: int | None = None, at: float = 110) -> RecordsAppended:
    return RecordsAppended(at, LOG, 1, numbers[0] if offset is None else offset, "shop", numbers)


def ended(*numbers: int, error: str = ACKED, attempts: int = 1, at: float = 120) -> ProduceEnded:
    return ProduceEnded(at, "shop", numbers, LOG, attempts, error)


def seen(count: int, first: int = 0, at: float = 115) -> RecordsSent:
    return RecordsSent(at, LOG, first, count)


def in_log(count: int) -> list[Event]:
    """Records 0, 1, … of the shop, at offsets 0, 1, …, acknowledged and visible."""
    numbers = tuple(range(count))
    return [produced(count), appended(*numbers), seen(count), ended(*numbers)]


def allotted(batch: int, first: int, last: int, stream: int = 0) -> OffsetRangesAllocated:
    name = f"offsets-{stream}-{batch}-0"
    return OffsetRangesAllocated(batch, batch, stream, (name,), ((LOG, first, last),))


def read(batch: int, records: int, at: float, stream: int = 0) -> list[Event]:
    name = f"offsets-{stream}-{batch}-0"
    return [
        TaskStart(at - 1, 7, 1, 1, 0, 0, 0, "1", "host-1", 0, "ANY", False, "ResultTask"),
        TaskEnd(at, 7, 1, 1, 0, 0, 0, "1", 0, "Success", "", records, 0, 0, (name,)),
    ]


def ran(batch: int, at: float | None = None, failure: str = "", stream: int = 0) -> list[Event]:
    at = batch + 100 if at is None else at
    return [
        OutputOperationStarted(at - 50, batch, stream, "foreachRDD at x.py:1", (stream,)),
        OutputOperationCompleted(at, batch, stream, failure),
    ]


def processed(batch: int, first: int, last: int, stream: int = 0) -> list[Event]:
    return [allotted(batch, first, last, stream), *ran(batch, stream=stream)]


def died(at: float) -> DriverDied:
    return DriverDied(at, "sim-0", at + 100)


def stored(offset: int, at: float, cause: str = "commitAsync", storage: str = "kafka") -> OffsetsCommitted:
    return OffsetsCommitted(at, "spark", storage, ((LOG, offset),), 0, cause)


def flat(*story: Any) -> list[Event]:
    return [event for each in story for event in (each if isinstance(each, list) else [each])]


def account(*story: Any) -> Delivery:
    return Delivery(flat(*story))


def rows(*story: Any) -> list[tuple[int, str, int, str]]:
    return [(row.record, row.outcome, row.times, row.where) for row in account(*story).produced]


def anomaly(name: str, *story: Any) -> AnomalyRow:
    [row] = account(*story).anomalies.where(anomaly=name)
    return row


def names(*story: Any) -> list[str]:
    return account(*story).anomalies.column("anomaly")


def test_a_record_that_is_processed_once_is_no_anomaly() -> None:
    delivery = account(in_log(2), processed(1000, 0, 1))
    assert [(row.producer, row.record, row.places, row.outcome) for row in delivery.produced] == [
        ("shop", 0, ("orders/0:0",), "once"),
        ("shop", 1, ("orders/0:1",), "once"),
    ]
    assert len(delivery.anomalies) == 0


def test_a_failed_write_is_one_that_its_producer_heard_of() -> None:
    story = [started(acks="all", retries="0"), produced(1), ended(0, error=REFUSED)]
    assert rows(*story) == [(0, "lost", 0, "producer")]
    row = anomaly("failed write", *story)
    assert row.decided_by == "acks=all, retries=0, delivery.timeout.ms, and whoever hears of the error"
    assert row.example == (
        "record 0 of shop: 0.100 s given to producer shop as its record 0; 0.120 s sent once; its producer gives it "
        "up: NotEnoughReplicas: none (lost: NotEnoughReplicas: none)"
    )


def test_a_lost_write_with_acks_0_is_one_of_which_the_producer_hears_nothing() -> None:
    lost = ProduceLost(130, "shop", (0,), LOG, "broker 1 is dead")
    row = anomaly("lost write", started(acks="0"), produced(1), ended(0), lost)
    assert (row.records, row.decided_by) == (1, "acks=0")


@pytest.mark.parametrize(("acks", "decided_by"), [("1", "acks=1"), ("all", "unclean.leader.election.enable=true")])
def test_a_lost_write_that_went_with_its_leader(acks: str, decided_by: str) -> None:
    gone = RecordsTruncated(500, (LOG, 0, 1), "broker 2, the new leader, never had them")
    story = [started(acks=acks), produced(2), appended(0, 1), ended(0, 1), gone]
    assert rows(*story) == [(0, "lost", 0, "log"), (1, "lost", 0, "log")]
    assert (anomaly("lost write", *story).records, anomaly("lost write", *story).decided_by) == (2, decided_by)


def test_offsets_that_are_given_again_belong_to_other_records() -> None:
    gone = RecordsTruncated(500, (LOG, 1, 1), "broker 2, the new leader, never had them")
    again = [produced(1, first=2, at=600), appended(2, offset=1, at=610), seen(1, first=1, at=620), ended(2, at=630)]
    story = [produced(2), appended(0, 1), seen(1), ended(0, 1), gone, *again, *processed(1000, 0, 1)]
    assert rows(*story) == [(0, "once", 1, ""), (1, "lost", 0, "log"), (2, "once", 1, "")]
    assert [(row.record, row.outcome) for row in account(*story).records] == [(0, "once"), (1, "once")]
    assert [row.what for row in account(*story).story("shop", 1)][-1].startswith("gone from orders/0")
    assert "gone from" not in str(account(*story).story("shop", 2))


def test_what_its_producer_sends_again_after_the_leader_died_is_not_lost() -> None:
    gone = RecordsTruncated(500, (LOG, 0, 0), "broker 2, the new leader, never had them")
    waiting = [produced(1), appended(0), gone]
    assert rows(*waiting) == [(0, "pending", 0, "producer")]
    story = [*waiting, appended(0, at=600), seen(1, at=600), ended(0, attempts=2, at=610), *processed(1000, 0, 0)]
    assert rows(*story) == [(0, "once", 1, "")]
    assert names(*story) == []


def test_a_record_that_was_sent_again_is_in_the_log_twice() -> None:
    twice = [started(enable_idempotence="false"), produced(1), appended(0), appended(0, offset=1), seen(2)]
    story = [*twice, ended(0, attempts=2), *processed(1000, 0, 1)]
    assert rows(*story) == [(0, "n times", 2, "")]
    assert names(*story) == ["produced twice", "duplicate"]
    assert anomaly("duplicate", *story).decided_by == "enable.idempotence=false"


def test_a_record_that_was_sent_again_may_change_places() -> None:
    late = [appended(1, offset=0), appended(0, offset=1)]
    story = [produced(2), *late, seen(2), ended(0, 1), *processed(1000, 0, 1)]
    assert [(row.record, row.reordered) for row in account(*story).produced] == [(0, True), (1, False)]
    assert anomaly("reordered", *story).decided_by == "max.in.flight.requests.per.connection, enable.idempotence"


def test_what_is_delivered_again_is_processed_behind_later_records() -> None:
    again = RecordsRedelivered(1500, ((LOG, 0, 0),), 0)
    story = [*block("b", 1, 1, 1000), *ran(1000), again, *block("a", 0, 0, 2000), *ran(2000)]
    assert [row.reordered for row in account(in_log(2), *story).produced] == [True, False]


def block(name: str, first: int, last: int, batch: int) -> list[Event]:
    records = last - first + 1
    return [
        BlockGenerated(batch - 200, 0, name, "1", records, ((LOG, first, last),)),
        BlockAdded(batch - 100, 0, name, records),
        BlocksAllocated(batch, batch, 0, (name,)),
    ]


def test_a_write_that_was_given_up_may_have_been_read() -> None:
    row = anomaly(
        "aborted read", produced(1), appended(0), seen(1), ended(0, error="KafkaTimeout"), processed(1000, 0, 0)
    )
    assert row.decided_by == "retries, delivery.timeout.ms: no answer is not a refusal"


def test_a_phantom_was_processed_and_is_in_no_log() -> None:
    gone = RecordsTruncated(2000, (LOG, 0, 0), "broker 2, the new leader, never had them")
    story = [in_log(1), processed(1000, 0, 0), gone]
    assert rows(*story) == [(0, "once", 1, "")]
    assert names(*story) == ["phantom"]


def test_what_the_log_gave_up_before_it_was_read_is_expired() -> None:
    gone = RecordsDeleted(900, ((LOG, 0, 1),), "retention.ms=500")
    story = [in_log(3), gone, processed(1000, 2, 2)]
    assert rows(*story) == [(0, "lost", 0, "log"), (1, "lost", 0, "log"), (2, "once", 1, "")]
    assert (anomaly("expired", *story).records, anomaly("expired", *story).decided_by) == (2, "retention.ms=500")


def test_what_the_log_gave_up_after_it_was_read_is_nobodys_business() -> None:
    story = [in_log(1), allotted(1000, 0, 0), read(1000, 1, at=1050), *ran(1000)]
    assert names(*story, RecordsDeleted(1200, ((LOG, 0, 0),), "retention.ms=500")) == []


def test_what_was_deleted_between_the_making_of_a_batch_and_its_task_was_not_read() -> None:
    gone = RecordsDeleted(1010, ((LOG, 0, 0),), "compaction")
    story = [in_log(2), allotted(1000, 0, 1), gone, read(1000, 1, at=1050), *ran(1000)]
    assert rows(*story) == [(0, "lost", 0, "log"), (1, "once", 1, "")]


def test_a_batch_whose_offsets_are_gone_when_it_reads_them_loses_them_for_that_reason() -> None:
    gone = RecordsDeleted(1010, ((LOG, 0, 0),), "retention.ms=500")
    story = [in_log(2), allotted(1000, 0, 1), gone, *ran(1000, failure="OffsetOutOfRange: no offset 0")]
    assert [row.reason for row in account(*story).produced] == [
        "retention.ms=500",
        "batch 1 s failed: OffsetOutOfRange: no offset 0",
    ]
    assert names(*story) == ["expired", "lost with its batch"]


def test_a_topic_that_is_deleted_and_made_anew_counts_from_0_again() -> None:
    gone = RecordsDeleted(500, ((LOG, 0, 1),), "topic orders was deleted")
    again = [produced(1, first=2, at=600), appended(2, offset=0, at=610), seen(1, at=610), ended(2, at=620)]
    story = [in_log(2), gone, *again, *processed(1000, 0, 0)]
    assert rows(*story) == [(0, "lost", 0, "log"), (1, "lost", 0, "log"), (2, "once", 1, "")]


def test_a_stream_that_begins_behind_a_record_skips_it() -> None:
    skip = OffsetsSkipped(500, ((LOG, 0, 0),), 0, "auto.offset.reset=latest")
    row = anomaly("skipped", in_log(2), skip, processed(1000, 1, 1), stored(2, 1100))
    assert (row.records, row.decided_by) == (1, "auto.offset.reset=latest")
    assert "0.500 s stream 0 begins to read behind it" in row.example


def test_a_reset_skips_what_lies_before_it() -> None:
    reset = OffsetsReset(500, "spark", LOG, 1, "auto.offset.reset=largest")
    story = [in_log(2), reset]
    assert rows(*story) == [(0, "lost", 0, "skipped"), (1, "pending", 0, "log")]
    assert anomaly("skipped", *story).decided_by == "auto.offset.reset=largest: group spark starts at 1"


def test_a_hole_is_a_record_that_was_never_read_though_later_ones_were() -> None:
    assert rows(in_log(3), processed(1000, 0, 0), processed(2000, 2, 2)) == [
        (0, "once", 1, ""),
        (1, "lost", 0, "skipped"),
        (2, "once", 1, ""),
    ]


@pytest.mark.parametrize("cause", ["enable.auto.commit=true", "commitAsync"])
def test_what_was_stored_before_it_was_processed_is_lost_with_the_driver(cause: str) -> None:
    skip = OffsetsSkipped(2000, ((LOG, 0, 0),), 0, "in the log before the offset from which stream 0 began to read")
    story = [in_log(1), allotted(1000, 0, 0), stored(1, 1010, cause), died(1020), skip]
    row = anomaly("committed, not processed", *story)
    assert (row.records, row.decided_by) == (1, f"{cause}, before the record was processed")
    assert "1.010 s spark has stored in kafka that it is done with it" in row.example
    assert "1.020 s the driver dies" in row.example


def test_what_only_a_dead_receiver_had_and_had_acknowledged_is_lost() -> None:
    lost = RecordsLost(900, ((LOG, 1, 1),), 1, "read from the source but not yet stored when executor 1 died", 0, "")
    commit = OffsetsCommitted(800, "spark", "zookeeper", ((LOG, 2),), 0, "auto.commit.enable=true")
    story = [in_log(2), *block("a", 0, 0, 1000), commit, lost, *ran(1000)]
    assert rows(*story) == [(0, "once", 1, ""), (1, "lost", 0, "receiver")]
    assert anomaly("lost in the receiver", *story).decided_by == (
        "auto.commit.enable=true, before the record was processed"
    )


def test_a_batch_that_fails_loses_its_records() -> None:
    row = anomaly("lost with its batch", in_log(1), allotted(1000, 0, 0), ran(1000, failure="ValueError: bad"))
    assert row.decided_by == "batch 1 s failed: ValueError: bad"


def test_a_checkpoint_makes_a_batch_run_twice() -> None:
    story = [in_log(1), processed(1000, 0, 0), died(1500), *ran(1000, at=2000)]
    assert rows(*story) == [(0, "n times", 2, "")]
    assert anomaly("duplicate", *story).decided_by.startswith("the driver's checkpoint")


def test_offsets_that_are_stored_after_the_output_are_read_twice() -> None:
    story = [in_log(3), processed(1000, 0, 1), died(1500), processed(2000, 0, 2), stored(3, 3000)]
    assert [row.times for row in account(*story).produced] == [2, 2, 1]
    assert anomaly("duplicate", *story).decided_by == "commitAsync, after the output"


def test_a_receiver_that_stores_before_it_commits_is_delivered_again() -> None:
    again = RecordsRedelivered(1500, ((LOG, 0, 0),), 0)
    row = anomaly("duplicate", in_log(1), block("a", 0, 0, 1000), ran(1000), again, block("b", 0, 0, 2000), ran(2000))
    assert row.decided_by == "the offset is stored after the block: at least once"


def written(operation: str, offset: int, at: float) -> SinkWritten:
    return SinkWritten(at, "totals", operation, (f"order {offset}",), ((LOG, offset, offset),), 1000)


def test_an_upsert_makes_duplicates_vanish_and_an_insert_does_not() -> None:
    twice = [in_log(1), processed(1000, 0, 0), died(1500), *ran(1000, at=2000)]
    for operation, standing, wrong in (("insert", 2, 1), ("upsert", 1, 0)):
        story = [*twice, written(operation, 0, 1060), written(operation, 0, 2060)]
        [row] = account(*story).produced
        assert (row.times, row.writes, row.rows) == (2, 2, standing)
        assert anomaly("duplicate", *story).wrong_rows == wrong
        assert ("doubled row" in names(*story)) == (operation == "insert")


def test_what_is_no_record_of_a_row_says_nothing_of_it() -> None:
    [row] = account(
        in_log(1), processed(1000, 0, 0), SinkWritten(1, "totals", "insert", ("a",), (("", -1, -1),), None)
    ).produced
    assert (row.writes, row.rows) == (None, None)


def test_one_record_may_make_rows_of_several_keys() -> None:
    words = SinkWritten(1060, "words", "insert", ("to", "be"), ((LOG, 0, 0), (LOG, 0, 0)), 1000)
    [row] = account(in_log(1), processed(1000, 0, 0), words).produced
    assert (row.writes, row.rows) == (1, 1)


def test_a_write_that_was_undone_and_never_done_again() -> None:
    undone = SinkRolledBack(1060, "totals", 1, "executor 1 died", ((LOG, 0, 0),), 1000)
    story = [in_log(2), processed(1000, 0, 1), undone, written("insert", 1, 1070)]
    row = anomaly("rolled back", *story)
    assert (row.records, row.wrong_rows, row.decided_by) == (1, 1, "executor 1 died")
    assert names(*story, written("insert", 0, 1080)) == []


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        ([produced(1)], "its producer has sent it and waits, or will send it (again)"),
        ([produced(1), appended(0)], "in the log, where readers may not see it yet"),
        ([produced(1), ended(0)], "on its way to the broker, which nobody waits for"),
        (in_log(1), "in the log, and in no batch yet"),
        ([*in_log(1), allotted(1000, 0, 0)], "batch 1 s is queued or being processed"),
    ],
)
def test_what_the_run_ended_too_early_for_is_unobserved(story: list[Event], reason: str) -> None:
    [row] = account(*story).produced
    assert (row.outcome, row.reason) == ("pending", reason)
    assert anomaly("unobserved", *story).decided_by == f"the end of the run: {reason}"


def test_a_batch_that_is_made_anew_with_other_offsets_counts_what_it_reads() -> None:
    story = [in_log(3), allotted(1000, 0, 0), died(1050), processed(1000, 0, 2)]
    assert [row.times for row in account(*story).produced] == [1, 1, 1]


def test_a_log_that_two_streams_read_is_told_by_the_one_that_fared_worst() -> None:
    behind = OffsetsSkipped(500, ((LOG, 0, 0),), 1, "auto.offset.reset=latest")
    delivery = account(in_log(2), behind, processed(1000, 0, 1), processed(1000, 1, 1, stream=1))
    assert [(row.outcome, row.where) for row in delivery.produced] == [("lost", "skipped"), ("once", "")]
    assert [row.outcome for row in delivery.of_stream(0).produced] == ["once", "once"]
    assert [row.outcome for row in delivery.of_stream(1).produced] == ["lost", "once"]


def test_a_log_without_known_producers_is_one_itself_and_begins_where_it_was_read() -> None:
    story = [LeaderElected(0, LOG, 1, (1,), True), *processed(1000, 1000, 1001), *processed(2000, 1003, 1003)]
    assert [(row.producer, row.record, row.outcome) for row in account(*story).produced] == [
        (LOG, 1000, "once"),
        (LOG, 1001, "once"),
        (LOG, 1003, "once"),
    ]


def test_every_record_is_in_exactly_one_row() -> None:
    other = [RecordsProduced(100, "other", 0, 2), RecordsAppended(110, "orders/1", 1, 0, "other", (1,))]
    story = [produced(4), appended(0, 1), appended(1, offset=2), ended(3, error=REFUSED), seen(3), *other]
    assert [(row.producer, row.record) for row in account(*story, processed(1000, 0, 2)).produced] == [
        ("other", 0),
        ("other", 1),
        ("shop", 0),
        ("shop", 1),
        ("shop", 2),
        ("shop", 3),
    ]


def test_the_story_of_a_record_is_all_that_happened_to_it() -> None:
    story = [started(acks="1"), *in_log(2), allotted(1000, 0, 1), *read(1000, 2, at=1050), written("upsert", 1, 1060)]
    story += [*ran(1000, at=1100), stored(2, 2000)]
    told = Delivery(story).story(LOG, 1)
    assert [(row.time_ms, row.what) for row in told] == [
        (100, "given to producer shop as its record 1"),
        (110, "written to orders/0 at offset 1 by broker 1"),
        (115, "readers may see it"),
        (120, "sent once; its producer is done"),
        (1000, "in the offsets of batch 1 s of stream 0"),
        (1050, "read by a task on executor 1"),
        (1060, "written to sink totals: the row of key order 1"),
        (1100, "output operation 0 of batch 1 s succeeded"),
        (2000, "spark has stored in kafka that it is done with it (commitAsync)"),
    ]
    assert told == Delivery(story).story("shop", 1)


def test_a_record_that_does_not_exist_has_no_story() -> None:
    with pytest.raises(ValueError, match=r"story\('orders/9', 3\): no such record; .* one of the producers \(shop\)"):
        account(in_log(1)).story("orders/9", 3)


def test_a_run_without_logs_has_no_producers() -> None:
    delivery = account(RecordsSent(0, "localhost:9999", 0, 3))
    assert (len(delivery.produced), len(delivery.anomalies), delivery.sent) == (0, 0, 3)
