"""What a story of the matrix of queries shows, and what would break a promise of Spark."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from sparksim.semantics import QUERYING, Matrix, QueryCell, QueryFinding, replay
from sparksim.semantics.query_cells import UNTIL_S, cells
from sparksim.semantics.query_findings import changed_batches, finding, rows
from sparksim.semantics.query_report import guarantee, section
from sparksim.semantics.query_ways import FILES, LAST_S, ROWS_PER_FILE
from sparksim.sim import AtQueryBatch, DriverCrash, Run
from sparksim.trace.events import RecordsLost
from sparksim.trace.query_events import QueryBatchPlanned, QueryStarted
from sparksim.trace.trace import Trace

NUMBERS = range(FILES * ROWS_PER_FILE)
AGAIN = [number for number in NUMBERS if number % ROWS_PER_FILE == ROWS_PER_FILE - 1][:-1]
"""Rows that come a second time, with the next file."""


def clean(shape: str) -> Run:
    return QueryCell(shape, "upsert", "driver").simulation(0).with_(faults=()).run(UNTIL_S)


def at(number: int, later: int = 0) -> str:
    return f"1970-01-01 00:01:{number // 2 + later:02}"


def word(number: int) -> str:
    return "abc"[number % 3]


def copies() -> list[tuple[int, int]]:
    return [*((number, 0) for number in NUMBERS), *((number, 1) for number in AGAIN)]


def test_the_rows_of_a_filter() -> None:
    expected = [(str(n), str(copy), at(n), word(n)) for n, copy in copies() if n % 5]
    assert rows(clean("filter")) == Counter(expected)


def test_the_rows_of_windows() -> None:
    counts = Counter((n // 2 // 2 * 2, word(n)) for n, _ in copies())
    found = rows(clean("window"))
    assert {count for *_, count in found} == {str(count) for count in counts.values()}
    assert len(found) == len(counts)
    assert sum(int(count) for *_, count in found) == len(copies())


def test_the_rows_without_duplicates() -> None:
    last = ("1000", "1970-01-01 00:10:00", "last")
    assert rows(clean("distinct")) == Counter([*((str(n), at(n), word(n)) for n in NUMBERS), last])


def test_the_rows_of_a_join() -> None:
    found = rows(clean("outer join"))
    matched = {(int(n), int(m)) for n, _, _, m, _ in found if m != "None"}
    assert matched == {(1000, 1000), *((n, n) for n in NUMBERS if n % 2 == 0 and n < NUMBERS[-1] - 2)}
    assert {(int(n), int(copy)) for n, copy, *_ in found} == {*copies(), (1000, 0)}
    assert set(found.values()) == {1}


@pytest.mark.parametrize("shape", ["complete", "update"])
def test_the_latest_rows_of_a_table(shape: str) -> None:
    counts = Counter(word(n) for n, _ in copies())
    assert rows(clean(shape)) == Counter([("last", "1"), *((key, str(count)) for key, count in counts.items())])


def test_without_a_crash_the_file_sink_has_the_rows_that_foreach_batch_has() -> None:
    story = QueryCell("filter", "files", "driver").simulation(0).with_(faults=())
    lines = map(json.loads, rows(story.run(UNTIL_S)).elements())
    assert sorted((line["n"], line["copy"]) for line in lines) == sorted(each for each in copies() if each[0] % 5)


def test_a_batch_that_the_file_sink_has_is_not_written_again() -> None:
    story = QueryCell("filter", "files", "driver").simulation(0)
    run = story.with_(faults=[DriverCrash(AtQueryBatch(1, "written", 0.01), restart_after=0.2)]).run(UNTIL_S)
    assert finding(run) == QueryFinding()
    assert [event.again for event in run.trace.of(QueryBatchPlanned) if event.batch == 1] == [False, True]


def test_a_batch_that_a_plain_insert_had_has_its_rows_twice() -> None:
    story = QueryCell("filter", "insert", "driver").simulation(0)
    run = story.with_(faults=[DriverCrash(AtQueryBatch(0, "written", 0.01), restart_after=0.2)]).run(UNTIL_S)
    assert finding(run) == QueryFinding(doubled=4)


def test_a_socket_loses_what_its_driver_had() -> None:
    story = QueryCell("socket", "upsert", "driver").simulation(0)
    run = story.with_(faults=[DriverCrash(0.6, restart_after=0.2)]).run(UNTIL_S)
    lost = finding(run).lost
    assert lost > 0
    assert sum(event.count for event in run.trace.of(RecordsLost)) == lost


def test_a_batch_that_was_planned_otherwise_is_told() -> None:
    first = QueryBatchPlanned(1.0, "run", 3, 0, 0, ("0",), ("7",), True, False)
    other = QueryBatchPlanned(2.0, "run", 3, 0, 0, ("0",), ("9",), True, True)
    same = QueryBatchPlanned(2.0, "run", 3, 0, 0, ("0",), ("7",), True, True)
    assert changed_batches(Run(Trace([first, other]))) == [3]
    assert changed_batches(Run(Trace([first, same]))) == []


def test_a_story_is_the_same_when_it_is_told_again() -> None:
    one, two = (replay("filter/upsert/both", 4) for _ in range(2))
    assert list(one.trace) == list(two.trace)
    assert len({event.query for event in one.trace.of(QueryStarted)}) == 1


@pytest.mark.parametrize("cell", list(cells())[::16], ids=str)
def test_all_crashes_are_over_when_the_last_file_comes(cell: QueryCell) -> None:
    """The windows that it closes are not closed by a query that starts after it: nothing new, no batch."""
    run = cell.simulation(1).run(UNTIL_S)
    assert all(event.time_ms < LAST_S * 1000 for event in run.trace.of(QueryStarted))


@pytest.mark.parametrize(
    ("name", "found", "broken"),
    [
        ("window/files/driver", QueryFinding(lost=1), ["lost"]),
        ("window/upsert/both", QueryFinding(doubled=1, changed=1), ["doubled", "changed"]),
        ("update/upsert/executor", QueryFinding(strange=1, died=1), ["strange", "died"]),
        ("filter/insert/driver", QueryFinding(doubled=4), []),
        ("filter/insert/driver", QueryFinding(lost=1), ["lost"]),
        ("socket/upsert/driver", QueryFinding(lost=9, changed=1, died=1), []),
        ("socket/upsert/executor", QueryFinding(lost=9), ["lost"]),
    ],
)
def test_what_spark_promises(name: str, found: QueryFinding, broken: list[str]) -> None:
    assert QUERYING.promise(QUERYING.cell(name)).broken_by(found) == broken


def test_the_guarantee_of_a_cell_is_what_holds_in_all_its_stories() -> None:
    fine, lost, doubled = QueryFinding(), QueryFinding(lost=1), QueryFinding(doubled=1)
    assert guarantee([fine, fine]) == "exactly once"
    assert guarantee([fine, doubled]) == "at least once"
    assert guarantee([lost, fine]) == guarantee([QueryFinding(strange=1)]) == guarantee([lost, doubled]) == "none"
    assert guarantee([]) == "-"


def test_the_part_of_the_page_has_a_row_for_each_cell() -> None:
    matrix = Matrix(QUERYING, {cell: (QueryFinding(),) for cell in cells()})
    lines = list(section(matrix))
    assert sum(" | exactly once | never | never | never | never | " in line for line in lines) == matrix.runs
    assert "| a socket | - | exactly once | - |" in lines
