"""The trace of a direct stream over a Kafka cluster that loses a broker, written by hand: small, with every event."""

from __future__ import annotations

from sparksim.trace import Trace
from sparksim.trace import events as e

LOGS = ("orders/0", "orders/1")


def kafka_trace() -> Trace:
    ranges = (((LOGS[0], 0, 9), (LOGS[1], 0, 4)), ((LOGS[0], 10, 19),))
    events: list[e.Event] = [
        e.ApplicationStart(0, "app-0", "totals", "sim[1,1]", 3, 1),
        e.ExecutorAdded(0, "1", "host-1", 1),
        e.StreamingStarted(0, 1000, 200, 0, 1),
        e.RecordsAppended(100, LOGS[0], 1, 0, "p", (0, 1)),
        e.RecordsSent(100, LOGS[0], 0, 10),
        e.RecordsSent(100, LOGS[1], 0, 5),
        e.GroupRebalanced(150, "totals", 1, (("c1", LOGS),), "a member joined"),
        e.LeaderElected(200, LOGS[1], 2, (2,), True),
        e.RecordsSent(1200, LOGS[0], 10, 12),
        e.BrokerStopped(1300, 1, "kafka-1", "killed"),
        e.LeaderElected(1350, LOGS[0], 2, (2,), False),
        e.LeaderElected(1350, LOGS[1], None, (), False),
        e.BrokerStarted(1800, 1, "kafka-1"),
        e.OffsetsReset(1900, "totals", LOGS[1], 5, "the offset is out of range"),
    ]
    for number, origins in enumerate(ranges):
        time_ms = 1000 * (number + 1)
        names = tuple(f"{source}-{time_ms}" for source, _, _ in origins)
        records = sum(last - first + 1 for _, first, last in origins)
        events += [
            e.OffsetRangesAllocated(time_ms, time_ms, 0, names, origins),
            e.BatchSubmitted(time_ms, time_ms, ((0, records),), 1),
            e.BatchStarted(time_ms + 1, time_ms),
            e.OutputOperationStarted(time_ms + 1, time_ms, 0, "foreachRDD at totals.py:12", (0,)),
            e.JobStart(time_ms + 2, number, "foreachRDD at totals.py:12", (number,), time_ms, 0),
            e.StageSubmitted(time_ms + 2, number, number, 0, "foreachRDD at totals.py:12", 1),
            e.TaskStart(time_ms + 3, number, number, number, 0, 0, 0, "1", "host-1", 0, "ANY", False, "ResultTask"),
            e.TaskEnd(time_ms + 90, number, number, number, 0, 0, 0, "1", 0, "Success", "", records, 0, 0, names),
            e.StageCompleted(time_ms + 90, number, 0, ""),
            e.JobEnd(time_ms + 90, number, True, ""),
            e.OutputOperationCompleted(time_ms + 91, time_ms, 0, ""),
            e.BatchCompleted(time_ms + 92, time_ms, False),
            e.OffsetsCommitted(
                time_ms + 95, "totals", "kafka", tuple((s, last + 1) for s, _, last in origins), 0, "commitAsync"
            ),
        ]
    events.append(e.ApplicationEnd(2500, "app-0"))
    return Trace(sorted(events, key=lambda event: event.time_ms))
