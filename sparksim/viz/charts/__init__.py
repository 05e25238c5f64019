"""The scripts and the style of the charts of batches: of the Streaming page and of the delay plot."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def chart_text(*names: str) -> str:
    """The texts of these files, one after the other: they share their names."""
    folder = files(__name__)
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)
