"""Draws the figure of a streaming query: puts its panels together, names the triggers, and makes the legend.

Lengths on the page are inches; on the x axis trigger n is at n.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sparksim.trace.query_keys import shown_cell
from sparksim.viz.lettering import shortened
from sparksim.viz.page import FONT, LETTER, NotebookFigure, legend_columns
from sparksim.viz.palette import BLUE, GREEN, GREY, INK, PALE, SKY, VERMILION
from sparksim.viz.query_event_time import LATE, OWN, WATERMARK, WINDOW, draw_times, row_look
from sparksim.viz.query_states import LOOK, draw_states, shown_lines
from sparksim.viz.query_story import QueryStory, Step
from sparksim.viz.query_view import step_notes
from sparksim.viz.words import Words

LEFT, RIGHT, TITLE, GAP, LEGEND_ROW, BOTTOM = 1.75, 0.2, 0.42, 0.36, 0.22, 0.12
WIDEST, COLUMN = 16.0, 2.3
"""How wide a figure is at most, and a column."""

FEW = 14
"""Up to so many triggers have texts."""

LINE, LIST_LINES, STATES_ROW = 0.165, 8, 0.21
TIMES_HIGH, COUNTS_HIGH, SIDE_HIGH = 3.1, 1.2, 0.8


@dataclass(frozen=True)
class Columns:
    """How much room a trigger has, in inches, and whether that is enough for texts."""

    count: int
    wide: float
    texts: bool

    def fit(self, text: str, left_out: float = 0.05) -> str:
        """As much of a text as has room in a column."""
        return shortened(text, max(2, (self.wide - left_out) / LETTER))


@dataclass(frozen=True)
class Panel:
    """How high it is, its title, and what draws it."""

    high: float
    title: str
    draw: Callable[[Axes], None]


def draw_query(story: QueryStory, words: Words) -> Figure:
    """The whole figure; see `query_figure`."""
    count = len(story.steps)
    wide = min(COLUMN, (WIDEST - LEFT - RIGHT) / count)
    inner = max(count * wide, 5.0)
    columns = Columns(count, inner / count, count <= FEW)
    panels = _panels(story, columns, words)
    legend = _legend(story, columns, words)
    width = LEFT + inner + RIGHT
    per_row = legend_columns([label for _, label in legend], width)
    noted = max(len(step_notes(step, words)) for step in story.steps) if columns.texts else 1
    below = LINE * (noted + 1) + 2 * BOTTOM + LEGEND_ROW * ceil(len(legend) / per_row)
    height = TITLE + sum(panel.high + GAP for panel in panels) - GAP + below + 0.2
    figure = NotebookFigure(figsize=(width, height), dpi=100, facecolor="white")
    title = words["title"].format(name=story.title, mode=story.runs[0].mode, sink=story.runs[0].sink)
    figure.text(0.1 / width, 1 - 0.1 / height, title, fontsize=FONT + 2, weight=words["weight"], va="top")
    top = TITLE + 0.2
    for number, panel in enumerate(panels):
        place = LEFT / width, 1 - (top + panel.high) / height, inner / width, panel.high / height
        axes = figure.add_axes(place)
        _frame(axes, count, panel.title)
        panel.draw(axes)
        _name_triggers(axes, story.steps, columns, words, named=number == len(panels) - 1)
        top += panel.high + GAP
    handles, labels = [handle for handle, _ in legend], [label for _, label in legend]
    figure.legend(handles, labels, loc="lower center", ncols=per_row, fontsize=FONT, frameon=False, borderaxespad=0.3)
    return figure


def _panels(story: QueryStory, columns: Columns, words: Words) -> list[Panel]:
    steps = story.steps
    panels = []
    if story.has_times:
        draw_input: Callable[[Axes], None] = lambda axes: draw_times(axes, story, columns, words)  # noqa: E731
        panels.append(Panel(TIMES_HIGH, words["input"], draw_input))
    elif columns.texts:
        texts = [_input_texts(step, columns, words) for step in steps]
        panels.append(Panel(_list_high(texts), words["input"], lambda axes: _draw_lists(axes, texts)))
    if not columns.texts:
        panels.append(Panel(COUNTS_HIGH, words["counts"], lambda axes: _draw_counts(axes, steps, words)))
    if story.lines:
        lines = shown_lines(story.lines)
        title = words["states"]
        if len(lines) < len(story.lines):
            title = words["states of"].format(shown=len(lines), count=f"{len(story.lines):,}")
        if story.untold:
            title += f"; {words['untold'].format(count=f'{story.untold:,}')}"
        panels.append(Panel(STATES_ROW * len(lines), title, lambda axes: draw_states(axes, story, lines, columns)))
    if any(step.row.state_rows is not None for step in steps) and not columns.texts and not story.sides:
        rows = [step.row.state_rows for step in steps]
        panels.append(Panel(SIDE_HIGH, words["state rows"], lambda axes: _draw_amounts(axes, rows, columns, GREEN)))
    for side, colour in zip(story.sides, (BLUE, GREEN), strict=False):
        panels.append(Panel(SIDE_HIGH, words[side], _side(steps, side, columns, colour)))
    if columns.texts:
        results = [_result_texts(step, columns, words) for step in steps]
        panels.append(Panel(_list_high(results), words["result"], lambda axes: _draw_lists(axes, results)))
    return panels


def _side(steps: Sequence[Step], side: str, columns: Columns, colour: str) -> Callable[[Axes], None]:
    rows = [step.buffers.get(side, 0) for step in steps]
    return lambda axes: _draw_amounts(axes, rows, columns, colour)


def _frame(axes: Axes, count: int, title: str) -> None:
    axes.set_xlim(-0.5, count - 0.5)
    axes.set_title(title, loc="left", fontsize=FONT, color=INK, pad=4)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GREY)
    axes.tick_params(labelsize=FONT - 0.5, length=2)
    if count <= FEW:
        for border in range(1, count):
            axes.axvline(border - 0.5, color=PALE, linewidth=0.8, zorder=0)


def _name_triggers(axes: Axes, steps: Sequence[Step], columns: Columns, words: Words, *, named: bool) -> None:
    """The batches' numbers below the lowest panel, and what is special about them."""
    if not columns.texts:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
        axes.xaxis.set_major_formatter(lambda at, _: _number(steps, at))
        axes.tick_params(axis="x", labelbottom=named)
        if named:
            axes.set_xlabel(words["batch"].format(number="").strip(), fontsize=FONT)
        return
    notes = [[words["batch"].format(number=step.row.batch), *step_notes(step, words)] for step in steps]
    texts = ["\n".join(columns.fit(note, 0.05) for note in each) for each in notes]
    axes.set_xticks(range(len(steps)), texts if named else [""] * len(steps), fontsize=FONT)
    axes.tick_params(axis="x", length=0)


def _number(steps: Sequence[Step], at: float) -> str:
    number = round(at)
    return str(steps[number].row.batch) if 0 <= number < len(steps) and abs(at - number) < 1e-6 else ""


def _input_texts(step: Step, columns: Columns, words: Words) -> list[tuple[str, str]]:
    """(text, colour) of each new row, and how many more there are."""
    texts = [(entry.text, VERMILION if entry.late else INK) for entry in step.entries]
    return _cut(texts, step.row.rows_read, columns, words)


def _result_texts(step: Step, columns: Columns, words: Words) -> list[tuple[str, str]]:
    texts = [(", ".join(map(shown_cell, row)), INK) for row in step.result]
    return _cut(texts, step.row.rows_written, columns, words)


def _cut(texts: list[tuple[str, str]], count: int | None, columns: Columns, words: Words) -> list[tuple[str, str]]:
    most = LIST_LINES if len(texts) <= LIST_LINES and (count or 0) <= len(texts) else LIST_LINES - 1
    shown = [(columns.fit(text), colour) for text, colour in texts[:most]]
    more = (count or 0) - len(shown)
    if more > 0:
        shown.append((columns.fit(words["more"].format(count=f"{more:,}")), GREY))
    return shown or [(columns.fit(words["none"]) if count == 0 else "–", GREY)]


def _list_high(texts: Sequence[Sequence[tuple[str, str]]]) -> float:
    return LINE * max(map(len, texts)) + 0.12


def _draw_lists(axes: Axes, texts: Sequence[Sequence[tuple[str, str]]]) -> None:
    """The texts of each column, from the top down."""
    most = _list_high(texts)
    axes.set_ylim(most, 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    for number, column in enumerate(texts):
        for at, (text, colour) in enumerate(column):
            style: dict[str, Any] = {"fontsize": FONT, "color": colour, "va": "center", "ha": "center"}
            axes.text(number, LINE * (at + 0.5) + 0.06, text, **style)


def _draw_counts(axes: Axes, steps: Sequence[Step], words: Words) -> None:
    places = range(len(steps))
    written = [step.row.rows_written or 0 for step in steps]
    late = [step.row.rows_late for step in steps]
    axes.bar(places, [step.row.rows_read for step in steps], 1.0, color=SKY, label=words["read"], linewidth=0)
    axes.bar(places, late, 1.0, color=VERMILION, hatch="////", edgecolor="white", linewidth=0, label=words["late"])
    axes.plot(places, written, color=INK, linewidth=1, label=words["written"])
    axes.set_ylim(0, 1.12 * max(*(step.row.rows_read for step in steps), *written, 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))


def _draw_amounts(axes: Axes, rows: Sequence[int | None], columns: Columns, colour: str) -> None:
    """How many rows there were after each trigger."""
    known = [row or 0 for row in rows]
    axes.bar(range(len(known)), known, 0.6 if columns.texts else 1.0, color=colour, linewidth=0)
    axes.set_ylim(0, 1.3 * max(*known, 1))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=3))
    if columns.texts:
        for number, row in enumerate(known):
            axes.text(number, row, f"{row:,}", fontsize=FONT - 0.5, ha="center", va="bottom", color=INK)


def _legend(story: QueryStory, columns: Columns, words: Words) -> list[tuple[Any, str]]:
    """What occurs in this figure."""
    late = any(step.row.rows_late for step in story.steps)
    entries: list[tuple[Any, str]] = []
    if story.has_times:
        sources = sorted({entry.source for step in story.steps for entry in step.entries})
        for source in sources:
            own = f": {words['source'].format(number=source)}" if len(sources) > 1 else ""
            entries.append((Line2D([], [], linestyle="", **row_look(source)), f"{words['row']}{own}"))
        if late:
            entries.append((Line2D([], [], linestyle="", **LATE), words["late why"]))
        if any(step.row.watermark_ms > 0 for step in story.steps):
            entries.append((Line2D([], [], **WATERMARK), words["watermark"]))
        if any(any(step.own_ms) for step in story.steps):
            entries.append((Line2D([], [], **OWN), words["own"]))
        if story.windows():
            entries.append((Patch(**WINDOW), words["window"]))
    if not columns.texts:
        entries.append((Patch(facecolor=SKY), words["read"]))
        if late and not story.has_times:
            entries.append((Patch(facecolor=VERMILION, hatch="////", edgecolor="white"), words["late"]))
        entries.append((Line2D([], [], color=INK, linewidth=1), words["written"]))
    changes = {cell.change for line in shown_lines(story.lines) for cell in story.cells(line).values()}
    entries += [(Patch(**look), words[change or "kept"]) for change, look in LOOK.items() if change in changes]
    return list({label: (handle, label) for handle, label in entries}.values())
