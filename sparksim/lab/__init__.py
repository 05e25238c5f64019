"""The lab: a simulation with sliders and switches; each change simulates again and redraws what it came to.

Needs ipywidgets and anywidget, which are loaded when the first lab is opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sparksim.sim.simulation import Simulation

if TYPE_CHECKING:
    from sparksim.lab.panel import Lab

__all__ = ["lab"]


def lab(simulation: Simulation, *, until: float = 60.0, lang: str | None = None, theme: str = "auto") -> Lab:
    """The simulation's first `until` seconds as a panel of a notebook: turn something and see what it does.

    Sliders for the intervals, the rate, the cluster, concurrent jobs and failure times, switches for log, checkpoint
    and backpressure, a choice of storage levels. "Pin" keeps a run beside the next ones, with a table of what differs;
    "Share" shows the Python that rebuilds what is on the screen. `lang` is "en", "zh" or None, the set language;
    `theme` is "auto", "light" or "dark". Raises `ImportError` without ipywidgets and anywidget, `IllegalArgumentError`
    for an `until` that is no positive number, and `ValueError` for a language or a theme that there is not.
    """
    try:
        from sparksim.lab.panel import Lab
    except ImportError as error:
        raise ImportError(
            f"the lab needs ipywidgets and anywidget ({error}); try: pip install 'sparksim[notebook]'"
        ) from None
    return Lab(simulation, until=until, lang=lang, theme=theme)
