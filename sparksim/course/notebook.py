"""Grading inside a notebook: `check("07")` grades the functions that the cells run so far have defined.

They are run again in the sandbox, as the file would be: what a learner's kernel holds, or has changed in it, is not
asked. `autograde` is the same for the cells that nbgrader grades by. nbgrader itself runs a submission's cells in the
kernel that these cells are in, and trusts that kernel: a submission that takes it over can say that all is well. Who
grades strangers' work uses `sparksim grade`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.course.definitions import definitions
from sparksim.course.exercise import Exercise
from sparksim.course.exercises import find_exercise
from sparksim.course.explain import NOT_HERE
from sparksim.course.grader import Graded, Result, drawn_seed, grade_chunks
from sparksim.course.progress import note_exercise
from sparksim.course.results import NOT_BEGUN, details, explained, headline, last_said, mark
from sparksim.course.submission import Chunk
from sparksim.course.texts import Text

_NO_NOTEBOOK = Text(
    "check() grades the cells of a notebook; for a file: sparksim grade {number}",
    "check() 用于给笔记本的单元格评分；评文件请用：sparksim grade {number}",
)

_SESSION_SEED = drawn_seed()
"""Draws the hidden inputs of `autograde`, so that the checks of one notebook ask the same."""

_last: dict[tuple[str, tuple[Chunk, ...]], Graded] = {}
"""What `autograde` graded last: a notebook has a cell for each check, and is graded once."""


@dataclass(frozen=True)
class Report:
    """What `check` gives: a notebook shows it. `seed` draws the same hidden inputs again."""

    graded: Graded
    seed: int
    lang: str | None = None

    @property
    def score(self) -> int:
        """The points reached."""
        return self.graded.score

    @property
    def points(self) -> int:
        """The points that there are."""
        return self.graded.points

    def __repr__(self) -> str:
        return details(self.graded, self.lang)

    def _repr_html_(self) -> str:
        rows = [f"<div>! {escape(note.of(self.lang))}</div>" for note in self.graded.notes]
        rows += [_html(result, self.lang) for result in self.graded.results]
        said = "\n".join(last_said(self.graded))
        printed = f'<pre style="opacity: .75">{escape(said)}</pre>' if said else ""
        return (
            f'<div role="status"><strong>{escape(headline(self.graded, self.lang))}</strong>'
            f'{"".join(rows)}{printed}<small style="opacity: .75">seed={self.seed}</small></div>'
        )


def check(exercise: str, *, lang: str | None = None, seed: int | None = None) -> Report:
    """Grade an exercise, such as "07", in the notebook that this is called in.

    `lang` is the language of what is shown, by default the one that is set; `seed` draws the hidden inputs again as in
    an earlier report. The best score is kept for the map of the course. Raises `IllegalArgumentError` for an exercise
    that there is not, and `IllegalStateError` outside of notebooks and on Windows.
    """
    chosen = find_exercise(exercise)
    drawn = drawn_seed() if seed is None else seed
    graded = grade_chunks(_chunks(chosen, lang), chosen, drawn, name=chosen.slug)
    note_exercise(chosen.lesson, graded.score, graded.points)
    return Report(graded, drawn, lang)


def autograde(exercise: str, name: str, *, lang: str | None = None) -> None:
    """Raise `AssertionError`, with what was expected, what came and a hint, if the check `name` fails.

    Raises besides what `check` raises, and `IllegalArgumentError` for a check that there is not.
    """
    chosen = find_exercise(exercise)
    chunks = _chunks(chosen, lang)
    key = (chosen.number, tuple(chunks))
    if key not in _last:
        _last.clear()
        _last[key] = grade_chunks(chunks, chosen, _SESSION_SEED, name=chosen.slug)
    results = {result.check.name: result for result in _last[key].results}
    if name not in results:
        raise IllegalArgumentError(f"name={name!r}: exercise {chosen.number} has {', '.join(results)}")
    found = explained(results[name], lang)
    if found:
        raise AssertionError("\n".join(found))


def _chunks(exercise: Exercise, lang: str | None) -> list[Chunk]:
    if os.name != "posix":
        raise IllegalStateError(NOT_HERE.of(lang))
    cells = _history()
    if cells is None:
        raise IllegalStateError(_NO_NOTEBOOK.of(lang).format(number=exercise.lesson))
    return definitions(enumerate(cells), exercise.functions)


def _history() -> Sequence[str] | None:
    """The cells that were run, as they were typed, by their number; None where there is no IPython."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    shell: Any = get_ipython()
    return None if shell is None else list(shell.history_manager.input_hist_raw)


def _html(result: Result, lang: str | None) -> str:
    """A check, in the colours of the page whatever they are: its letter says how it went."""
    line = f"{mark(result)} {result.score}/{result.check.points} {escape(result.check.title.of(lang))}"
    if result.finding is None or mark(result) == NOT_BEGUN:
        return f"<div>{line}</div>"
    why = "<br>".join(map(escape, explained(result, lang)))
    return f'<div>{line}</div><div style="margin-left: 2em; overflow-wrap: anywhere">{why}</div>'
