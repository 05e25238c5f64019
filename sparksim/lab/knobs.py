"""The panel's sliders and switches: one widget per setting, and the settings that they say.

It loads ipywidgets, so it is imported when the first lab is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

import ipywidgets

from sparksim.lab.settings import CRASHES, LEVELS, NEVER, Settings

INTERVALS_S = (0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
BLOCKS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
RATES_PER_S = (1, 2, 5, 10, 20, 50, 100, 200, 500)
COUNTS = range(1, 9)
MOMENTS = 60
"""A crash can be put at so many moments of the run."""

COLUMNS = (
    ("batch", "block", "rate", "concurrent_jobs"),
    ("executors", "cores", "storage_level", "log", "checkpoint", "backpressure"),
    CRASHES,
)
"""Which knobs stand together."""

_DESCRIPTION = {"description_width": "150px"}


class Knobs:
    """`box` shows them; `settings` is what they say. `changed()` is called when a person has turned one."""

    def __init__(self, settings: Settings, until: float, words: Mapping[str, str], changed: Callable[[], None]) -> None:
        self._first = settings
        self._changed = changed
        self.widgets = {name: _widget(name, value, until, words) for name, value in asdict(settings).items()}
        for name, widget in self.widgets.items():
            widget.add_class(f"lab-{name}")
            widget.observe(self._turned, "value")
        columns = [ipywidgets.VBox([self.widgets[name] for name in names]) for names in COLUMNS]
        self.box = ipywidgets.HBox(columns, layout={"flex_flow": "row wrap"}).add_class("lab-knobs")

    @property
    def settings(self) -> Settings:
        """What the knobs say now."""
        return replace(self._first, **{name: knob.value for name, knob in self.widgets.items() if not _is_idle(knob)})

    def reset(self) -> None:
        """Turn all of them back to where they began; counts as one change."""
        self._quietly(asdict(self._first))
        self._changed()

    def _quietly(self, values: Mapping[str, Any]) -> None:
        changed, self._changed = self._changed, lambda: None
        try:
            for name, value in values.items():
                if value is not None:
                    self.widgets[name].value = value
        finally:
            self._changed = changed

    def _turned(self, _change: Any) -> None:
        self._changed()


def _widget(name: str, value: Any, until: float, words: Mapping[str, str]) -> Any:
    how: dict[str, Any] = {"description": words[name], "style": _DESCRIPTION, "layout": {"width": "360px"}}
    if isinstance(value, bool):
        return ipywidgets.Checkbox(value=value, **how)
    if name == "storage_level":
        levels = [(level or words["own level"], level) for level in LEVELS]
        return ipywidgets.Dropdown(options=levels, value=value, **how)
    choices = {"batch": INTERVALS_S, "block": BLOCKS_S, "rate": RATES_PER_S}.get(name, COUNTS)
    options: list[tuple[str, float]]
    if name in CRASHES:
        moments = [round(until * number / MOMENTS, 3) for number in range(1, MOMENTS)]
        options = [(words["never"], NEVER), *((f"{moment:g}", moment) for moment in moments)]
    else:
        values = sorted({*choices, *([] if value is None else [value])})
        options = [(f"{each:g}", each) for each in values]
    chosen = options[0][1] if value is None else value
    return ipywidgets.SelectionSlider(options=options, value=chosen, disabled=value is None, **how)


def _is_idle(knob: Any) -> bool:
    """Whether this simulation has nothing that the knob could turn."""
    return bool(knob.disabled)
