"""The predictions of a lesson: what a learner is asked before a program runs, and what the run then says.

They are written in the lesson's source (`lessons/NN_slug.py`) and made into `predictions/NN.json` beside this module,
so that a notebook that stands anywhere finds them, and does not show them.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import Text

FOLDER = Path(__file__).parent / "predictions"

Answer = float | str


@dataclass(frozen=True)
class Prediction:
    """What is right, and why. A number is right `within` so much of `answer`; of two texts, only letters count.

    `mistakes` are wrong answers that people give, each with what is wrong in it.
    """

    answer: Answer
    why: Text
    within: float = 0.0
    mistakes: tuple[tuple[Answer, Text], ...] = ()

    def is_met(self, value: object) -> bool:
        """Whether `value` is right."""
        return _same(value, self.answer, self.within)

    def mistake(self, value: object) -> Text | None:
        """What is wrong in this wrong answer, if it is a usual one."""
        return next((text for wrong, text in self.mistakes if _same(value, wrong, 0.0)), None)


def prediction(text: str) -> Prediction:
    """A prediction as a lesson's source writes it: a dict with "answer" and "why" = ("English", "Chinese").

    May have "within" and "mistakes" = {wrong answer: ("English", "Chinese")}. Raises `ValueError` for what is not one.
    """
    told = ast.literal_eval(text)
    if not isinstance(told, dict) or not {"answer", "why"} <= told.keys() <= {"answer", "why", "within", "mistakes"}:
        raise ValueError('a prediction is a dict of "answer", "why" and perhaps "within" and "mistakes"')
    return _of(told, told.get("mistakes", {}).items())


def load(lesson: str) -> dict[str, Prediction]:
    """The predictions of a lesson, such as "03", by name. Raises `IllegalArgumentError` for a lesson without any."""
    path = FOLDER / f"{lesson}.json"
    if not path.exists():
        known = ", ".join(sorted(each.stem for each in FOLDER.glob("*.json"))) or "none"
        raise IllegalArgumentError(f"lesson={lesson!r}: no predictions are kept for it; there are lessons {known}")
    told = json.loads(path.read_text(encoding="utf-8"))
    return {name: _of(each, each.get("mistakes", ())) for name, each in told.items()}


def as_json(predictions: Mapping[str, Prediction]) -> str:
    """The file of a lesson's predictions."""
    told = {name: {**vars(each), "mistakes": list(each.mistakes)} for name, each in predictions.items()}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _of(told: Mapping[str, Any], mistakes: Sequence[Any] | Any) -> Prediction:
    why = Text(*told["why"])
    return Prediction(
        told["answer"], why, told.get("within", 0.0), tuple((wrong, Text(*text)) for wrong, text in mistakes)
    )


def _same(value: object, answer: Answer, within: float) -> bool:
    if isinstance(answer, str):
        return isinstance(value, str) and value.strip().casefold() == answer.casefold()
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value - answer) <= within + 1e-9
