"""What a lesson's cells say to a learner, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.language import Text, set_language
from sparksim.course import confirm, lesson, predict, predictions, teaching
from sparksim.course.predictions import Prediction, as_json, prediction

ASKED = {
    "tasks": Prediction(10, Text("Ten blocks.", "十个数据块。"), 0.0, ((6, Text("Cores.", "核心数。")),)),
    "delay": Prediction(1.5, Text("Half a batch.", "半个批次。"), within=0.25),
    "fate": Prediction("lost", Text("No copy.", "没有副本。")),
}


@pytest.fixture(autouse=True)
def a_lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lesson 42 asks three things; what is shown is in its language until the test is over."""
    monkeypatch.setattr(predictions, "FOLDER", tmp_path)
    monkeypatch.setattr(teaching, "_now", teaching._Lesson())
    (tmp_path / "42.json").write_text(as_json(ASKED), encoding="utf-8")
    yield
    set_language(None)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was said since the last time, without the first line of the lesson."""

    def since() -> str:
        return capsys.readouterr().out.rpartition("everybody.\n")[2].rstrip()

    return since


@pytest.mark.parametrize(
    ("name", "guess", "answer"),
    [
        ("tasks", None, 'Your turn: write what you expect in place of None, and run this cell again. ("?" tells you.)'),
        ("tasks", 10, "✓ 10 is right. Ten blocks."),
        ("tasks", 10.0, "✓ 10 is right. Ten blocks."),
        ("tasks", 6, "✗ Not 6. Cores."),
        ("tasks", 12, "✗ Not 12. It is less."),
        ("tasks", 7, "✗ Not 7. It is more."),
        ("tasks", "ten", "✗ Not ten. Think again, or go on and see."),
        ("tasks", True, "✗ Not True. It is more."),
        ("tasks", "?", "It is 10. Ten blocks."),
        ("delay", 1.7, "✓ 1.7 is right. Half a batch."),
        ("delay", 1.76, "✗ Not 1.76. It is less."),
        ("fate", " Lost", "✓  Lost is right. No copy."),
        ("fate", "once", "✗ Not once. Think again, or go on and see."),
    ],
)
def test_a_prediction_is_answered(said: Callable[[], str], name: str, guess: object, answer: str) -> None:
    lesson("42", lang="en", seed=7)
    predict(name, guess)
    assert said() == answer


@pytest.mark.parametrize(
    ("guess", "answer"),
    [
        (None, "The run says 10. Ten blocks."),
        (10, "The run says 10, as you predicted. Ten blocks."),
        (6, "The run says 10; you predicted 6. Ten blocks."),
    ],
)
def test_a_run_is_held_against_the_prediction(said: Callable[[], str], guess: object, answer: str) -> None:
    lesson("42", lang="en", seed=7)
    predict("tasks", guess)
    said()
    confirm("tasks", 10)
    assert said() == answer


def test_a_lesson_speaks_its_language(capsys: pytest.CaptureFixture[str]) -> None:
    lesson("42", lang="zh", seed=7)
    predict("tasks", 6)
    confirm("tasks", 10)
    assert capsys.readouterr().out.splitlines() == [
        "第 42 课。课中每个模拟都以种子 7 开始，所以你看到的与大家相同。",
        "✗ 不是 6。核心数。",
        "运行结果：10；你的预测是 6。十个数据块。",
    ]


def test_a_lesson_that_the_run_contradicts_fails() -> None:
    lesson("42", lang="en", seed=7)
    with pytest.raises(IllegalStateError, match="the run gives 9 for 'tasks', where the lesson says 10"):
        confirm("tasks", 9)


def test_what_a_lesson_does_not_ask_is_refused() -> None:
    with pytest.raises(IllegalStateError, match="no lesson has begun: run the cell that calls lesson"):
        predict("tasks", 1)
    with pytest.raises(IllegalArgumentError, match="lesson='43': no predictions are kept for it; there are lessons 42"):
        lesson("43", lang="en", seed=7)
    lesson("42", lang="en", seed=7)
    with pytest.raises(IllegalArgumentError, match=r"predict\('cores', ...\): lesson 42 asks 'tasks', 'delay', 'fate'"):
        predict("cores", 1)


def test_predictions_are_the_same_after_they_were_written(tmp_path: Path) -> None:
    assert predictions.load("42") == ASKED


@pytest.mark.parametrize("text", ["10", '{"answer": 10}', '{"answer": 10, "why": ("a", "b"), "hint": 1}'])
def test_what_is_no_prediction_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='a prediction is a dict of "answer", "why"'):
        prediction(text)
