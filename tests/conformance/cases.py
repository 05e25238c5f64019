"""A case: a small program over the public API, whose answer on real PySpark is recorded.

`@case` registers a function of one argument, the SparkContext. It imports neither pyspark nor sparksim, leaves nothing
behind in the context and returns a value that JSON can hold. The answers of real PySpark are in
`data/pyspark_3_5.json`; `tests/conformance` compares sparksim with them, `tests/spark` compares PySpark itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
RECORDING = DATA / "pyspark_3_5.json"


@dataclass(frozen=True)
class Case:
    """One program. `unordered`: Spark promises no order for the records of its answer."""

    name: str
    run: Callable[[Any], Any]
    unordered: bool


CASES: dict[str, Case] = {}


def case(function: Callable[[Any], Any] | None = None, *, unordered: bool = False) -> Any:
    """Register a program under `<module>.<function>`."""
    if function is None:
        return lambda function: case(function, unordered=unordered)
    name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
    if name in CASES:
        raise ValueError(f"two cases are called {name}: rename one of them")
    CASES[name] = Case(name, function, unordered)
    return function


def answer(case: Case, sc: Any) -> Any:
    """What the case gives on this context, as JSON would give it back: tuples are lists."""
    value = json.loads(json.dumps(case.run(sc)))
    return sorted(value, key=json.dumps) if case.unordered else value


def recording() -> dict[str, Any]:
    """The answers of real PySpark: `rdd` by case, `dstream` by vector id, `programs` and `printed` by program."""
    recorded: dict[str, Any] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return recorded
