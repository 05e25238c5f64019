"""Tells the stories of a matrix, many of each cell, and keeps what they show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sparksim.core.arguments import is_count
from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics.study import AnyCell, Counts, Study
from sparksim.sim.pool import Pool, Task
from sparksim.sim.run import Run


@dataclass(frozen=True)
class Matrix:
    """The findings of each cell, by seed from 0."""

    study: Study
    findings: Mapping[Any, tuple[Any, ...]]

    @property
    def runs(self) -> int:
        """How many stories were told."""
        return sum(map(len, self.findings.values()))

    def contradictions(self) -> Iterator[str]:
        """One sentence for each story that breaks a promise of Spark, or that nobody can explain."""
        for where, found in self.findings.items():
            promised = self.study.promise(where)
            for seed, each in enumerate(found):
                for field in promised.broken_by(each):
                    yield (
                        f"{where} seed {seed}: {getattr(each, field)} records {field}, and Spark says: "
                        f"{promised.text}. See it: sparksim semantics --replay '{where}' --seed {seed}"
                    )

    def lines(self) -> Iterator[str]:
        """One line of text per cell: its name, a tab, and its findings in order of seed."""
        for where, found in self.findings.items():
            yield f"{where}\t{' '.join(map(str, found))}"

    @classmethod
    def parse(cls, study: Study, lines: Iterable[str]) -> Matrix:
        """The inverse of `lines`. Raises `IllegalArgumentError` for a line that is none of them."""
        findings = {}
        for line in lines:
            name, tab, found = line.rstrip("\n").partition("\t")
            if not tab:
                raise IllegalArgumentError(f"line {line!r}: write a cell, a tab, and findings")
            findings[study.cell(name)] = tuple(study.parse(text) for text in found.split())
        return cls(study, findings)

    def differs_from(self, other: Matrix) -> list[str]:
        """The stories of this matrix that `other` tells otherwise, or not at all."""
        return [
            f"{where} seed {seed}: {found}, and not {theirs}"
            for where, mine in self.findings.items()
            for seed, found in enumerate(mine)
            if (theirs := _at(other.findings.get(where, ()), seed)) != found
        ]


def find(study: Study, runs: int | None = None, processes: int | None = None, progress: bool = True) -> Matrix:
    """Tell `runs` stories of every cell, in parallel processes; as many as the study wants where `runs` is None.

    Raises `IllegalArgumentError` for a number of runs that is no whole number, 1 or more.
    """
    count = study.runs if runs is None else runs
    if not is_count(count):
        raise IllegalArgumentError(f"runs={runs!r}: give the number of runs per cell, 1 or more")
    every: list[AnyCell] = list(study.cells())
    tasks = [
        Task(f"{where} seed {seed}", where.simulation(seed), study.until_s, partial(_measure, study))
        for where in every
        for seed in range(count)
    ]
    with Pool(processes, progress, len(tasks), study.title) as pool:
        found = [study.parse(measures["finding"]) for measures in pool.perform(tasks)]
    return Matrix(study, {where: tuple(found[at * count : (at + 1) * count]) for at, where in enumerate(every)})


def _measure(study: Study, run: Run) -> dict[str, Any]:
    return {"finding": str(study.measure(run))}


def _at(found: tuple[Counts, ...], seed: int) -> Counts | None:
    return found[seed] if seed < len(found) else None
