"""Prints the table. Nothing is asserted about time: the machine is what it is.

`python -m bench structured state` measures these groups only; `make bench` all of them.
"""

from __future__ import annotations

import sys

from bench import engines, kafka, scale, simulation, startup, state, structured, word_count
from bench.measure import RUNS, table

print(
    f"medians of {RUNS} runs, or of batches; ratio: how many times as long sparksim takes as what it is held against\n",
    flush=True,
)
groups = (startup, word_count, engines, state, structured, simulation, scale, kafka)
named = {group.__name__.removeprefix("bench."): group for group in groups}
unknown = set(sys.argv[1:]) - set(named)
if unknown:
    sys.exit(f"no benchmarks called {', '.join(sorted(unknown))}; there are {', '.join(named)}")
wanted = [named[name] for name in sys.argv[1:]] or groups
print(table([row for group in wanted for row in group.rows()]))
