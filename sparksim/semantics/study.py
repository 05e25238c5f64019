"""What every matrix has in common: cells, seeded stories of each, what they show, and what Spark promises.

A story is a simulation drawn from a cell and a seed. It is measured once it is over: a finding counts records by what
became of them, and travels as text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any, NamedTuple, Protocol, TypeVar

from sparksim.cluster.moments import AtBatch, AtRecord
from sparksim.cluster.query_moments import AtQueryBatch
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sim.run import Run
from sparksim.sim.simulation import Simulation

C = TypeVar("C", bound="Counts")

Drawn = float | AtBatch | AtRecord | AtQueryBatch
"""A moment of a story."""


@dataclass(frozen=True)
class Counts:
    """Numbers of records of one story, a field for each kind. `str` gives them with dots between: "0.3.0"."""

    def __str__(self) -> str:
        return ".".join(map(str, astuple(self)))

    @classmethod
    def parse(cls: type[C], text: str) -> C:
        """The inverse of `str`. Raises `IllegalArgumentError` for any other text."""
        parts = text.split(".")
        if len(parts) != len(fields(cls)) or not all(part.isdecimal() for part in parts):
            raise IllegalArgumentError(f"text={text!r} is no finding; one looks like {cls()}")
        return cls(*map(int, parts))


class Promise(NamedTuple):
    """What Spark says, in our words. `may` names the fields of a finding that may be above 0."""

    text: str
    may: frozenset[str]

    def broken_by(self, finding: Counts) -> list[str]:
        """The fields of the finding that contradict the promise."""
        return [each.name for each in fields(finding) if getattr(finding, each.name) and each.name not in self.may]


class AnyCell(Protocol):
    """One cell of a matrix. `str` gives its name, as commands take it: three words with slashes between."""

    def simulation(self, seed: int) -> Simulation | QuerySimulation:
        """The story of this seed."""

    def __hash__(self) -> int: ...


class Study(NamedTuple):
    """One matrix. `runs` is how many stories of each cell are told where nobody says how many."""

    title: str
    runs: int
    until_s: float
    cells: Callable[[], Iterator[Any]]
    measure: Callable[[Run], Counts]
    parse: Callable[[str], Counts]
    promise: Callable[[Any], Promise]
    words: Mapping[str, Sequence[str]]
    """What the name of a cell consists of: a heading, such as "source", and the words that may stand there."""

    def cell(self, name: str) -> AnyCell:
        """The cell of that name. Raises `IllegalArgumentError` for any other."""
        found: AnyCell | None = next((each for each in self.cells() if str(each) == name), None)
        if found is None:
            headings = "/".join(self.words).upper()
            choices = "; ".join(f"a {heading} of {', '.join(words)}" for heading, words in self.words.items())
            raise IllegalArgumentError(
                f"cell={name!r}: write {headings}, with {choices}; for example {next(self.cells())}"
            )
        return found


def later(at: Drawn, seconds: float) -> Drawn:
    """The moment, and so many seconds more."""
    if isinstance(at, AtBatch | AtRecord | AtQueryBatch):
        return replace(at, delay=round(at.delay + seconds, 6))
    return round(at + seconds, 6)
