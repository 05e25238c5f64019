"""Event time against triggers: each new row where it came and when it happened, the watermark, and the windows.

A row above the watermark's line is on time; a window whose end the line has passed is over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from sparksim.trace.query_keys import time_text
from sparksim.viz.page import FONT
from sparksim.viz.palette import BLUE, GREEN, GREY, INK, ORANGE, PINK, SKY, VERMILION
from sparksim.viz.query_scale import clock_ticks, time_span
from sparksim.viz.words import Words

if TYPE_CHECKING:
    from sparksim.viz.query_story import Entry, QueryStory, Step

ROW: dict[str, Any] = {"marker": "o", "markersize": 5, "color": BLUE, "markeredgecolor": "white"}
SOURCES = (("o", BLUE), ("s", GREEN), ("D", PINK), ("^", GREY))
LATE: dict[str, Any] = {"marker": "X", "markersize": 7, "color": VERMILION, "markeredgecolor": "white"}
SMALL: dict[str, Any] = {"markersize": 3.2, "markeredgewidth": 0.2}
WATERMARK: dict[str, Any] = {"color": VERMILION, "linewidth": 1.8}
OWN: dict[str, Any] = {"color": ORANGE, "linewidth": 1.2, "linestyle": (0, (3, 2))}
WINDOW: dict[str, Any] = {"facecolor": "#E3F1FA", "edgecolor": SKY, "linewidth": 0.7}

HALO = [withStroke(linewidth=2.5, foreground="white")]
"""So that a text can be read where a line passes."""

MANY = 40
"""From so many triggers on the watermark's line lies above the dots, which would hide it."""
LABELS, LABEL_IN = 6, 0.15
"""Up to so many different rows of a trigger have a text beside their dots; how far apart texts are, in inches."""


class Room(Protocol):
    """How much room a column has."""

    @property
    def wide(self) -> float: ...
    @property
    def texts(self) -> bool: ...

    def fit(self, text: str, left_out: float = ...) -> str: ...


def draw_times(axes: Axes, story: QueryStory, columns: Room, words: Words) -> None:
    """The panel; trigger n is at n, event times are ms."""
    low, high = time_span(story)
    axes.set_ylim(low, high)
    ticks = clock_ticks(low, high)
    axes.set_yticks(ticks, [time_text(tick) for tick in ticks])
    axes.set_ylabel(words["event time"], fontsize=FONT)
    _draw_windows(axes, story)
    _draw_watermark(axes, story.steps)
    for number, step in enumerate(story.steps):
        _draw_rows(axes, number, step, columns, words)


def _draw_windows(axes: Axes, story: QueryStory) -> None:
    """From the trigger that made the first state of a window to the one that let the last go."""
    end = len(story.steps) - 0.5
    for bar in story.windows():
        start_ms, end_ms = bar.window
        first = bar.first - 0.46
        last = end if bar.last is None else bar.last - 0.46
        size = max(last - first, 0.05), end_ms - start_ms
        axes.add_patch(Rectangle((first, start_ms), *size, **{**WINDOW, "zorder": 1, "alpha": 0.75}))


def _draw_watermark(axes: Axes, steps: Sequence[Step]) -> None:
    """Within a trigger it stands still; 0 is none yet."""
    xs: list[float] = []
    ys: list[float] = []
    for number, step in enumerate(steps):
        if step.row.watermark_ms > 0:
            xs += [number - 0.5, number + 0.5]
            ys += [step.row.watermark_ms] * 2
    axes.plot(xs, ys, zorder=3 if len(steps) < MANY else 6, **WATERMARK)
    for which in range(max(len(step.own_ms) for step in steps)):
        own = [step.own_ms[which] if which < len(step.own_ms) else None for step in steps]
        axes.plot(
            [x for number in range(len(own)) for x in (number - 0.5, number + 0.5)],
            [float("nan") if time_ms is None else time_ms for time_ms in own for _ in range(2)],
            zorder=2.5,
            **OWN,
        )


def _draw_rows(axes: Axes, number: int, step: Step, columns: Room, words: Words) -> None:
    at = number - 0.34 if columns.texts else number
    for source in dict.fromkeys(entry.source for entry in step.entries):
        own = [entry.event_ms for entry in step.entries if entry.source == source and not entry.late]
        _dots(axes, at, own, row_look(source) | ({} if columns.texts else SMALL))
    _dots(axes, at, [entry.event_ms for entry in step.entries if entry.late], LATE | ({} if columns.texts else SMALL))
    if columns.texts:
        _draw_labels(axes, number, step, columns)
        _draw_rest(axes, number, step, columns, words)


def _dots(axes: Axes, at: float, times: Sequence[float | None], look: dict[str, Any]) -> None:
    known = [time_ms for time_ms in times if time_ms is not None]
    axes.plot([at] * len(known), known, linestyle="", zorder=4, **look)


def row_look(source: int) -> dict[str, Any]:
    """The dot of a row of this source: by shape and colour."""
    marker, colour = SOURCES[source % len(SOURCES)]
    return {**ROW, "marker": marker, "color": colour}


def _draw_labels(axes: Axes, number: int, step: Step, columns: Room) -> None:
    """The rows' texts, from below, each above the one before; rows that are alike have one."""
    low, high = axes.get_ylim()
    apart = LABEL_IN * (high - low) / _high_in(axes)
    floor = low + apart / 2
    places: list[tuple[float, str, bool]] = []
    for (time_ms, entry_text, reason), count in sorted(_alike(step).items()):
        floor = max(floor, time_ms)
        text = f"{count} × {entry_text}" if count > 1 else entry_text
        places.append((floor, _fitting(text, reason, columns), bool(reason)))
        floor += apart
    over = max(0.0, floor - apart / 2 - high)
    for place, text, late in places:
        style: dict[str, Any] = {"fontsize": FONT - 0.5, "va": "center_baseline", "zorder": 5, "path_effects": HALO}
        axes.text(number - 0.28, place - over, text, color=VERMILION if late else INK, **style)


def _alike(step: Step) -> Counter[tuple[float, str, str]]:
    """How many rows have the same time, text, and reason to be dropped; nothing where that is too much to write."""
    counts = Counter(
        (entry.event_ms, entry.text, _reason(entry, step)) for entry in step.entries if entry.event_ms is not None
    )
    return counts if len(counts) <= LABELS else Counter()


def _reason(entry: Entry, step: Step) -> str:
    """The comparison that made a row late; "" of one on time."""
    if not entry.late or entry.event_ms is None:
        return ""
    end_ms = entry.event_ms if entry.closed is None else entry.closed[1]
    return f"{time_text(end_ms)} ≤ {time_text(step.row.watermark_ms)}"


def _fitting(text: str, reason: str, columns: Room) -> str:
    """Both, or what matters more where there is no room."""
    left_out = 0.22 * columns.wide + 0.02
    both = f"{text}: {reason}" if reason else text
    return both if columns.fit(both, left_out) == both else columns.fit(reason or text, left_out)


def _draw_rest(axes: Axes, number: int, step: Step, columns: Room, words: Words) -> None:
    """Above the rows: how many are not shown, have no time, or came too late."""
    untimed = sum(entry.event_ms is None for entry in step.entries)
    notes = [(words["more"].format(count=f"{step.unshown:,}"), GREY)] if step.unshown else []
    if step.row.rows_read and not _alike(step):
        notes = [(words["unknown"].format(count=f"{step.row.rows_read:,}"), GREY)]
    if untimed:
        notes.append((f"{untimed}: {words['no time']}", GREY))
    if step.row.rows_late > sum(entry.late for entry in step.entries):
        notes.append((words["late rows"].format(count=f"{step.row.rows_late:,}"), VERMILION))
    for at, (text, colour) in enumerate(notes):
        style: dict[str, Any] = {"fontsize": FONT - 1, "va": "top", "ha": "right", "color": colour, "zorder": 6}
        y = 1 - (at * 0.14 + 0.02) / _high_in(axes)
        axes.text(number + 0.47, y, columns.fit(text, 0.08), transform=axes.get_xaxis_transform(), **style)


def _high_in(axes: Axes) -> float:
    """How high the panel is, in inches."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    return float(axes.get_position().height * figure.get_figheight())
