"""The structured vectors: programs of Structured Streaming, with what real PySpark 4.3 did.

Each has an `id` and a `kind` like the vectors of DStreams, so that both are chosen, run and missed in the same way.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from tests.conformance.cases import DATA

Vector = dict[str, Any]

SHIPPED = DATA / "structured-vectors.json"
_file = SHIPPED


def take_structured_vectors_from(path: Path) -> None:
    """Use this file in place of the shipped one. Before the tests are collected: they are made from the vectors."""
    global _file  # noqa: PLW0603  # set once, by pytest's configuration
    structured_vectors.cache_clear()
    _file = path


def structured_file() -> Path:
    """The file in use."""
    return _file


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
    content = json.loads(_file.read_text(encoding="utf-8"))
    return [{**vector, "id": vector["name"], "kind": "structured"} for vector in content["vectors"]]
