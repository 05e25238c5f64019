"""What the widget and the page of a streaming query draw, as one JSON value: every trigger, and what it changed.

The browser adds up the changes: what it shows of a trigger are the rows so far and the states after it.
"""

from __future__ import annotations

from typing import Any

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.trace.query_keys import shown_cell, time_text, window_text
from sparksim.viz.palette import BLUE, GREEN, GREY, PINK
from sparksim.viz.query_scale import clock_ticks, time_span
from sparksim.viz.query_story import Entry, QueryStory, StateLine, Step
from sparksim.viz.query_timeline import begun_story
from sparksim.viz.query_words import query_words
from sparksim.viz.words import Words

MOST_ROWS, MOST_STATES = 20_000, 2_000
"""So many rows, and states, a page has at most; the others are counted."""

SOURCES = (["circle", BLUE], ["square", GREEN], ["diamond", PINK], ["triangle", GREY])
"""Shape and colour of the rows of each source."""


def query_view(trace: Trace, name: str | None = None, lang: str | None = None) -> dict[str, Any]:
    """The query of this name, id or run id, in the language `lang`, by default the set one; of the only one with None.

    Raises `ValueError` when there is no such query, when no batch was planned yet, and for another language.
    """
    lang = language(lang)
    words = query_words(lang)
    story = begun_story(trace, name)
    first, last = story.runs[0], story.runs[-1]
    watched = any(step.own_ms for step in story.steps)
    most = max(20, MOST_ROWS // len(story.steps))
    latest = sorted(range(len(story.lines)), key=lambda number: -story.lines[number].last)[:MOST_STATES]
    lines = {number: story.lines[number] for number in sorted(latest)}
    places = {number: place for place, number in enumerate(lines)}
    untold = story.untold + sum(change.line not in lines for step in story.steps for change in step.changes)
    return {
        "lang": lang,
        "words": dict(words),
        "title": words["title"].format(name=story.title, mode=first.mode, sink=first.sink),
        "died": words["died"].format(error=last.error.strip().splitlines()[0]) if last.error else "",
        "sources": [list(each) for each in SOURCES],
        "times": _times(story),
        "lines": [_line(line) for line in lines.values()],
        "untold": untold,
        "steps": [_step(step, words, watched, places, most) for step in story.steps],
    }


def _times(story: QueryStory) -> dict[str, Any] | None:
    """The scale of event time, and the windows on it; None where no row has a time."""
    if not story.has_times:
        return None
    low, high = time_span(story)
    return {
        "span": [low, high],
        "ticks": [[tick, time_text(tick)] for tick in clock_ticks(low, high)],
        "windows": [[*bar.window, bar.first, bar.last] for bar in story.windows()],
    }


def _line(line: StateLine) -> str:
    return f"{window_text(line.window)} {line.name}".strip() if line.window else line.name


def _step(step: Step, words: Words, watched: bool, places: dict[int, int], most: int) -> dict[str, Any]:
    """`places` of the states that are shown, in the page's list; `most` rows are shown, late ones first."""
    row = step.row
    ordered = sorted(range(len(step.entries)), key=lambda at: not step.entries[at].late)[:most]
    entries = [step.entries[at] for at in sorted(ordered)]
    return {
        "batch": row.batch,
        "notes": step_notes(step, words),
        "read": row.rows_read,
        "late": row.rows_late,
        "written": row.rows_written,
        "states": row.state_rows,
        "abandoned": row.status == "abandoned",
        "watermark": row.watermark_ms if row.watermark_ms > 0 else None,
        "moved": _moved(step, words) if watched else "",
        "own": list(step.own_ms),
        "columns": {str(source): list(columns) for source, columns in step.source_columns.items()},
        "entries": [_entry(entry, step, words) for entry in entries],
        "unshown": row.rows_read - len(entries),
        "changes": [
            [places[change.line], change.change, change.value] for change in step.changes if change.line in places
        ],
        "buffers": [[side, count] for side, count in sorted(step.buffers.items())],
        "heads": list(step.columns),
        "result": [[shown_cell(cell) for cell in cells] for cells in step.result[:most]],
    }


def step_notes(step: Step, words: Words) -> list[str]:
    """What is special about a trigger: no data, run again, not committed."""
    notes = [] if step.row.data else [words["no data"]]
    if step.row.again:
        notes.append(words["again"])
    if step.row.status != "done":
        notes.append(words[step.row.status])
    return notes


def _moved(step: Step, words: Words) -> str:
    """Where the watermark stands, and where it goes."""
    now_ms, next_ms = step.row.watermark_ms, step.row.next_watermark_ms
    if next_ms is not None and next_ms > max(now_ms, 0):
        shown = time_text(now_ms) if now_ms > 0 else "–"
        return words["moved"].format(watermark=shown, next=time_text(next_ms))
    return words["still"].format(watermark=time_text(now_ms)) if now_ms > 0 else words["no watermark"]


def _entry(entry: Entry, step: Step, words: Words) -> list[Any]:
    """Source, event time, cells, and why the row was dropped ("" if it was not)."""
    why = ""
    if entry.late:
        at = {"watermark": time_text(step.row.watermark_ms)}
        if entry.closed is not None:
            why = words["why window"].format(time=time_text(entry.closed[1]), **at)
        elif entry.event_ms is not None:
            why = words["why"].format(time=time_text(entry.event_ms), **at)
        else:
            why = words["late"]
    return [entry.source, entry.event_ms, [shown_cell(cell) for cell in entry.cells], why]
