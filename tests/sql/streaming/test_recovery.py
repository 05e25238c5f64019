"""Where a query goes on: what the two logs say, case by case, and what a restarted query does with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.core.errors import IllegalStateError
from sparksim.sql.streaming.recovery import Beginning, beginning
from sparksim.sql.streaming.store.commit_log import CommitEntry, CommitLog
from sparksim.sql.streaming.store.offset_log import OffsetEntry, OffsetLog
from sparksim.sql.streaming.triggers import AvailableNow, Once
from sparksim.sql.utils import StreamingQueryException
from sparksim.trace.events import QueryBatchPlanned, Warned
from tests.sql.streaming.scripted import Script, ScriptedOperator, new_session, trace_of

FIRST = OffsetEntry(0, 1_000, {"key": "kept"}, (3,))
SECOND = OffsetEntry(5_000, 2_000, {"key": "kept"}, (7,))
GAP = "batch {} is the last one in the commit log and batch {} in the offset log: what lies between is taken as done"


@pytest.mark.parametrize(
    ("planned", "done", "found"),
    [
        ({}, {}, Beginning(0, (None,))),
        ({0: FIRST}, {}, Beginning(0, (None,), 0, 0, FIRST, FIRST.conf)),
        ({0: FIRST}, {0: 6_000}, Beginning(1, (3,), 6_000, 0, None, FIRST.conf)),
        ({0: FIRST, 1: SECOND}, {0: 5_000}, Beginning(1, (3,), 5_000, 0, SECOND, SECOND.conf)),
        ({0: FIRST, 1: SECOND}, {0: 5_000, 1: 4_000}, Beginning(2, (7,), 5_000, 5_000, None, SECOND.conf)),
        (
            {4: FIRST, 5: FIRST, 6: SECOND},
            {4: 0},
            Beginning(6, (3,), 5_000, 0, SECOND, SECOND.conf, GAP.format(4, 6)),
        ),
        ({0: FIRST, 1: SECOND}, {}, Beginning(1, (3,), 5_000, 0, SECOND, SECOND.conf, GAP.format(-1, 1))),
    ],
)
def test_where_the_logs_say_to_begin(
    tmp_path: Path, planned: dict[int, OffsetEntry], done: dict[int, int], found: Beginning
) -> None:
    offsets, commits = OffsetLog(str(tmp_path / "offsets")), CommitLog(str(tmp_path / "commits"))
    for batch_id, entry in planned.items():
        offsets.add(batch_id, entry)
    for batch_id, watermark_ms in done.items():
        commits.add(batch_id, CommitEntry(watermark_ms))
    assert beginning(offsets, commits, 1) == found


@pytest.mark.parametrize(
    ("planned", "sources", "complaint"),
    [
        ({4: FIRST}, 1, "batch 3 is missing in the offset log, so batch 4 does not know where to begin"),
        ({0: FIRST}, 2, "batch 0 of this checkpoint has offsets of 1 sources, and the query has 2"),
    ],
)
def test_logs_that_do_not_fit_are_refused(
    tmp_path: Path, planned: dict[int, OffsetEntry], sources: int, complaint: str
) -> None:
    offsets, commits = OffsetLog(str(tmp_path / "offsets")), CommitLog(str(tmp_path / "commits"))
    for batch_id, entry in planned.items():
        offsets.add(batch_id, entry)
    with pytest.raises(IllegalStateError, match=complaint):
        beginning(offsets, commits, sources)


def test_a_batch_that_was_not_committed_runs_again_as_it_was_planned(tmp_path: Path) -> None:
    def fail(batch_id: int) -> None:
        if batch_id == 1:
            raise ValueError("disk full")

    with new_session() as session:
        script = Script(rows=2, times_ms={0: [9_000]}, in_batch=fail)
        query = script.start(session, tmp_path)
        query.processAllAvailable()
        script.rows = 5
        with pytest.raises(StreamingQueryException, match="disk full"):
            query.processAllAvailable()
        before = script.inputs[-1]
        script.rows = 9
        script.in_batch = lambda batch_id: None
        again = script.start(session, tmp_path)
        again.processAllAvailable()
        first, *_ = script.inputs[-2:]
        assert (first.batch_id, first.batch_ms, first.times) == (1, before.batch_ms, before.times)
        assert [next(iter(each.ranges.values())) for each in script.inputs] == [(None, 2), (2, 5), (2, 5), (5, 9)]
        planned = trace_of(session, QueryBatchPlanned)
        assert [(event.batch, event.again) for event in planned] == [(0, False), (1, False), (1, True), (2, False)]
        assert (again.id, again.runId == query.runId) == (query.id, False)


def test_the_watermark_outlives_a_restart_but_asks_for_no_batch(tmp_path: Path) -> None:
    with new_session() as session:
        script = Script(rows=1, times_ms={0: [9_000]}, operator=ScriptedOperator())
        script.start(session, tmp_path, Once()).awaitTermination()
        script.start(session, tmp_path, AvailableNow()).awaitTermination()
        assert [each.batch_id for each in script.inputs] == [0]
        script.rows = 2
        script.start(session, tmp_path, Once()).awaitTermination()
        times = script.inputs[-1].times[0]
        assert (times.late_ms, times.evict_ms) == (0, 9_000)


def test_the_first_batch_decides_how_many_partitions_states_have(tmp_path: Path) -> None:
    with new_session() as session:
        session.conf.set("spark.sql.shuffle.partitions", "2")
        script = Script(rows=1)
        script.start(session, tmp_path, Once()).awaitTermination()
        session.conf.set("spark.sql.shuffle.partitions", "7")
        script.start(session, tmp_path, Once()).awaitTermination()
        assert [entry for entry in script.diary if "partitions" in str(entry)] == ["2 partitions", "2 partitions"]
        assert [event.message for event in trace_of(session, Warned)] == [
            "the first batch of this checkpoint ran with spark.sql.shuffle.partitions=2, which stays; 7 is ignored"
        ]


def test_old_entries_of_both_logs_are_deleted(tmp_path: Path) -> None:
    with new_session() as session:
        session.conf.set("spark.sql.streaming.minBatchesToRetain", "2")
        script = Script(rows=6, limit=1)
        script.start(session, tmp_path, AvailableNow()).awaitTermination()
        assert OffsetLog(str(tmp_path / "offsets")).ids() == [3, 4, 5]
        assert CommitLog(str(tmp_path / "commits")).ids() == [3, 4, 5]
