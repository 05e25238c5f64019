"""Results in three forms: a text for people, the JSON that Gradescope reads, and a table for spreadsheets.

Each is in the language `lang`, by default in the one that is set.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from sparksim.course.explain import printable
from sparksim.course.grader import Graded, Result
from sparksim.course.texts import NOT_STARTED, Text
from sparksim.trace.table import room

_OF = Text("{score} of {points} points", "{score} / {points} 分")
_EXPLAINED = Text("hint", "提示")
_HEAD = (Text("submission", "提交"), Text("exercise", "练习"), Text("points", "分数"), Text("remark", "备注"))
_FULL = Text("all right", "全部正确")
_LOST = Text("lost", "失分")
_TOTAL = Text("total", "总计")
_MORE = Text("({more} more checks fail; mend this one first)", "（另有 {more} 项检查未通过；请先修正这一项）")
NOT_BEGUN = "·"
_SAID = 10
"""How many of the last lines that a submission printed are shown."""


def details(graded: Graded, lang: str | None = None) -> str:
    """One submission: every check, where it failed what was expected, what came and a hint; then what was printed."""
    lines = [headline(graded, lang)]
    lines += [f"  ! {note.of(lang)}" for note in graded.notes]
    for result in graded.results:
        lines.append(f"  {mark(result)} {result.score}/{result.check.points}  {result.check.title.of(lang)}")
        if mark(result) != NOT_BEGUN:  # the note says so, and hints come once there is something to mend
            lines += [f"         {line}" for line in explained(result, lang)]
    return "\n".join([*lines, *(f"  | {line}" for line in last_said(graded))])


def headline(graded: Graded, lang: str | None = None) -> str:
    """The submission, its exercise and its points."""
    score = _OF.of(lang).format(score=graded.score, points=graded.points)
    return f"{graded.submission}: {graded.exercise.title.of(lang)}: {score}"


def last_said(graded: Graded) -> list[str]:
    """The last lines that the submission printed."""
    said = [printable(line) for line in graded.said.splitlines()]
    return ["…"] * (len(said) > _SAID) + said[-_SAID:]


def mark(result: Result) -> str:
    """A check in one letter: passed, failed, or not started."""
    if result.finding is None:
        return "✓"
    return NOT_BEGUN if result.finding.message.en == NOT_STARTED else "✗"


def hint(graded: Graded, lang: str | None = None) -> str:
    """The first check that failed, what was expected, what came and a hint; "" where none failed."""
    failed = [result for result in graded.results if result.finding]
    if not failed:
        return ""
    lines = [f"{graded.submission}: {failed[0].check.title.of(lang)}"]
    lines += [f"  {line}" for line in explained(failed[0], lang)]
    return "\n".join(lines + [_MORE.of(lang).format(more=len(failed) - 1)] * (len(failed) > 1))


def table(all_graded: Sequence[Graded], lang: str | None = None, *, with_total: bool = False) -> str:
    """One line for each submission: its points, and what it lost them for. A total is for the work of one learner."""
    rows = [tuple(head.of(lang) for head in _HEAD)]
    rows += [
        (graded.submission, graded.exercise.number, f"{graded.score}/{graded.points}", _remark(graded, lang))
        for graded in all_graded
    ]
    if with_total:
        score, points = _totals(all_graded)
        rows.append((_TOTAL.of(lang), "", f"{score}/{points}", ""))
    widths = [max(map(room, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - room(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def as_json(all_graded: Sequence[Graded], seed: int, lang: str | None = None) -> dict[str, Any]:
    """Gradescope's results.json for one submission; for several, `{"submissions": [...]}` with one such each."""
    if len(all_graded) == 1:
        return _gradescope(all_graded[0], seed, lang)
    return {"submissions": [{"name": graded.submission, **_gradescope(graded, seed, lang)} for graded in all_graded]}


def as_results_json(
    all_graded: Sequence[Graded], seed: int, remarks: Iterable[str] = (), lang: str | None = None
) -> dict[str, Any]:
    """Gradescope's results.json for the work of one learner: all exercises together, their checks one after another.

    Learners see every check, as they do at home, and the remarks; what submissions printed stays with the teacher.
    """
    score, points = _totals(all_graded)
    notes = [f"{graded.submission}: {note.of(lang)}" for graded in all_graded for note in graded.notes]
    tests = [
        {
            **test,
            "name": f"{graded.exercise.number}: {test['name']}",
            "number": f"{int(graded.exercise.lesson)}.{test['number']}",
        }
        for graded in all_graded
        for test in _gradescope(graded, seed, lang)["tests"]
    ]
    return {
        "score": score,
        "output": "\n".join([*remarks, *notes]),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [{**test, "visibility": "visible"} for test in tests],
        "extra_data": {
            "max_score": points,
            "seed": seed,
            "exercises": {graded.exercise.number: [graded.score, graded.points] for graded in all_graded},
        },
    }


def as_csv(all_graded: Iterable[Graded], lang: str | None = None) -> str:
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


def _gradescope(graded: Graded, seed: int, lang: str | None) -> dict[str, Any]:
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
                "output": "\n".join(explained(result, lang)),
            }
            for number, result in enumerate(graded.results, start=1)
        ],
        "extra_data": {"max_score": graded.points, "seed": seed},
    }


def _totals(all_graded: Iterable[Graded]) -> tuple[int, int]:
    """Points reached, and points that there are."""
    scores = [(graded.score, graded.points) for graded in all_graded]
    return sum(score for score, _ in scores), sum(points for _, points in scores)


def explained(result: Result, lang: str | None = None) -> list[str]:
    """What a failed check expected, what came, and a hint, a line each."""
    if result.finding is None:
        return []
    return [result.finding.message.of(lang), f"{_EXPLAINED.of(lang)}: {result.finding.hint.of(lang)}"]


def _remark(graded: Graded, lang: str | None) -> str:
    if graded.notes:
        return "; ".join(note.of(lang) for note in graded.notes)
    lost = [result.check.name for result in graded.results if result.finding]
    return f"{_LOST.of(lang)}: {', '.join(lost)}" if lost else _FULL.of(lang)


def _inert(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell
