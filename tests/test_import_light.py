"""`import sparksim`, with streaming and sql, is quick: what only some programs need is loaded when they need it."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "numpy",
    "pandas",
    "matplotlib",
    "duckdb",
    "sqlglot",
    "greenlet",
    "ipywidgets",
    "anywidget",
    "loky",
    "tqdm",
    "confluent_kafka",
}


def test_importing_sparksim_loads_nothing_heavy() -> None:
    program = "import sys, sparksim, sparksim.streaming, sparksim.sql; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = set(run.stdout.split())
    assert "sparksim.streaming" in loaded
    assert loaded & HEAVY == set()
