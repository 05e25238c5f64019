"""Records our own structured programs on real PySpark: `python -m tests.spark4.record_more` in its environment.

The programs of `data/structured-more.json` stay; what is expected of them is written anew. To add one, write its
name, topic and program there, and record.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.spark4.run_vectors import main as run_vectors

MORE = Path(__file__).parents[1] / "conformance" / "data" / "structured-more.json"


def main() -> None:
    """Write each program with what Spark did."""
    vectors = json.loads(MORE.read_text(encoding="utf-8"))["vectors"]
    with TemporaryDirectory() as directory:
        results = Path(directory) / "results.json"
        run_vectors(MORE, results)
        answers = json.loads(results.read_text(encoding="utf-8"))
    lines = (json.dumps(recorded(vector, answers[vector["name"]])) for vector in vectors)
    MORE.write_text('{"vectors": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8")


def recorded(vector: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """A vector with an answer, without conditions that have no real name and states that a sort counts twice."""
    told = {key: vector[key] for key in ("name", "topic", "program")}
    if "error" in answer:
        named = {key: value for key, value in answer["error"].items() if value and not value.startswith("_LEGACY")}
        return {**told, "expected_error": named}
    ordered = is_sorted(vector["program"]["query"])
    hidden = {"state"} if ordered else set()
    batches = [{key: value for key, value in batch.items() if key not in hidden} for batch in answer["batches"]]
    return {**told, "expected": {"columns": answer["columns"], "ordered": ordered, "batches": batches}}


def is_sorted(node: dict[str, Any]) -> bool:
    """Whether the rows of a query have an order."""
    if node["op"] in ("limit", "select"):
        return is_sorted(node["input"])
    return node["op"] == "sort" or (node["op"] == "sql" and " order by " in node["query"])


if __name__ == "__main__":
    main()
