"""Where in the user's program something was asked for: "reduceByKey at word_count.py:14" (Spark: CallSite)."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from sparksim.core import local_properties


class CallSite(NamedTuple):
    """The function of ours that the user called, and from where."""

    function: str
    file: str
    line: int

    @property
    def short(self) -> str:
        """Such as `reduceByKey at word_count.py:14`."""
        return f"{self.function} at {os.path.basename(self.file)}:{self.line}"


def user_call() -> CallSite:
    """The nearest call from outside this package into it; what nobody outside asked for is the engine's own."""
    frame = sys._getframe(1)
    function = frame.f_code.co_name
    while _is_ours(frame.f_globals.get("__name__", "")):
        if frame.f_back is None:
            return CallSite(function.lstrip("_"), "sparksim", 0)
        function = frame.f_code.co_name
        frame = frame.f_back
    return CallSite(function, frame.f_code.co_filename, frame.f_lineno)


def current() -> str:
    """The call site to name a new RDD or job after: the one set as a local property, else the user's line."""
    return local_properties.get(local_properties.CALL_SITE) or user_call().short


def _is_ours(module: str) -> bool:
    return module == "sparksim" or module.startswith("sparksim.")
