"""Prints the table. Nothing is asserted about time: the machine is what it is."""

from __future__ import annotations

from bench import engines, kafka, scale, simulation, startup, state, structured, word_count
from bench.measure import RUNS, table

print(
    f"medians of {RUNS} runs, or of batches; ratio: how many times as long sparksim takes as what it is held against\n",
    flush=True,
)
groups = (startup, word_count, engines, state, structured, simulation, scale, kafka)
print(table([row for group in groups for row in group.rows()]))
