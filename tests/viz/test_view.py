"""The packet that a browser gets: every lane, every bar with its row, and the moments at which things begin and end."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz.columns import unpack
from sparksim.viz.html_page import script
from sparksim.viz.view import COLUMNS, timeline_packet
from sparksim.viz.words import WORDS
from tests.trace.small import small_trace
from tests.viz.kafka_run import kafka_trace
from tests.viz.word_count import WordCount

Tables = dict[str, dict[str, list[Any]]]


def view(trace: Trace, **how: Any) -> tuple[Tables, dict[str, Any]]:
    return unpack(timeline_packet(trace, **how))


def test_lanes_are_grouped_by_where_things_happen() -> None:
    _, head = view(small_trace())
    assert [(lane["group"], lane["title"]) for lane in head["lanes"]] == [
        ("Sources", "localhost:9999"),
        ("Receiver 0", "runs on"),
        ("Receiver 0", "blocks"),
        ("Driver", "batch intervals"),
        ("Driver", "waiting batches"),
        ("Driver", "output operations"),
        ("Driver", "stages"),
        ("Executor 1", "core 0"),
        ("Executor 1", "core 1"),
        ("Executor 2", "core 0"),
        ("Executor 2", "core 1"),
    ]


def test_a_direct_stream_and_kafka_have_groups_of_their_own() -> None:
    _, head = view(kafka_trace(), lang="zh")
    groups = list(dict.fromkeys(lane["group"] for lane in head["lanes"]))
    assert groups == ["数据源", "直连流 0", "驱动程序", "执行器 1", "Kafka"]


def test_every_bar_leads_to_the_row_it_shows() -> None:
    tables, head = view(WordCount().trace())
    bars, names = tables["bars"], list(COLUMNS)
    for lane, table, row, start_ms in zip(bars["lane"], bars["table"], bars["row"], bars["start_ms"], strict=True):
        if head["lanes"][lane]["kind"] == "core":
            assert names[table] == "tasks"
            assert tables["tasks"]["start_ms"][row] == start_ms
            assert str(tables["tasks"]["core"][row]) == head["lanes"][lane]["title"].removeprefix("core ")
    tasks_shown = [row for row, table in zip(bars["row"], bars["table"], strict=True) if names[table] == "tasks"]
    assert sorted(tasks_shown) == list(range(len(tables["tasks"]["task_id"])))


def test_tasks_know_their_jobs_and_what_they_read() -> None:
    tables, _ = view(small_trace())
    assert tables["tasks"]["job"] == [0, 1, 2, 2]
    assert tables["reads"] == {"task": [1], "block_id": ["input-0-400"]}


def test_a_block_waits_from_when_the_driver_knows_it_until_its_batch_or_the_driver_s_end() -> None:
    trace = small_trace()
    trace.append(e.BlockGenerated(2600, 0, "input-0-2400", "2", 1, ()))
    trace.append(e.BlockAdded(2610, 0, "input-0-2400", 1))
    trace.append(e.DriverDied(2700, "app-0", None))
    tables, _ = view(trace)
    assert tables["blocks"]["added_ms"] == [606, 1603, 2610]
    assert tables["blocks"]["left_ms"] == [1000, 2000, 2700]
    assert tables["blocks"]["allocated_ms"] == [1000, 2000, None]


def test_a_batch_is_over_when_it_is_done_or_its_driver_is_dead() -> None:
    trace = small_trace().until(2050)
    trace.append(e.BatchSubmitted(2060, 3000, (), 1))
    trace.append(e.DriverDied(2100, "app-0", None))
    tables, _ = view(trace)
    assert tables["batches"]["waited_ms"] == [1003, 2004, 2100]
    assert tables["batches"]["over_ms"] == [1107, 2100, 2100]


def test_the_backlog_of_a_log_grows_with_what_is_sent_and_falls_with_what_a_batch_takes() -> None:
    backlog = view(kafka_trace())[0]["backlog"]
    steps = list(zip(backlog["source"], backlog["time_ms"], backlog["records"], strict=True))
    assert steps == [
        ("orders/0", 100, 10),
        ("orders/0", 1000, 0),
        ("orders/0", 1200, 12),
        ("orders/0", 2000, 2),
        ("orders/1", 100, 5),
        ("orders/1", 1000, 0),
    ]


@pytest.mark.parametrize(("batches", "window_ms"), [(3, [14_000, 20_000]), (9, [0, 20_000]), (100, [0, 20_000])])
def test_at_first_the_last_batches_are_shown(batches: int, window_ms: list[float]) -> None:
    assert view(WordCount().trace(), batches=batches)[1]["window_ms"] == window_ms


def test_a_live_run_begins_at_0_too() -> None:
    live, simulated = view(WordCount(start_ms=1_790_000_000_123).trace()), view(WordCount().trace())
    for table, column in (("bars", "start_ms"), ("bars", "end_ms"), ("batches", "over_ms"), ("blocks", "left_ms")):
        expected = [time_ms or 0 for time_ms in simulated[0][table][column]]
        assert [time_ms or 0 for time_ms in live[0][table][column]] == pytest.approx(expected, abs=0.002)
    assert live[1]["first_batch_ms"] == simulated[1]["first_batch_ms"] == 2000


def test_faults_are_named_in_the_language_asked_for() -> None:
    assert view(small_trace())[1]["faults"] == [[2100, "ExecutorCrash: executor 1 removed"]]
    assert view(small_trace(), lang="zh")[1]["faults"] == [[2100, "ExecutorCrash：执行器 1 被移除"]]


def test_a_run_without_streaming_shows_its_tasks() -> None:
    trace = Trace(event for event in small_trace() if type(event).__name__.startswith(("Exec", "Task", "Job", "Stage")))
    tables, head = view(trace)
    assert {lane["kind"] for lane in head["lanes"]} == {"stages", "core"}
    assert (head["title"], head["batch_ms"], tables["batches"]["records"]) == ("", 0, [])


def test_any_beginning_of_a_run_can_be_shown() -> None:
    trace = WordCount().trace()
    times_ms = sorted({event.time_ms for event in trace})
    for time_ms in times_ms[:: len(times_ms) // 20]:
        assert view(trace.until(time_ms))[0]["bars"].keys() == view(trace)[0]["bars"].keys()


def test_that_single_records_are_not_shown_is_said() -> None:
    trace = small_trace()
    assert view(trace)[1]["note"] == ""
    trace.append(e.BlockGenerated(2400, 0, "input-0-2200", "2", 300_000, ()))
    _, head = view(trace)
    assert head["note"] == "More than 300,000 records: blocks and batches are shown, single records are not."
    assert "source" not in {lane["kind"] for lane in head["lanes"]}


def test_a_stack_trace_is_cut() -> None:
    trace = small_trace()
    trace.append(e.OutputOperationStarted(2500, 3000, 0, "pprint", ()))
    trace.append(e.OutputOperationCompleted(2500, 3000, 0, "x" * 5000))
    assert max(map(len, view(trace)[0]["operations"]["failure"])) == 302


@pytest.mark.parametrize(
    ("trace", "how", "message"),
    [
        (Trace(), {}, "the trace is empty: run something before showing its timeline"),
        (small_trace(), {"lang": "de"}, "lang='de': there are texts in 'en' and 'zh'; give one of these"),
        (small_trace(), {"batches": 0}, "batches=0: give the number of batches to show at first, 1 or more"),
    ],
)
def test_what_cannot_be_shown_is_refused(trace: Trace, how: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        timeline_packet(trace, **how)


def test_both_languages_say_the_same_with_the_same_values() -> None:
    english, chinese = WORDS["en"], WORDS["zh"]
    assert english.keys() == chinese.keys()
    places = re.compile(r"\{\w+\}")
    different = {key for key, text in english.items() if set(places.findall(text)) != set(places.findall(chinese[key]))}
    assert different == set()


def test_the_script_says_nothing_that_there_is_no_text_for() -> None:
    english = WORDS["en"]
    said = set(re.findall(r'say\(run, "([^"]+)"', script())) | set(re.findall(r'entry\("([^"]+)"', script()))
    assert len(said) > 30
    assert said - english.keys() == set()
    assert {f"fact.{column}" for columns in COLUMNS.values() for column in columns} - english.keys() <= {
        "fact.description", "fact.cores", "fact.removed_ms", "fact.level",
    }  # fmt: skip  # of tables that no bar shows
