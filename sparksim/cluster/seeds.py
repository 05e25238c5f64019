"""One seed, many independent generators.

Each component draws from a generator of its own, named by a string: adding a receiver does not move the failures that
are drawn elsewhere. `random.Random` hashes strings itself (SHA-512), so the numbers are the same on every machine.
"""

from __future__ import annotations

import random


class Seeds:
    """The source of every random choice of a run. `attempt` counts the drivers of a run from 1: each draws anew."""

    def __init__(self, seed: int, attempt: int = 1) -> None:
        self.seed = seed
        self._prefix = f"{seed}/" if attempt == 1 else f"{seed}/attempt {attempt}/"

    def generator(self, name: str) -> random.Random:
        """A fresh generator for the component `name`; the same name gives the same numbers."""
        return random.Random(f"{self._prefix}{name}")
