"""The lab's panel: knobs above, the run that they make below, and beside it the run that was pinned.

The first change is simulated at once; those that follow it closely wait a moment for the next one, so a slider that is
being dragged shows where it is going and where it comes to rest. What was simulated lately is remembered: turning back
shows it without simulating. It loads ipywidgets, so it is imported on use.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from html import escape
from typing import Any

import ipywidgets

from sparksim.core.arguments import is_positive
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.language import language
from sparksim.lab.collector import Collector
from sparksim.lab.comparison import differences, differences_html
from sparksim.lab.knobs import Knobs
from sparksim.lab.settings import Settings
from sparksim.lab.share import python_of
from sparksim.lab.words import lab_words
from sparksim.sim.run import Run
from sparksim.sim.simulation import Simulation
from sparksim.viz import timeline_widget
from sparksim.viz.delay_plot import DelayPlot
from sparksim.viz.html_page import check_theme

PAUSE_S = 0.05
"""So long a change waits for the next one, when it comes soon after a run was drawn; the first one does not wait."""

QUIET_S = 0.25
"""A change that comes later than this after the last run was drawn is a first one."""

ALERT = "padding: 6px 10px; border-left: 4px solid #d55e00; white-space: pre-wrap"

REMEMBERED = 16
"""So many runs are kept for turning back."""


class View:
    """One run in `box`: its title, timeline and delays. `show(settings, run)` shows another one in its place."""

    def __init__(self, title: str, settings: Settings, run: Run, lang: str, theme: str) -> None:
        self.settings, self.run = settings, run
        self.timeline = timeline_widget(run.trace, lang=lang, theme=theme)
        self.delays = DelayPlot(run.trace, lang=lang)
        self.title = ipywidgets.HTML(f"<b>{escape(title)}</b>", layout={"display": "none"})
        layout = {"flex": "1 1 560px", "min_width": "0"}
        self.box = ipywidgets.VBox([self.title, self.timeline, self.delays], layout=layout)

    def show(self, settings: Settings, run: Run) -> None:
        """Show this run instead."""
        self.settings, self.run = settings, run
        self.timeline.show(run.trace)
        self.delays.show(run.trace)


class Lab:
    """A simulation in a panel; see `sparksim.lab.lab`. `settings` is what its knobs say, `run` what is shown.

    `error` is the text of what the simulation refused, "" when it ran; `python` the program that rebuilds it.
    """

    def __init__(self, simulation: Simulation, *, until: float, lang: str | None, theme: str) -> None:
        if not is_positive(until):
            raise IllegalArgumentError(f"until={until!r}: give a positive number of seconds to simulate")
        check_theme(theme)
        lang = language(lang)
        self._words = lab_words(lang)
        self._how = {"lang": lang, "theme": theme}
        self._simulation, self._until = simulation, until
        self._waiting: asyncio.TimerHandle | None = None
        self._drawn_s = -QUIET_S
        self._collector = Collector()
        self._simulated = lru_cache(maxsize=REMEMBERED)(self._simulate)
        self.error = ""
        self.view: View | None = None
        self.pinned: View | None = None
        self.knobs = Knobs(Settings.of(simulation), until, self._words, self._change)
        self._alert = ipywidgets.HTML().add_class("lab-error")
        self._views = ipywidgets.HBox(layout={"flex_flow": "row wrap", "width": "100%"}).add_class("lab-views")
        self._table = ipywidgets.HTML().add_class("lab-differences")
        self._code = ipywidgets.Textarea(rows=18, layout={"width": "100%", "display": "none"})
        self._code.add_class("lab-python")
        self._buttons = {name: self._button(name) for name in ("pin", "share", "reset")}
        buttons = ipywidgets.HBox([*self._buttons.values()])
        self.box = ipywidgets.VBox([self.knobs.box, buttons, self._code, self._alert, self._views, self._table])
        self.redraw()

    def _repr_mimebundle_(self, **how: Any) -> Any:
        """What a notebook shows."""
        return self.box._repr_mimebundle_(**how)

    @property
    def settings(self) -> Settings:
        """What the knobs say."""
        return self.knobs.settings

    @property
    def run(self) -> Run | None:
        """The run that is shown: after an error the last one that there was."""
        return None if self.view is None else self.view.run

    @property
    def python(self) -> str:
        """The Python that rebuilds what the knobs say. Raises `IllegalArgumentError` where it has no text."""
        return python_of(self.settings.turned(self._simulation), self._until)

    def redraw(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Simulate what the knobs say, and show it. `loop` is the one that runs, if one does."""
        self._waiting = None
        with self._collector.resting(loop):
            self._redraw(self.settings)
        if loop is not None:
            self._drawn_s = loop.time()

    def _redraw(self, settings: Settings) -> None:
        try:
            run = self._simulated(settings)
        except Exception as error:
            # Whatever the program or the engine has to say: a panel has no place for a traceback.
            self._say(f"{type(error).__name__}: {error}")
            return
        self._show(settings, run)
        self._say("")

    def pin(self) -> None:
        """Keep the run that is shown for comparison, or let the pinned one go."""
        if self.pinned is not None:
            self.pinned.box.close()
            self.pinned = None
        elif self.view is not None:
            self.pinned = View(self._words["pinned run"], self.view.settings, self.view.run, **self._how)
        self._buttons["pin"].description = self._words["unpin" if self.pinned else "pin"]
        self._arrange()

    def share(self) -> None:
        """Show the Python that rebuilds the run, or hide it."""
        hidden = self._code.layout.display == "none"
        self._code.layout.display = "" if hidden else "none"
        self._buttons["share"].description = self._words["hide" if hidden else "share"]
        self._write()

    def reset(self) -> None:
        """Turn everything back to the simulation that the lab began with."""
        self.knobs.reset()

    def _simulate(self, settings: Settings) -> Run:
        return settings.turned(self._simulation).run(until=self._until)

    def _change(self) -> None:
        """A knob was turned: redraw soon where an event loop runs, as in a notebook; else at once."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.redraw()
            return
        if self._waiting is not None:
            self._waiting.cancel()
        soon = loop.time() - self._drawn_s < QUIET_S
        self._waiting = loop.call_later(PAUSE_S if soon else 0.0, self.redraw, loop)

    def _show(self, settings: Settings, run: Run) -> None:
        if self.view is None:
            self.view = View(self._words["this run"], settings, run, **self._how)
            self._arrange()
        else:
            self.view.show(settings, run)
            self._compare()
        self._write()

    def _arrange(self) -> None:
        views = [view for view in (self.pinned, self.view) if view is not None]
        for view in views:
            view.title.layout.display = "" if self.pinned else "none"
        self._views.children = [view.box for view in views]
        self._compare()

    def _compare(self) -> None:
        if self.pinned is None or self.view is None:
            self._table.value = ""
            return
        rows = differences((self.pinned.settings, self.pinned.run), (self.view.settings, self.view.run), self._until)
        self._table.value = differences_html(rows, self._words)

    def _write(self) -> None:
        if self._code.layout.display == "none":
            return
        try:
            self._code.value = self.python
        except IllegalArgumentError as error:
            self._code.value = f"# {error}"

    def _say(self, error: str) -> None:
        self.error = error
        stale = f"<br>{self._words['stale']}" if self.view is not None else ""
        self._alert.value = f"<div role='alert' style='{ALERT}'>{escape(error)}{stale}</div>" if error else ""

    def _button(self, name: str) -> Any:
        button = ipywidgets.Button(description=self._words[name], layout={"width": "auto"}).add_class(f"lab-{name}")
        button.on_click(lambda _: getattr(self, name)())
        return button
