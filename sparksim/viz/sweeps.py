"""The figure of a sweep: a measure over one knob, one line per value of another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

from sparksim.trace.table import Table
from sparksim.viz.palette import BLUE, GREEN, INK, ORANGE, PINK, SKY, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = (
    (BLUE, "o", "-"),
    (VERMILION, "s", "--"),
    (GREEN, "^", "-."),
    (ORANGE, "D", ":"),
    (PINK, "v", "-"),
    (SKY, "P", "--"),
)
"""Colour, marker and dashes of each line; they repeat after six."""

UNITS = {"batch": "s", "block": "s", "rate": "records per second"}


class _Point(NamedTuple):
    x: float
    y: float
    hollow: bool


def sweep_figure(
    table: Table[Any],
    knobs: Sequence[str],
    measure: str = "total_delay_ms",
    over: str | None = None,
    by: str | None = None,
) -> Figure:
    """Draw the column `measure` of a sweep over the knob `over`, one line per value of the knob `by`.

    By default `over` is the first knob whose values are numbers and `by` the first other one that varies. A measure
    that is None has no point; where the table has a column `stable`, the points of runs that were not are hollow.
    Raises `ValueError` for names that are no columns, and when a line would have two points in one place.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    over, by = _axes(table, knobs, measure, over, by)
    lines = _lines(table, knobs, measure, over, by)
    figure = Figure(figsize=(7.5, 4.5), layout="constrained")
    axes = figure.add_subplot()
    handles = []
    for (label, points), (colour, marker, dashes) in zip(lines.items(), cycle(LINES), strict=False):
        style: dict[str, Any] = {"color": colour, "marker": marker, "linestyle": dashes, "linewidth": 1.4}
        axes.plot([point.x for point in points], [point.y for point in points], **style)
        hollow = [point for point in points if point.hollow]
        axes.plot(
            [point.x for point in hollow],
            [point.y for point in hollow],
            **{**style, "linestyle": "none", "markerfacecolor": "white"},
        )
        handles += [Line2D([], [], label=label, **style)] if label else []
    everything = [point for points in lines.values() for point in points]
    if any(point.hollow for point in everything):
        style = {"color": INK, "marker": "o", "markerfacecolor": "white", "linestyle": "none"}
        handles.append(Line2D([], [], label="not sustained", **style))
    if handles:
        figure.legend(handles=handles, frameon=False, loc="outside right upper")
    axes.set_xlabel(_label(over))
    axes.set_ylabel(_label(measure))
    if all(point.y >= 0 for point in everything):
        axes.set_ylim(bottom=0)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _lines(table: Table[Any], knobs: Sequence[str], measure: str, over: str, by: str | None) -> dict[str, list[_Point]]:
    """The points of each line, from left to right, by what the legend calls it."""
    lines: dict[str, list[_Point]] = {}
    seen: set[tuple[str, Any]] = set()
    for row in table:
        label = "" if by is None else f"{by} = {_short(getattr(row, by))}"
        x, y = getattr(row, over), getattr(row, measure)
        if (label, x) in seen:
            rest = [name for name in knobs if name not in (over, by)]
            raise ValueError(
                f"several rows have {over}={x!r}{label and ', ' + label}: choose one value of {' and '.join(rest)} "
                f"first, as in table.where({rest[0] if rest else over}=…).figure()"
            )
        seen.add((label, x))
        points = lines.setdefault(label, [])
        if x is not None and y is not None:
            points.append(_Point(x, y, getattr(row, "stable", None) is False))
    return {label: sorted(points) for label, points in lines.items()}


def _axes(
    table: Table[Any], knobs: Sequence[str], measure: str, over: str | None, by: str | None
) -> tuple[str, str | None]:
    for name in filter(None, (measure, over, by)):
        if name not in table.columns:
            raise ValueError(f"no column {name!r}: the columns are {', '.join(table.columns)}")
    if over is None:
        over = next((name for name in knobs if name != by and _numeric(table, name)), None)
        if over is None:
            raise ValueError(f"none of {', '.join(knobs) or 'the knobs'} has numbers to draw over; give over=…")
    for name in (measure, over):
        if not _numeric(table, name):
            raise ValueError(f"{name!r} has values that are no numbers, and cannot be drawn")
    if by is None:
        by = next((name for name in knobs if name != over and len({*map(_short, table.column(name))}) > 1), None)
    return over, by


def _numeric(table: Table[Any], name: str) -> bool:
    return all(value is None or isinstance(value, (int, float)) for value in table.column(name))


def _short(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 32 else text[:31] + "…"


def _label(column: str) -> str:
    """A column's name for people: `total_delay_p95_ms` is "total delay p95 (ms)"."""
    if column in UNITS:
        return f"{column} ({UNITS[column]})"
    name, ms, _ = column.rpartition("_ms")
    return f"{name.replace('_', ' ')} (ms)" if ms else column.replace("_", " ")
