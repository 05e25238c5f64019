"""Figures of a run, drawn from its trace alone. matplotlib is loaded when the first one is drawn."""

from sparksim.viz.delivery import delivery_figure
from sparksim.viz.timeline import timeline_figure

__all__ = ["delivery_figure", "timeline_figure"]
