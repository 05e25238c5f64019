"""For commands in which things are meant to break: the warnings of that are not shown, and others' are as before."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def only_errors() -> Iterator[None]:
    """As long as this is open, the log says errors only."""
    logger = logging.getLogger("sparksim")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
