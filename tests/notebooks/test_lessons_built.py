"""The committed notebooks are those of their sources, and the numbers that a lesson's text states are true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lessons import build
from sparksim.sim import Cluster, ExecutorCrash, Poisson, Replay, Run, Simulation

TYPED = Replay([(0.90, "to be"), (1.30, "or not to be"), (2.50, "that is"), (3.95, "the question"), (5.10, "to be")])


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_no_notebook_is_stale(source: Path) -> None:
    built = build.notebook(source.read_text(encoding="utf-8"))
    assert source.with_suffix(".ipynb").read_text(encoding="utf-8") == built, "run: python lessons/build.py"


def test_no_notebook_lacks_a_source() -> None:
    notebooks = {path.with_suffix("") for path in build.LESSONS_DIR.rglob("*.ipynb")}
    assert notebooks == {path.with_suffix("") for path in build.sources()}


def test_a_source_becomes_cells() -> None:
    text = "# %% [markdown]\n# # Title\n#\n# Text.\n\n# %%\nx = 1\nx\n"
    cells = json.loads(build.notebook(text))["cells"]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == [
        ("markdown", "# Title\n\nText."),
        ("code", "x = 1\nx"),
    ]
    assert [cell["id"] for cell in cells] == ["cell-01", "cell-02"]


def test_text_before_the_first_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="not with 'import os'"):
        build.notebook("import os\n\n# %%\nx = 1\n")


def word_count(ssc) -> None:
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


def lesson_3(load, faults=(), until: float = 17.0, **intervals: float) -> Run:
    return Simulation(
        word_count,
        network={"localhost:9999": load},
        cluster=Cluster(executors=3, cores=2),
        faults=faults,
        seed=1,
        **{"batch": 2.0, **intervals},
    ).run(until=until)


@pytest.mark.parametrize(("batch", "batches"), [(2.0, [2, 2, 4, 6, 6]), (1.0, [2, 2, 3, 5, 6])])
def test_lesson_3_each_line_is_counted_in_the_batch_that_the_text_names(batch: float, batches: list[int]) -> None:
    records = lesson_3(TYPED, until=9, batch=batch).delivery.records
    assert [time_ms / 1000 for time_ms in records.column("batch_time_ms")] == batches


def test_lesson_3_the_crash_of_an_executor_without_receiver_loses_nothing() -> None:
    undisturbed = lesson_3(Poisson(50))
    assert undisturbed.receivers[0].executor_id == "3"
    disturbed = lesson_3(Poisson(50), faults=[ExecutorCrash("2", at=7.3)])
    assert disturbed.delivery.count("lost") == undisturbed.delivery.count("lost") > 0


def test_lesson_3_longer_blocks_lose_more() -> None:
    crash = [ExecutorCrash("receiver", at=7.3)]
    short, long = (lesson_3(Poisson(50), faults=crash, block=block).delivery.count("lost") for block in (0.2, 1.0))
    assert short < long
