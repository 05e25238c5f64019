"""What a query says of its batches: the report as a dictionary, as attributes and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from sparksim.sql.streaming.progress import moment, offset_json, rate
from sparksim.sql.streaming.triggers import ProcessingTime
from sparksim.trace.events import QueryProgressed
from tests.sql.streaming.scripted import Script, ScriptedOperator, backend_of, new_session, passes, trace_of


def test_the_report_of_a_batch_in_virtual_time(tmp_path: Path) -> None:
    with new_session() as session:
        clock = backend_of(session).clock
        script = Script(rows=2, times_ms={0: [1_000, 4_001]}, operator=ScriptedOperator(), delay_ms=500)
        script.in_batch = lambda batch_id: clock.sleep(100)
        query = script.start(session, tmp_path, ProcessingTime(2_000), name="told")
        passes(session, 1_000)
        script.rows = 5
        passes(session, 6_500)
        first, second = query.recentProgress
        assert json.loads(first.json) == {
            "id": query.id,
            "runId": query.runId,
            "name": "told",
            "timestamp": "1970-01-01T00:00:00.020Z",
            "batchId": 0,
            "batchDuration": 140,
            "numInputRows": 2,
            "inputRowsPerSecond": 0.0,
            "processedRowsPerSecond": 14.3,
            "durationMs": {
                "addBatch": 100,
                "commitOffsets": 20,
                "latestOffset": 0,
                "queryPlanning": 0,
                "triggerExecution": 140,
                "walCommit": 20,
            },
            "eventTime": {
                "avg": "1970-01-01T00:00:02.500Z",
                "max": "1970-01-01T00:00:04.001Z",
                "min": "1970-01-01T00:00:01.000Z",
                "watermark": "1970-01-01T00:00:00.000Z",
            },
            "stateOperators": [
                {
                    "operatorName": "scripted",
                    "numRowsTotal": 0,
                    "numRowsUpdated": 0,
                    "numRowsRemoved": 0,
                    "numRowsDroppedByWatermark": 0,
                    "numShufflePartitions": 0,
                    "numStateStoreInstances": 0,
                }
            ],
            "sources": [
                {
                    "description": "Scripted",
                    "startOffset": None,
                    "endOffset": 2,
                    "latestOffset": 2,
                    "numInputRows": 2,
                    "inputRowsPerSecond": 0.0,
                    "processedRowsPerSecond": 14.3,
                }
            ],
            "sink": {"description": "ScriptedSink", "numOutputRows": 2},
        }
        assert (second.batchId, second.timestamp, second.numInputRows) == (1, "1970-01-01T00:00:02.000Z", 3)
        assert second.inputRowsPerSecond == pytest.approx(3 / 1.98)
        assert second.eventTime == {"watermark": "1970-01-01T00:00:03.501Z"}
        assert second.sources[0].startOffset == "2"
        assert query.lastProgress is second
        assert [event.progress for event in trace_of(session, QueryProgressed)] == [
            each.json for each in query.recentProgress
        ]


def test_a_report_is_a_dictionary_and_has_attributes(tmp_path: Path) -> None:
    with new_session() as session:
        query = Script(rows=1).start(session, tmp_path)
        assert (query.lastProgress, query.recentProgress) == (None, [])
        query.processAllAvailable()
        progress = query.lastProgress
        assert progress is not None
        assert isinstance(progress, dict)
        assert (progress.batchId, progress["batchId"]) == (0, 0)
        assert (progress.id, progress["id"], progress["runId"]) == (UUID(query.id), query.id, query.runId)
        assert (progress.sources[0].startOffset, progress["sources"][0]["endOffset"]) == ("None", "1")
        assert str(progress) == repr(progress) == progress.prettyJson
        assert json.loads(progress.prettyJson) == json.loads(progress.json)
        assert list(progress) == [
            "id",
            "runId",
            "name",
            "timestamp",
            "batchId",
            "batchDuration",
            "durationMs",
            "eventTime",
            "stateOperators",
            "sources",
            "sink",
            "numInputRows",
            "inputRowsPerSecond",
            "processedRowsPerSecond",
            "observedMetrics",
        ]
        with pytest.raises(KeyError):
            progress["rows"]
        with pytest.raises(AttributeError, match="StreamingQueryProgress has no 'rows'; it has id, runId"):
            progress.rows


def test_only_the_last_reports_are_kept(tmp_path: Path) -> None:
    with new_session() as session:
        session.conf.set("spark.sql.streaming.numRecentProgressUpdates", "4")
        query = Script(rows=6, limit=1).start(session, tmp_path)
        query.processAllAvailable()
        assert [progress.batchId for progress in query.recentProgress] == [3, 4, 5]


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000_123.9, "2023-11-14T22:13:20.123Z"),
        (-1_000, "1969-12-31T23:59:59.000Z"),
    ],
)
def test_moments_are_written_in_utc(time_ms: float, text: str) -> None:
    assert moment(time_ms) == text


def test_small_numbers_of_a_report() -> None:
    assert (rate(5, 2_000), rate(5, 0)) == (2.5, 0.0)
    assert (offset_json(None), offset_json({"a": {"0": 1}})) == ("None", '{"a":{"0":1}}')
