"""The map of the course: its lessons in order, what each needs and takes, and how far the learner has come.

What there is to know of a lesson stands in its source; `lessons/build.py` collects it in `catalogue.json` beside this
module.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparksim.core.language import Text, language
from sparksim.course.progress import Progress, progress

CATALOGUE = Path(__file__).parent / "catalogue.json"

_HEAD = (
    Text("lesson", "课"),
    Text("minutes", "分钟"),
    Text("after", "先修"),
    Text("predictions met", "预测正确"),
    Text("exercise", "练习"),
)
_BEGUN = Text("begun", "已开始")


@dataclass(frozen=True)
class Entry:
    """A lesson: `slug` as 03_word_count, the lessons it builds on, the exercise's slug, and how much it asks."""

    slug: str
    title: Text
    minutes: int
    after: tuple[str, ...]
    exercise: str
    predictions: int

    @property
    def number(self) -> str:
        """Such as "03"."""
        return self.slug[:2]


def catalogue() -> list[Entry]:
    """All lessons, in order."""
    told = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return [Entry(**{**each, "title": Text(*each["title"]), "after": tuple(each["after"])}) for each in told]


@dataclass(frozen=True)
class CourseMap:
    """Shows itself in a notebook, with links, and in a terminal. The notebook of the map lies beside the lessons."""

    entries: tuple[Entry, ...]
    done: Progress
    lang: str

    def __repr__(self) -> str:
        return "\n".join(self._line(entry) for entry in self.entries)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{text.of(self.lang)}</th>" for text in _HEAD)
        rows = "".join(f"<tr>{self._row(entry)}</tr>" for entry in self.entries)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def _line(self, entry: Entry) -> str:
        told = zip(_HEAD[1:], [*self._facts(entry), self._score(entry)], strict=True)
        facts = ", ".join(f"{head.of(self.lang)} {fact}" for head, fact in told if fact)
        return f"{int(entry.number):2}. {entry.title.of(self.lang)} ({facts})"

    def _row(self, entry: Entry) -> str:
        title = html.escape(f"{int(entry.number)}. {entry.title.of(self.lang)}")
        score = self._score(entry) or entry.exercise[:4]
        cells = [
            f"<a href='{entry.slug}.ipynb'>{title}</a>",
            *map(html.escape, self._facts(entry)),
            f"<a href='../../exercises/{self.lang}/{entry.exercise}.ipynb'>{html.escape(score)}</a>",
        ]
        return "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells)

    def _facts(self, entry: Entry) -> list[str]:
        after = ", ".join(str(int(number)) for number in entry.after)
        return [str(entry.minutes), after, self._met(entry)]

    def _met(self, entry: Entry) -> str:
        met = self.done.lessons.get(entry.number)
        if met is None:
            return ""
        return f"{len(met)}/{entry.predictions}" if met else _BEGUN.of(self.lang)

    def _score(self, entry: Entry) -> str:
        score = self.done.exercises.get(entry.number)
        return "" if score is None else f"{score[0]}/{score[1]}"


def course_map(*, lang: str | None = None) -> CourseMap:
    """The map, with this learner's progress. Raises `IllegalArgumentError` for a language that there is not."""
    return CourseMap(tuple(catalogue()), progress(), language(lang))


def catalogue_json(entries: list[Entry]) -> str:
    """The file of the catalogue."""
    told: list[dict[str, Any]] = [vars(entry) for entry in entries]
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"
