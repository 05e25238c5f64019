"""A failure of user code as text: the user's own frames, without the engine's (PySpark: the worker's traceback)."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = str(Path(__file__).parent.parent)


def describe_failure(error: BaseException) -> str:
    """The traceback of `error`, from the first frame outside sparksim on."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_PACKAGE)]
    lines = ["Traceback (most recent call last):\n", *traceback.format_list(frames)] if frames else []
    return "".join([*lines, *traceback.format_exception_only(type(error), error)]).rstrip()
