"""What cases use to look at an engine from outside: errors, directories, lineage."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JOB_ERRORS = {"Py4JJavaError", "SparkException"}
"""Names of the classes in which the engines report that a job failed or an argument was refused by the engine."""


def raises(kind: type[BaseException], action: Callable[[], Any]) -> str:
    """Whether `action` raises `kind`, as a text that is the same on both engines."""
    try:
        action()
    except Exception as error:
        if isinstance(error, kind):
            return f"raises {kind.__name__}"
        return f"raises {type(error).__name__} instead of {kind.__name__}: {error}"
    return "no error"


def spark_refuses(action: Callable[[], Any], text: str = "") -> str:
    """Whether the engine itself gives up, and whether the message (or the traceback in it) contains `text`."""
    try:
        action()
    except Exception as error:
        if not JOB_ERRORS & {cls.__name__ for cls in type(error).__mro__}:
            return f"raises {type(error).__name__}: {error}"
        return "spark refuses" if text in str(error) else f"spark refuses, but not for {text!r}: {error}"
    return "no error"


@contextmanager
def directory() -> Iterator[Path]:
    """An empty directory that is gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix="conformance-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def stage_partitions(rdd: Any) -> list[int]:
    """Partitions of the stages that `toDebugString` shows, the last stage first."""
    text = rdd.toDebugString().decode("utf-8")
    return [int(partitions) for partitions in re.findall(r"^[ |+-]*\((\d+)\)", text, re.MULTILINE)]


def grouped(pairs: Any) -> list[tuple[Any, list[Any]]]:
    """(key, iterable) pairs with the iterables as lists."""
    return [(key, list(values)) for key, values in pairs]
