"""What the cells of a lesson say: `lesson` begins it, `predict` asks before a run, `confirm` compares after it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from importlib.util import find_spec

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.language import Text, set_language
from sparksim.course.predictions import Prediction, load
from sparksim.course.progress import note_lesson
from sparksim.trace.paragraph import filled
from sparksim.viz.fonts import use_chinese_font

WIDTH = 96
"""Columns that a notebook's page shows of a line before it breaks it, in the middle of a word."""

TELL = "?"
"""What a learner writes to be told."""

_BEGUN = Text(
    "Lesson {number}. Every simulation in it begins with seed {seed}, so you see the same as everybody.",
    "第 {number} 课。课中每个模拟都以种子 {seed} 开始，所以你看到的与大家相同。",
)
_YOUR_TURN = Text(
    'Your turn: write what you expect in place of None, and run this cell again. ("?" tells you.)',
    '轮到你了：把 None 换成你的预测，再运行一次本单元格。（写 "?" 直接看答案。）',
)
_RIGHT = Text("✓ {value} is right. {why}", "✓ {value} 是对的。{why}")
_TOLD = Text("It is {answer}. {why}", "答案是 {answer}。{why}")
_WRONG = Text("✗ Not {value}. {mistake}", "✗ 不是 {value}。{mistake}")
_MORE = Text("It is more.", "实际更大。")
_LESS = Text("It is less.", "实际更小。")
_AGAIN = Text("Think again, or go on and see.", "再想一想，或继续往下看。")
_RUN_SAYS = Text("The run says {value}. {why}", "运行结果：{value}。{why}")
_AS_PREDICTED = Text("The run says {value}, as you predicted. {why}", "运行结果：{value}，与你的预测一致。{why}")
_OTHERWISE = Text("The run says {value}; you predicted {guess}. {why}", "运行结果：{value}；你的预测是 {guess}。{why}")


@dataclass
class _Lesson:
    """The lesson that this process is in."""

    number: str = ""
    predictions: dict[str, Prediction] = field(default_factory=dict)
    guesses: dict[str, object] = field(default_factory=dict)


_now = _Lesson()


def lesson(number: str, *, lang: str, seed: int) -> None:
    """Begin a lesson, such as "03": what is shown from now on is in its language, "en" or "zh".

    In a Chinese lesson a learner's own plots show Chinese too, where there is matplotlib. Raises `IllegalArgumentError`
    for a lesson or a language that there is not.
    """
    set_language(lang)
    if lang == "zh" and find_spec("matplotlib") is not None:
        use_chinese_font()
    _now.number, _now.predictions, _now.guesses = number, load(number), {}
    note_lesson(number)
    _say(_BEGUN.of().format(number=int(number), seed=seed))


def predict(name: str, guess: object) -> None:
    """Take a learner's answer to a question of the lesson, and say whether it is right and why.

    None is no answer yet, "?" asks for the right one. Raises `IllegalArgumentError` for a question that there is not.
    """
    asked = _asked(name)
    if guess is None:
        _say(_YOUR_TURN.of())
        return
    if guess == TELL:
        _say(_TOLD.of().format(answer=_shown(asked.answer), why=asked.why.of()))
        return
    _now.guesses[name] = guess
    if asked.is_met(guess):
        note_lesson(_now.number, name)
        _say(_RIGHT.of().format(value=_shown(guess), why=asked.why.of()))
    else:
        _say(_WRONG.of().format(value=_shown(guess), mistake=_what_is_wrong(asked, guess).of()))


def confirm(name: str, value: object) -> None:
    """Say what a run gave, beside what the learner predicted.

    Raises `IllegalStateError` if the run contradicts the lesson, which tests of the course find.
    """
    asked = _asked(name)
    if not asked.is_met(value):
        raise IllegalStateError(f"the run gives {value!r} for {name!r}, where the lesson says {asked.answer!r}")
    said = _AS_PREDICTED if asked.is_met(_now.guesses.get(name)) else _OTHERWISE if name in _now.guesses else _RUN_SAYS
    _say(said.of().format(value=_shown(value), guess=_shown(_now.guesses.get(name)), why=asked.why.of()))


def _asked(name: str) -> Prediction:
    if not _now.number:
        raise IllegalStateError("no lesson has begun: run the cell that calls lesson(...) first")
    if name not in _now.predictions:
        known = ", ".join(map(repr, _now.predictions)) or "none"
        raise IllegalArgumentError(f"predict({name!r}, ...): lesson {_now.number} asks {known}")
    return _now.predictions[name]


def _what_is_wrong(asked: Prediction, guess: object) -> Text:
    mistake = asked.mistake(guess)
    if mistake is not None:
        return mistake
    if isinstance(asked.answer, str) or not isinstance(guess, int | float):
        return _AGAIN
    return _MORE if guess < asked.answer else _LESS


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _say(text: str) -> None:
    sys.stdout.write(f"{filled(text, WIDTH)}\n")
