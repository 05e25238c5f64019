"""`check()` and `autograde()` in a notebook: the cells that were run are graded, in the sandbox, and shown in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from solutions.build import EXERCISES_DIR
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.course import autograde, check, notebook
from sparksim.course.grader import Graded, grade_chunks
from sparksim.course.progress import VARIABLE, progress

WORDS = "def words(line):\n    return line.lower().split()"
WORD_COUNT = """def word_count(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).flatMap(words).map(lambda word: (word, 1))
    pairs.reduceByKey(lambda a, b: a + b).pprint()"""

Run = Callable[[str], Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a cell in a new IPython, and gives what it shows."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "progress.json"))
    shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    yield lambda cell: shell.run_cell(cell, store_history=True).result
    InteractiveShell.clear_instance()


def test_the_released_notebook_ends_with_a_cell_that_grades_it(run: Run) -> None:
    for lang, said in (("en", "0 of 8 points"), ("zh", "0 / 8 分")):
        cells = json.loads((EXERCISES_DIR / lang / "ex03_word_count.ipynb").read_text(encoding="utf-8"))["cells"]
        shown = [run("".join(cell["source"])) for cell in cells if cell["cell_type"] == "code"][-1]
        assert said in repr(shown)


def test_the_last_definitions_count_and_no_tries(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for cell in ("def words(line):\n    return 1 / 0", "words('x')", WORDS, WORD_COUNT, "while words: break", "exit"):
        run(cell)
    report = check("03", seed=7)
    assert (report.score, report.points, report.graded.notes) == (8, 8, ())
    assert progress().exercises == {"03": (8, 8)}
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_the_kernel_s_own_values_are_not_asked(run: Run) -> None:
    """What was done to the kernel in other ways than by cells is not in the file, and does not count here either."""
    run("globals().update(words=lambda line: line.lower().split())")
    assert [note.en for note in check("03").graded.notes] == ["missing: words, word_count"]


def test_a_report_is_html_that_fits_any_theme_and_lets_nothing_through(run: Run) -> None:
    run("print('<script>')\ndef words(line):\n    return ['<b>']")
    shown = check("3", lang="zh", seed=7)._repr_html_()
    assert "<strong>ex03_word_count: 每个批次的词数统计: 0 / 8 分</strong>" in shown
    assert "[&#x27;&lt;b&gt;&#x27;] (list)<br>提示: 不带参数的 split()" in shown
    assert "seed=7" in shown
    for unwanted in ("<b>", "<script>", "color"):
        assert unwanted not in shown


def test_autograde_raises_what_a_check_found_and_grades_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(*given: Any, **named: Any) -> Graded:
        asked.append(given)
        return grade_chunks(*given, **named)

    monkeypatch.setattr(notebook, "grade_chunks", counted)
    run(WORDS.replace("lower().", ""))
    run(WORD_COUNT)
    autograde("03", "words/split")
    run("autograde('03', 'words/split')")
    with pytest.raises(AssertionError, match=r"(?s)^words\(.*should be.*\nhint: Text has a method lower\(\)\.$"):
        autograde("03", "words/lower")
    assert len(asked) == 1
    with pytest.raises(IllegalArgumentError, match="name='words/upper': exercise ex03 has words/split, words/lower"):
        autograde("03", "words/upper")


def test_outside_of_notebooks_the_command_is_named() -> None:
    with pytest.raises(IllegalStateError, match="grades the cells of a notebook; for a file: sparksim grade 03"):
        check("03")


def test_an_exercise_that_there_is_not_is_refused(run: Run) -> None:
    with pytest.raises(IllegalArgumentError, match="exercise='seven': there are ex01, ex02, ex03"):
        check("seven")
