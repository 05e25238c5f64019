"""Python's garbage collector, kept from work while a run is made and its picture is on its way to the browser.

A run makes a hundred thousand objects, and nearly all of them stay: looking through them finds nothing, takes as long
as drawing them, and holds up the thread that sends the picture.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

REST_S = 0.3
"""So long after a run the picture has gone out, and nobody waits."""


class Collector:
    """Leaves a collector alone that somebody else has switched off."""

    def __init__(self) -> None:
        self._waking: asyncio.TimerHandle | None = None

    @contextmanager
    def resting(self, loop: asyncio.AbstractEventLoop | None = None) -> Iterator[None]:
        """No collection in here, nor, where there is a loop to tell the time, for a moment after."""
        was_on = gc.isenabled() or self._waking is not None
        if self._waking is not None:
            self._waking.cancel()
            self._waking = None
        gc.disable()
        try:
            yield
        finally:
            if was_on and loop is None:
                gc.enable()
            elif was_on and loop is not None:
                self._waking = loop.call_later(REST_S, self._wake)

    def _wake(self) -> None:
        self._waking = None
        gc.enable()
