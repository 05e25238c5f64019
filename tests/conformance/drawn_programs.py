"""The corpus: DStream programs that were drawn at random, with what real PySpark yielded for them.

`python -m tests.spark.draw_programs` draws them anew. They are vectors, so that whatever runs vectors runs them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from tests.conformance.cases import DATA
from tests.conformance.dstream_cases import Vector

CORPUS = DATA / "drawn_programs.json"


@cache
def drawn_vectors() -> list[Vector]:
    """All programs of the corpus."""
    vectors: list[Vector] = json.loads(CORPUS.read_text(encoding="utf-8"))["vectors"]
    return vectors


def as_text(heading: dict[str, Any], vectors: Sequence[Vector]) -> str:
    """JSON with one line per program, so that a diff shows which changed."""
    lines = [json.dumps(vector, ensure_ascii=False, separators=(",", ":")) for vector in vectors]
    return json.dumps(heading)[:-1] + ', "vectors": [\n' + ",\n".join(lines) + "\n]}\n"
