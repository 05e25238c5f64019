"""The account of records: what becomes of each, told from hand-made traces."""

from sparksim.trace.delivery import Delivery
from sparksim.trace.events import (
    BlockAdded,
    BlockGenerated,
    BlocksAllocated,
    JobGenerationFailed,
    OutputOperationCompleted,
    OutputOperationStarted,
    RecordsLost,
    RecordsSent,
    TaskEnd,
)

SOURCE = "localhost:9999"


def sent(count):
    return RecordsSent(0, SOURCE, 0, count)


def block(name, first, last, stream=0):
    return BlockGenerated(1, stream, name, "1", last - first + 1, ((SOURCE, first, last),))


def added(name, stream=0):
    return BlockAdded(2, stream, name, 1)


def allocated(batch, *names, stream=0):
    return BlocksAllocated(3, batch, stream, names)


def ran(batch, op=0, failure="", streams=(0,)):
    return [
        OutputOperationStarted(4, batch, op, "pprint at x.py:1", streams),
        OutputOperationCompleted(5, batch, op, failure),
    ]


def read(name, records):
    return TaskEnd(5, 1, 1, 1, 0, 0, 0, "1", 0, "Success", "", records, 0, 0, (name,))


def outcomes(*events):
    return [(row.record, row.outcome, row.reason) for row in Delivery(events).records]


def test_a_record_of_a_batch_whose_operation_succeeded_was_processed_once():
    delivery = Delivery([sent(2), block("a", 0, 1), added("a"), allocated(1000, "a"), read("a", 2), *ran(1000)])
    first = delivery.records[0]
    assert (first.source, first.record, first.block_id, first.batch_time_ms) == (SOURCE, 0, "a", 1000)
    assert (first.outcome, first.times, first.reads) == ("once", 1, 1)
    assert delivery.count("once") == delivery.sent == 2


def test_a_record_that_the_trace_says_is_lost_is_lost_for_that_reason():
    assert outcomes(sent(2), RecordsLost(1, ((SOURCE, 1, 1),), 1, "the cable was cut", 0, "")) == [
        (0, "pending", "in the receiver's buffer, or sent and not yet read"),
        (1, "lost", "the cable was cut"),
    ]


def test_a_block_is_followed_to_where_the_run_ended():
    far = [sent(4), block("a", 0, 0), block("b", 1, 1), block("c", 2, 2), block("d", 3, 3)]
    far += [added("b"), added("c"), added("d"), allocated(1000, "c"), allocated(2000, "d")]
    far += [JobGenerationFailed(4, 2000, "Traceback:\n  ...\nValueError: no rdd")]
    assert outcomes(*far) == [
        (0, "pending", "in a block on its way to the driver"),
        (1, "pending", "in a block that waits for the next batch"),
        (2, "pending", "batch 1 s is queued or being processed"),
        (3, "lost", "batch 2 s had no jobs: ValueError: no rdd"),
    ]


def test_a_failed_batch_loses_its_records_and_says_why():
    failure = "Job aborted\nValueError: bad record"
    assert outcomes(sent(1), block("a", 0, 0), added("a"), allocated(1000, "a"), *ran(1000, failure=failure)) == [
        (0, "lost", "batch 1 s failed: ValueError: bad record")
    ]


def test_the_reason_is_the_cause_and_not_where_it_struck():
    failure = (
        "sparksim.core.errors.SparkJobError: Job aborted due to stage failure: Task 0 in stage 1.0 failed 4 times, "
        "most recent failure: Lost task 0.3 in stage 1.0 (TID 7) (host-1 executor 1): "
        "sparksim.core.errors.SparkException: Could not compute split, block a of RDD 6 not found"
    )
    assert outcomes(sent(1), block("a", 0, 0), added("a"), allocated(1000, "a"), *ran(1000, failure=failure)) == [
        (0, "lost", "batch 1 s failed: SparkException: Could not compute split, block a of RDD 6 not found")
    ]


def test_every_output_operation_that_reads_the_stream_has_to_succeed():
    story = [sent(1), block("a", 0, 0), added("a"), allocated(1000, "a")]
    assert outcomes(*story, *ran(1000), *ran(1000, op=1, failure="broken"))[0][1] == "lost"
    assert outcomes(*story, *ran(1000), *ran(1000, op=1, failure="broken", streams=(1,)))[0][1] == "once"


def test_a_batch_that_ran_twice_processed_its_records_twice():
    delivery = Delivery(
        [sent(1), block("a", 0, 0), added("a"), allocated(1000, "a"), *ran(1000), *ran(1000)],
    )
    assert [(row.outcome, row.times) for row in delivery.records] == [("n times", 2)]


def test_a_lost_block_takes_its_records_with_it():
    loss = RecordsLost(4, ((SOURCE, 0, 1),), 2, "its only copy was on executor 1", 0, "a")
    assert outcomes(sent(2), block("a", 0, 1), added("a"), allocated(1000, "a"), loss, *ran(1000)) == [
        (0, "lost", "its only copy was on executor 1"),
        (1, "lost", "its only copy was on executor 1"),
    ]


def test_a_task_that_died_half_way_has_read_half_of_its_block():
    delivery = Delivery([sent(4), block("a", 0, 3), added("a"), allocated(1000, "a"), read("a", 2), read("a", 4)])
    assert [row.reads for row in delivery.records] == [2, 2, 1, 1]


def test_lost_records_are_shown_as_ranges():
    losses = [
        RecordsLost(1, ((SOURCE, 0, 2),), 3, "early", None, ""),
        RecordsLost(1, ((SOURCE, 3, 3),), 1, "early", None, ""),
        RecordsLost(1, ((SOURCE, 4, 4),), 1, "late", None, ""),
    ]
    lost = Delivery([sent(5), *losses]).lost
    assert [(row.first, row.last, row.records, row.reason) for row in lost] == [(0, 3, 4, "early"), (4, 4, 1, "late")]


def test_a_source_that_does_not_count_is_counted_by_its_stream():
    blocks = [BlockGenerated(1, 3, "a", "driver", 2, ()), BlockGenerated(1, 3, "b", "driver", 1, ())]
    told = [added("a", 3), added("b", 3), allocated(1000, "a", "b", stream=3), *ran(1000, streams=(3,))]
    assert [(row.source, row.record, row.outcome) for row in Delivery([*blocks, *told]).records] == [
        ("stream 3", 0, "once"),
        ("stream 3", 1, "once"),
        ("stream 3", 2, "once"),
    ]


def test_the_report_adds_up():
    story = [sent(4), block("a", 0, 1), added("a"), allocated(1000, "a"), *ran(1000)]
    story += [RecordsLost(1, ((SOURCE, 2, 2),), 1, "the cable was cut", 0, "")]
    delivery = Delivery(story)
    assert [(row.outcome, row.records, row.share) for row in delivery.summary] == [
        ("once", 2, "50.0 %"),
        ("lost", 1, "25.0 %"),
        ("pending", 1, "25.0 %"),
    ]
    assert str(delivery).startswith("4 records sent: 2 once, 0 n times, 1 lost, 1 pending\n")
    assert "the cable was cut" in str(delivery)
    assert "the cable was cut" in delivery._repr_html_()
