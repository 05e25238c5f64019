"""Results in three forms: a text for people, the JSON that Gradescope reads, and a table for spreadsheets."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from sparksim.course.explain import printable
from sparksim.course.grader import Graded, Result
from sparksim.course.texts import Text

_OF = Text("{score} of {points} points", "{score} / {points} 分")
_EXPLAINED = Text("hint", "提示")
_HEAD = (Text("submission", "提交"), Text("exercise", "练习"), Text("points", "分数"), Text("remark", "备注"))
_FULL = Text("all right", "全部正确")
_LOST = Text("lost", "失分")
_SAID = 10
"""How many of the last lines that a submission printed are shown."""


def details(graded: Graded, lang: str = "en") -> str:
    """One submission: every check, where it failed what was expected, what came and a hint; then what was printed."""
    score = _OF.of(lang).format(score=graded.score, points=graded.points)
    lines = [f"{graded.submission}: {graded.exercise.title.of(lang)}: {score}"]
    lines += [f"  ! {note.of(lang)}" for note in graded.notes]
    for result in graded.results:
        lines.append(
            f"  {'✗' if result.finding else '✓'} {result.score}/{result.check.points}  {result.check.title.of(lang)}"
        )
        lines += [f"         {line}" for line in _explained(result, lang)]
    said = [printable(line) for line in graded.said.splitlines()]
    lines += [f"  | {line}" for line in ["…"] * (len(said) > _SAID) + said[-_SAID:]]
    return "\n".join(lines)


def table(all_graded: Sequence[Graded], lang: str = "en") -> str:
    """One line for each submission: its points, and what it lost them for."""
    rows = [tuple(head.of(lang) for head in _HEAD)]
    rows += [
        (graded.submission, graded.exercise.number, f"{graded.score}/{graded.points}", _remark(graded, lang))
        for graded in all_graded
    ]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def as_json(all_graded: Sequence[Graded], seed: int, lang: str = "en") -> dict[str, Any]:
    """Gradescope's results.json for one submission; for several, `{"submissions": [...]}` with one such each."""
    if len(all_graded) == 1:
        return _gradescope(all_graded[0], seed, lang)
    return {"submissions": [{"name": graded.submission, **_gradescope(graded, seed, lang)} for graded in all_graded]}


def as_csv(all_graded: Iterable[Graded], lang: str = "en") -> str:
    """A line for each submission: name, exercise, score, points, remark."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["submission", "exercise", "score", "points", "remark"])
    for graded in all_graded:
        remark = _remark(graded, lang)
        writer.writerow(
            [_inert(graded.submission), graded.exercise.number, graded.score, graded.points, _inert(remark)]
        )
    return out.getvalue()


def _gradescope(graded: Graded, seed: int, lang: str) -> dict[str, Any]:
    return {
        "score": graded.score,
        "output": "\n".join(note.of(lang) for note in graded.notes),
        "tests": [
            {
                "name": result.check.title.of(lang),
                "number": str(number),
                "score": result.score,
                "max_score": result.check.points,
                "status": "failed" if result.finding else "passed",
                "output": "\n".join(_explained(result, lang)),
            }
            for number, result in enumerate(graded.results, start=1)
        ],
        "extra_data": {"max_score": graded.points, "seed": seed},
    }


def _explained(result: Result, lang: str) -> list[str]:
    if result.finding is None:
        return []
    return [result.finding.message.of(lang), f"{_EXPLAINED.of(lang)}: {result.finding.hint.of(lang)}"]


def _remark(graded: Graded, lang: str) -> str:
    if graded.notes:
        return "; ".join(note.of(lang) for note in graded.notes)
    lost = [result.check.name for result in graded.results if result.finding]
    return f"{_LOST.of(lang)}: {', '.join(lost)}" if lost else _FULL.of(lang)


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


def _width(text: str) -> int:
    """Columns in a terminal: a Chinese letter takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
