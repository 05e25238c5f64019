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
    committed = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    for cell in committed["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    assert committed == build.notebook(source.read_text(encoding="utf-8")), "run: python lessons/build.py"


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_a_page_that_runs_nothing_shows_pictures_and_no_widgets(source: Path) -> None:
    text = source.with_suffix(".ipynb").read_text(encoding="utf-8")
    kinds = [kind for _, shown in build.shown_by(json.loads(text)) for kind in shown.get("data", {})]
    assert build.PICTURE in kinds
    assert "widget" not in " ".join(kinds)


def test_no_notebook_lacks_a_source() -> None:
    notebooks = {path.with_suffix("") for path in build.LESSONS_DIR.rglob("*.ipynb")}
    assert notebooks == {path.with_suffix("") for path in build.sources()}


def test_a_source_becomes_cells() -> None:
    text = "# %% [markdown]\n# # Title\n#\n# Text.\n\n# %%\nx = 1\nx\n"
    cells = build.notebook(text)["cells"]
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in cells] == [
        ("markdown", "# Title\n\nText."),
        ("code", "x = 1\nx"),
    ]
    assert [cell["id"] for cell in cells] == ["cell-01", "cell-02"]


def test_text_before_the_first_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="not with 'import os'"):
        build.notebook("import os\n\n# %%\nx = 1\n")


def test_what_cells_show_is_kept_but_for_widgets_and_for_the_names_of_pictures() -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"},
        {"output_type": "display_data", "metadata": {}, "data": {build.WIDGET: {"model_id": "1"}, "text/plain": "W()"}},
        {"output_type": "display_data", "metadata": {}, "data": {build.PICTURE: "aGk=", "text/plain": "<Figure>"}},
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": "a\nb", "text/html": "<b>"}},
    ]
    assert [each.get("data") or each["text"] for each in build.kept(outputs)] == [
        ["one\n", "two\n"],
        {build.PICTURE: "aGk="},
        {"text/html": ["<b>"], "text/plain": ["a\n", "b"]},
    ]


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


def test_lesson_3_the_answers_beside_the_timeline_are_those_of_the_run() -> None:
    run = lesson_3(TYPED, until=9)
    by_name = {block.block_id: block for block in run.blocks}
    waiting = [
        block.block_id for block in run.blocks if (block.added_ms or 0) <= 3970 < (block.batch_time_ms or 0) <= 4000
    ]
    assert waiting == ["input-0-2400"]
    assert (by_name["input-0-3800"].generated_ms, int(by_name["input-0-3800"].added_ms or 0)) == (4000, 4010)
    in_batch_6 = [block for block in run.blocks if block.batch_time_ms == 6000]
    assert [(block.records, len(block.holders)) for block in in_batch_6] == [(1, 2), (1, 2)]
    assert by_name["input-0-5000"].holders == ("3", "1")
    assert [task.executor_id for task in run.tasks if task.blocks == ("input-0-5000",)] == ["1"]


def test_lesson_3_the_crash_of_an_executor_without_receiver_loses_nothing() -> None:
    undisturbed = lesson_3(Poisson(50))
    assert undisturbed.receivers[0].executor_id == "3"
    disturbed = lesson_3(Poisson(50), faults=[ExecutorCrash("2", at=7.3)])
    assert disturbed.delivery.count("lost") == undisturbed.delivery.count("lost") > 0


def test_lesson_3_longer_blocks_lose_more() -> None:
    crash = [ExecutorCrash("receiver", at=7.3)]
    short, long = (lesson_3(Poisson(50), faults=crash, block=block).delivery.count("lost") for block in (0.2, 1.0))
    assert short < long
