"""The structured vectors: programs of Structured Streaming, with what real PySpark 4.3 did.

Each has an `id` and a `kind` like the vectors of DStreams, so that both are chosen, run and missed in the same way.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from sparksim import SparkContext
from sparksim.sql import SparkSession, functions
from tests.conformance.cases import DATA
from tests.conformance.structured_programs import Modules, Program, Result, run

Vector = dict[str, Any]

SHIPPED = DATA / "structured-vectors.json"
MORE = DATA / "structured-more.json"
"""Our own programs, recorded by `tests.spark4.record_more`."""
_files = (SHIPPED, MORE)


def take_structured_vectors_from(path: Path) -> None:
    """Use this file in place of the shipped one. Before the tests are collected: they are made from the vectors."""
    global _files  # noqa: PLW0603  # set once, by pytest's configuration
    structured_vectors.cache_clear()
    _files = (path,)


def structured_files() -> tuple[Path, ...]:
    """The files in use."""
    return _files


def is_structured(path: Path) -> bool:
    """Whether the file says, by the form of its vectors, that they are streaming queries."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    vectors = content.get("vectors") if isinstance(content, dict) else None
    return isinstance(vectors, list) and bool(vectors) and all("query" in _program(vector) for vector in vectors)


def _program(vector: Any) -> Any:
    program = vector.get("program") if isinstance(vector, dict) else None
    return program if isinstance(program, dict) else {}


@cache
def structured_vectors() -> list[Vector]:
    """The vectors in use, named and of one kind."""
    return [vector for file in _files for vector in vectors_of(file)]


def vectors_of(file: Path) -> list[Vector]:
    """Those of one file."""
    found = json.loads(file.read_text(encoding="utf-8"))["vectors"]
    return [{**vector, "id": vector["name"], "kind": "structured"} for vector in found]


def run_on_sparksim(program: Program, folder: Path) -> Result:
    """What sparksim makes of a program.

    Live with one stream; with several in virtual time, where the files of a step appear in one moment.
    """
    is_live = sum(given["kind"] == "stream" for given in program["inputs"].values()) == 1
    with SparkContext("local[2]" if is_live else "sim[2,2]", "structured conformance"):
        return run(Modules(functions, is_paced=is_live), SparkSession.builder.getOrCreate(), program, folder)
