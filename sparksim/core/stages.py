"""Lineage cut into stages at its shuffles: a pure function of the graph (Spark: DAGScheduler.createResultStage)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sparksim.core.dependency import ShuffleDependency
from sparksim.core.rdd import RDD


@dataclass(frozen=True, eq=False)
class StageSpec:
    """What runs without moving data: the last RDD, the shuffle it writes (None for a result), the stages it needs."""

    rdd: RDD[Any]
    shuffle: ShuffleDependency | None
    parents: tuple[StageSpec, ...]

    @property
    def name(self) -> str:
        """The line of the program that made `rdd`, such as `reduceByKey at word_count.py:14`.

        A result stage is rather named after the action, which the graph does not know: its call site is the local
        property `callSite.short` of the job.
        """
        return self.rdd.call_site


def split_stages(rdd: RDD[Any]) -> StageSpec:
    """The stage that computes `rdd`, with all stages it needs; one object per shuffle however often it is reached."""
    stages: dict[int, StageSpec] = {}
    nearest = list(_shuffles_below(rdd))
    waiting = list(nearest)
    while waiting:
        shuffle = waiting[-1]
        needed = list(_shuffles_below(shuffle.rdd)) if shuffle.shuffle_id not in stages else []
        missing = [each for each in needed if each.shuffle_id not in stages]
        if missing:
            waiting.extend(missing)
            continue
        waiting.pop()
        if shuffle.shuffle_id not in stages:
            parents = tuple(stages[each.shuffle_id] for each in needed)
            stages[shuffle.shuffle_id] = StageSpec(shuffle.rdd, shuffle, parents)
    return StageSpec(rdd, None, tuple([stages[each.shuffle_id] for each in nearest]))


def _shuffles_below(rdd: RDD[Any]) -> Iterator[ShuffleDependency]:
    """The nearest shuffles under `rdd`, each once, in the order of the dependencies."""
    rdds: set[RDD[Any]] = set()
    shuffles: set[int] = set()
    waiting: list[RDD[Any] | ShuffleDependency] = [rdd]
    while waiting:
        each = waiting.pop()
        if isinstance(each, ShuffleDependency):
            if each.shuffle_id not in shuffles:
                shuffles.add(each.shuffle_id)
                yield each
        elif each not in rdds:
            rdds.add(each)
            for dependency in reversed(each.dependencies):
                waiting.append(dependency if isinstance(dependency, ShuffleDependency) else dependency.rdd)
