"""The committed notebooks are those of their sources, and the numbers that a lesson's text states are true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lessons import build
from sparksim.core.language import Text
from sparksim.course.cells import SourceError, read_cells
from sparksim.course.predictions import FOLDER, Prediction, as_json
from sparksim.course.texts import LANGUAGES
from sparksim.sim import Cluster, ExecutorCrash, Poisson, Replay, Run, Simulation

LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
UNFOLDED = re.compile(r"^# (?!$).*\n# <details>", re.MULTILINE)
"""Markdown ends it with the list item that it follows."""
PARTS = {
    "en": (
        "The idea",
        "Break it",
        "What people get wrong",
        "Where the model departs from a cluster",
        "Check yourself",
        "Exercise",
    ),
    "zh": ("基本思想", "弄坏它", "常见误解", "模型与集群的不同", "自测", "练习"),
}
TYPED = Replay([(0.90, "to be"), (1.30, "or not to be"), (2.50, "that is"), (3.95, "the question"), (5.10, "to be")])


BOTH = [(source, lang) for source in build.sources() for lang in LANGUAGES]
NAMES = [f"{lang}/{source.stem}" for source, lang in BOTH]
PAGES = [(source, lang) for source in build.pages() for lang in LANGUAGES]
PAGE_NAMES = [f"{lang}/{source.stem}" for source, lang in PAGES]


def committed(source: Path, lang: str) -> build.Notebook:
    notebook: build.Notebook = json.loads(build.made_of(source, lang).read_text(encoding="utf-8"))
    return notebook


@pytest.mark.parametrize(("source", "lang"), PAGES, ids=PAGE_NAMES)
def test_no_notebook_is_stale(source: Path, lang: str) -> None:
    made = committed(source, lang)
    for cell in made["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"execution_count": None, "outputs": []}
    assert made == build.unrun(source, lang), "run: python lessons/build.py"


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_no_prediction_is_stale(source: Path) -> None:
    kept = (FOLDER / f"{build.number_of(source)}.json").read_text(encoding="utf-8")
    assert kept == as_json(build.predictions_of(source)), "run: python lessons/build.py"


@pytest.mark.parametrize(("source", "lang"), BOTH, ids=NAMES)
def test_a_page_that_runs_nothing_shows_pictures_and_no_widgets(source: Path, lang: str) -> None:
    kinds = [kind for _, shown in build.shown_by(committed(source, lang)) for kind in shown.get("data", {})]
    assert build.PICTURE in kinds
    assert "widget" not in " ".join(kinds)


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_every_prediction_is_asked_and_confirmed(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    names = list(build.predictions_of(source))
    assert names, "a lesson asks at least one thing before it runs"
    assert [name for name in names if f'confirm("{name}", ' not in text] == []


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_a_lesson_has_the_form_of_a_lesson(source: Path) -> None:
    """Its parts, three questions with folded answers, and a way to the exercise, in both languages."""
    cells = read_cells(source, ["predict"])
    texts = {lang: "\n".join(cell.text for cell in cells if cell.lang == lang) for lang in LANGUAGES}
    for lang, parts in PARTS.items():
        assert [part for part in parts if f"# ## {part}\n" not in texts[lang]] == []
        assert texts[lang].count("<details><summary>") >= 3
        assert texts[lang].count("<details>") == texts[lang].count("</details>")
        assert UNFOLDED.findall(texts[lang]) == [], "put an empty line before <details>, or indent it with its question"
        assert f"exercises/{lang}/ex{build.number_of(source)}_" in texts[lang]


@pytest.mark.parametrize(("source", "lang"), PAGES, ids=PAGE_NAMES)
def test_every_link_leads_somewhere(source: Path, lang: str) -> None:
    text = "".join(line for cell in committed(source, lang)["cells"] for line in cell["source"])
    links = [link for link in LINK.findall(text) if "://" not in link]
    assert [link for link in links if not (build.made_of(source, lang).parent / link).exists()] == []


def test_no_notebook_lacks_a_source() -> None:
    made = {build.made_of(source, lang) for source, lang in PAGES}
    assert set(build.LESSONS_DIR.rglob("*.ipynb")) == made
    assert {path.stem for path in FOLDER.glob("*.json")} == {build.number_of(source) for source in build.sources()}


SOURCE = """# %% [markdown] lang="en"
# # Title
#
# Text.

# %% [markdown] lang="zh"
# # 标题
#
# 一行，
# 又一行。

# %%
lesson("03", lang="en", seed=1)

# %% predict="tasks"
{"answer": 10, "why": ("Ten.", "十。")}
"""


def test_a_source_becomes_cells_in_each_language(tmp_path: Path) -> None:
    source = tmp_path / "03_title.py"
    source.write_text(SOURCE, encoding="utf-8")
    assert ["".join(cell["source"]) for cell in build.unrun(source, "en")["cells"]] == [
        "# Title\n\nText.",
        'lesson("03", lang="en", seed=1)',
        'predict("tasks", None)  # write what you expect in place of None',
    ]
    assert ["".join(cell["source"]) for cell in build.unrun(source, "zh")["cells"]] == [
        "# 标题\n\n一行，又一行。",
        'lesson("03", lang="zh", seed=1)',
        'predict("tasks", None)  # 把 None 换成你的预测',
    ]
    assert build.predictions_of(source) == {"tasks": Prediction(10, Text("Ten.", "十。"))}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('{"answer": 10', '{"right": 10'), "line 15: a prediction is a dict of"),
        (('predict="tasks"', 'ask="tasks"'), "line 15: a cell begins with '# %%', or '# %% predict=\"name\"'"),
    ],
)
def test_a_broken_source_is_refused(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    source = tmp_path / "03_title.py"
    source.write_text(SOURCE.replace(*change), encoding="utf-8")
    with pytest.raises(SourceError, match=r"03_title\.py") as refused:
        build.predictions_of(source)
    assert complaint in str(refused.value)


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


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ({"text": ["Time: 2026-11-30 12:56:45\n"]}, {"text": ["Time: 2026-12-01 09:00:00\n"]}, True),
        ({"text": ["4\n"]}, {"text": ["5\n"]}, False),
        ({"data": {"image/png": "one"}}, {"data": {"image/png": "other"}}, True),
        ({"data": {"text/html": ["<iframe 1>"]}}, {"data": {"text/html": ["<iframe 2>"]}}, True),
        ({"data": {"text/html": ["<table>1"]}}, {"data": {"text/html": ["<table>2"]}}, False),
        ({"data": {"text/html": ["<iframe 1>"]}}, {"text": ["4\n"]}, False),
    ],
)
def test_what_two_runs_may_show_differently(before: dict[str, Any], after: dict[str, Any], same: bool) -> None:
    one, other = ({"cells": [{"id": "cell-01", "outputs": [output]}]} for output in (before, after))
    assert (build.comparable(one) == build.comparable(other)) is same
