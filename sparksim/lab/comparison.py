"""Two runs beside each other: in which settings they differ, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from sparksim.lab.settings import CRASHES, NEVER, OWN_LEVEL, Settings
from sparksim.sim.run import Run
from sparksim.sim.sweep import measures
from sparksim.trace.table import Table

PADDED = "padding: 1px 1.5em 1px 0"


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One setting or measure that is not the same in both runs. `change` is the new one less the pinned one."""

    what: str
    pinned: Any
    now: Any
    change: Any


def differences(pinned: tuple[Settings, Run], now: tuple[Settings, Run], until: float) -> Table[DifferenceRow]:
    """First the settings, then the measures of `sparksim.sim.sweep`; no row for what is equal."""
    (old_settings, old_run), (new_settings, new_run) = pinned, now
    old = {**asdict(old_settings), **measures(old_run, until)}
    new = {**asdict(new_settings), **measures(new_run, until)}
    unequal = [(name, old[name], new[name]) for name in old if old[name] != new[name]]
    return Table(DifferenceRow, (DifferenceRow(*each, _change(*each[1:])) for each in unequal))


def _change(old: Any, new: Any) -> Any:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (old, new))
    return round(new - old, 3) if numbers else None


def differences_html(rows: Table[DifferenceRow], words: Mapping[str, str]) -> str:
    """The table for people, its texts from `sparksim.lab.words`."""
    if not rows:
        return f"<b>{words['differences']}</b><p>{words['same']}</p>"
    head = "".join(f"<th style='text-align: left; {PADDED}'>{words[name]}</th>" for name in rows.columns)
    body = "".join(_line(row, words) for row in rows)
    return f"<b>{words['differences']}</b><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _line(row: DifferenceRow, words: Mapping[str, str]) -> str:
    change = "" if row.change is None or row.what in CRASHES else f"{row.change:+,.10g}"
    cells = (words[row.what], _cell(row.what, row.pinned, words), _cell(row.what, row.now, words), change)
    text = "".join(f"<td style='{PADDED}'>{escape(cell)}</td>" for cell in cells)
    return f"<tr data-what='{row.what}'>{text}</tr>"


def _cell(what: str, value: Any, words: Mapping[str, str]) -> str:
    if what == "storage_level" and value == OWN_LEVEL:
        return words["own level"]
    if what in CRASHES and value == NEVER:
        return words["never"]
    if isinstance(value, bool):
        return words["yes" if value else "no"]
    if value is None:
        return "–"
    return f"{value:,.10g}" if isinstance(value, (int, float)) else str(value)
