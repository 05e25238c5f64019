"""What a story shows, told from what was written; and what would break a promise of Spark."""

from __future__ import annotations

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics import RECEIVING, Cell, Finding, Matrix, cells, ledger, replay
from sparksim.semantics.cells import RECORDS, SOURCES
from sparksim.semantics.findings import finding
from sparksim.semantics.ledger import Write
from sparksim.sim import Run
from sparksim.trace.events import BlockAdded, BlockGenerated, RecordsLost
from sparksim.trace.trace import Trace

EVERYTHING = [Write(3.0, 0, number) for number in range(RECORDS)]


def without(*numbers: int) -> list[Write]:
    return [write for write in EVERYTHING if write.record not in numbers]


def block(name: str, first: int, last: int) -> BlockGenerated:
    return BlockGenerated(1.0, 0, name, "1", last - first + 1, (("s", first, last),))


def lost(first: int, last: int, reason: str, block_id: str = "") -> RecordsLost:
    return RecordsLost(2.0, (("s", first, last),), last - first + 1, reason, 0, block_id)


NOTHING = Run(Trace())


def test_when_everything_is_there_once_nothing_is_found() -> None:
    assert finding(NOTHING, EVERYTHING) == Finding()


def test_a_record_written_again_for_its_batch_is_repeated() -> None:
    assert finding(NOTHING, [*EVERYTHING, Write(3.0, 1, 7)]) == Finding(repeated=1)


def test_a_record_of_two_batches_is_there_twice() -> None:
    assert finding(NOTHING, [*EVERYTHING, Write(4.0, 0, 7)]) == Finding(twice=1)


def test_a_record_that_nobody_misses_is_unexplained() -> None:
    assert finding(NOTHING, without(5)) == Finding(unexplained=1)


def test_where_a_record_got_lost() -> None:
    told = Run(
        Trace(
            [
                block("known", 10, 12),
                BlockAdded(1.5, 0, "known", 3),
                block("unknown", 13, 14),
                lost(13, 14, "cut into a block that had not reached the driver", "unknown"),
                lost(15, 15, "in the receiver's buffer when executor 1 crashed"),
                lost(16, 19, "sent while no receiver was connected"),
            ]
        )
    )
    assert finding(told, without(*range(10, 20))) == Finding(stored=3, buffered=3, unheard=4)


def test_findings_travel_as_text() -> None:
    assert Finding.parse(str(Finding(1, 2, 3, 4, 5, 6))) == Finding(1, 2, 3, 4, 5, 6)
    for text in ("", "1.2", "1.2.3.4.5.x"):
        with pytest.raises(IllegalArgumentError, match="is no finding"):
            Finding.parse(text)


@pytest.mark.parametrize(
    ("name", "found", "broken"),
    [
        ("unreliable/executor/stored", Finding(buffered=4, unheard=9), []),
        ("unreliable/executor/stored", Finding(stored=1), ["stored"]),
        ("unreliable/driver/stored", Finding(stored=20, buffered=3), []),
        ("reliable/executor/stored", Finding(twice=5, repeated=2), []),
        ("reliable/executor/stored", Finding(buffered=1), ["buffered"]),
        ("reliable/driver/stored", Finding(stored=5), []),
        ("unreliable+wal/both/stored", Finding(stored=5), ["stored"]),
        ("reliable+wal/both/stored", Finding(stored=1, buffered=1), ["buffered", "stored"]),
        ("direct/both/stored", Finding(repeated=9), []),
        ("direct/both/stored", Finding(twice=1), ["twice"]),
        ("direct/executor/stored", Finding(unexplained=1), ["unexplained"]),
    ],
)
def test_what_spark_promises(name: str, found: Finding, broken: list[str]) -> None:
    assert RECEIVING.promise(RECEIVING.cell(name)).broken_by(found) == broken


def test_a_broken_promise_says_how_to_see_it() -> None:
    matrix = Matrix(RECEIVING, {RECEIVING.cell("direct/driver/stored"): (Finding(), Finding(stored=2))})
    (sentence,) = matrix.contradictions()
    assert sentence == (
        "direct/driver/stored seed 1: 2 records stored, and Spark says: nothing is lost; received exactly once. "
        "See it: sparksim semantics --replay 'direct/driver/stored' --seed 1"
    )


def test_the_matrix_has_a_cell_for_everything() -> None:
    assert len(list(cells())) == 75
    assert str(next(cells())) == "unreliable/executor/before store"
    with pytest.raises(IllegalArgumentError, match="write SOURCE/VICTIM/STAGE"):
        replay("reliable/broker/stored", 1)


def test_a_story_is_the_same_every_time() -> None:
    first, second = (list(replay("reliable+wal/both/half processed", 5).trace) for _ in range(2))
    ledger.take()
    assert first == second


def test_two_seeds_are_two_stories() -> None:
    first, second = (list(replay("direct/driver/processed", seed).trace) for seed in range(2))
    ledger.take()
    assert first != second


@pytest.mark.parametrize("source", SOURCES)
def test_without_a_crash_every_record_is_written_once(source: str) -> None:
    story = Cell(source, "executor", "stored").simulation(3).with_(faults=())
    ledger.take()
    run = story.run(14)
    found = finding(run, ledger.take())
    assert found == Finding(unheard=found.unheard)
    assert found.unheard == 0 or source.startswith("unreliable")
