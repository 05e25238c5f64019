"""Jobs and stages as the driver keeps them, and the table that relates them.

Spark: ActiveJob, Stage, and the maps of DAGScheduler. `core.stages` says where a lineage is cut; the table gives each
piece one `Stage`, shared by all jobs that read the same shuffle, and knows which pieces are computed already.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import simpy

from sparksim.cluster.locations import Locator
from sparksim.cluster.shuffle import MapOutputTracker
from sparksim.cluster.task_set import TaskSet
from sparksim.core.backend import PartitionFunction
from sparksim.core.local_properties import CALL_SITE
from sparksim.core.rdd import RDD
from sparksim.core.stages import StageSpec, split_stages


class Job:
    """One action. `done` succeeds with the results in order of `partitions`, or fails with `SparkJobError`."""

    def __init__(
        self,
        env: simpy.Environment,
        job_id: int,
        rdd: RDD[Any],
        func: PartitionFunction,
        partitions: Sequence[int],
        kind: str,
        properties: Mapping[str, str],
    ) -> None:
        self.job_id = job_id
        self.rdd = rdd
        self.func = func
        self.partitions = list(partitions)
        self.kind = kind
        self.properties = dict(properties)
        self.results: dict[int, Any] = {}
        self.active = True
        self._wanted = len(set(self.partitions))
        self.done: simpy.Event = env.event()

    @property
    def complete(self) -> bool:
        """Whether every partition has its result."""
        return len(self.results) == self._wanted


class StageState(Enum):
    """Where a stage stands between two attempts and in one."""

    IDLE = "not asked for, or done"
    WAITING = "for the map outputs of its parents"
    RUNNING = "handed to the task scheduler, or about to be"
    FAILED = "a map output was missing; it runs again after a pause"


class Stage:
    """A piece of lineage that runs without a shuffle inside. `jobs` are those that want it; a result stage has one."""

    def __init__(self, stage_id: int, spec: StageSpec, parents: Sequence[Stage], name: str) -> None:
        self.stage_id = stage_id
        self.spec = spec
        self.parents = tuple(parents)
        self.name = name
        self.jobs: list[Job] = []
        self.state = StageState.IDLE
        self.attempt = -1
        self.failed_attempts = 0
        self.task_set: TaskSet | None = None

    @property
    def shuffle_id(self) -> int | None:
        """The shuffle it writes; None for a result stage."""
        return None if self.spec.shuffle is None else self.spec.shuffle.shuffle_id

    @property
    def wanted(self) -> bool:
        """Whether a job still waits for it."""
        return bool(self.jobs)

    def __str__(self) -> str:
        kind = "ResultStage" if self.shuffle_id is None else "ShuffleMapStage"
        return f"{kind} {self.stage_id} ({self.name})"


class StageTable:
    """The stages of all active jobs."""

    def __init__(self, outputs: MapOutputTracker, locator: Locator) -> None:
        self._outputs = outputs
        self._locator = locator
        self._next_stage_id = 0
        self._stages: dict[int, Stage] = {}
        self._by_shuffle: dict[int, Stage] = {}
        self._dead_shuffles: list[int] = []

    def add(self, job: Job) -> Stage:
        """The stages of a job: parents first, so that they get the lower ids. Returns the result stage.

        Raises what the RDDs raise when asked for their partitions; nothing is kept then.
        """
        specs = _parents_first(split_stages(job.rdd))
        maps = [spec.rdd.getNumPartitions() for spec in specs]
        built: dict[int, Stage] = {}
        for spec, partitions in zip(specs, maps, strict=True):
            stage = None if spec.shuffle is None else self._by_shuffle.get(spec.shuffle.shuffle_id)
            if stage is None:
                stage = self._new(spec, partitions, [built[id(parent)] for parent in spec.parents], job)
            stage.jobs.append(job)
            built[id(spec)] = stage
        return built[id(specs[-1])]

    @property
    def jobs(self) -> list[Job]:
        """The active jobs, in order of their ids."""
        jobs = {job.job_id: job for stage in self._stages.values() for job in stage.jobs}
        return [jobs[job_id] for job_id in sorted(jobs)]

    def get(self, stage_id: int) -> Stage | None:
        """The stage, if a job still wants it."""
        return self._stages.get(stage_id)

    def of(self, job: Job) -> list[Stage]:
        """The stages of an active job, in order of their ids."""
        return [stage for stage in self._stages.values() if job in stage.jobs]

    def release(self, job: Job) -> list[Stage]:
        """The job is over; returns the stages that no other job wants."""
        released = []
        for stage in self.of(job):
            stage.jobs.remove(job)
            if not stage.jobs:
                released.append(stage)
                del self._stages[stage.stage_id]
                if stage.shuffle_id is not None:
                    del self._by_shuffle[stage.shuffle_id]
        return released

    def missing_partitions(self, stage: Stage) -> list[int]:
        """What is still to be computed: map outputs, or results of the stage's job."""
        if stage.shuffle_id is not None:
            return self._outputs.missing(stage.shuffle_id)
        (job,) = stage.jobs
        return [index for index in dict.fromkeys(job.partitions) if index not in job.results]

    def missing_parents(self, stage: Stage) -> list[Stage]:
        """Parents that have to run before the stage can, in order of their ids (Spark: getMissingParentStages)."""
        read = set(self._locator.shuffles_to_read(stage.spec.rdd))
        parents = [each for each in stage.parents if each.shuffle_id in read and self.missing_partitions(each)]
        return sorted(parents, key=lambda each: each.stage_id)

    def waiting_children(self, stage: Stage) -> list[Stage]:
        """The stages that wait for this one's map outputs."""
        return [each for each in self._stages.values() if each.state is StageState.WAITING and stage in each.parents]

    def forget_dead_shuffles(self) -> None:
        """Delete the map outputs of shuffles that no RDD reads any more (Spark: ContextCleaner)."""
        while self._dead_shuffles:
            self._outputs.remove(self._dead_shuffles.pop())

    def _new(self, spec: StageSpec, partitions: int, parents: list[Stage], job: Job) -> Stage:
        """A map stage is named after its shuffle, a result stage after the action."""
        action = job.properties.get(CALL_SITE) if spec.shuffle is None else None
        stage = Stage(self._next_stage_id, spec, parents, action or spec.rdd.call_site)
        self._next_stage_id += 1
        self._stages[stage.stage_id] = stage
        if spec.shuffle is not None:
            shuffle_id = spec.shuffle.shuffle_id
            self._by_shuffle[shuffle_id] = stage
            if self._outputs.register(shuffle_id, partitions):
                weakref.finalize(spec.shuffle, self._dead_shuffles.append, shuffle_id).atexit = False
        return stage


def _parents_first(final: StageSpec) -> list[StageSpec]:
    """Every stage of a lineage once, each after its parents."""
    ordered: dict[int, StageSpec] = {}
    waiting = [(final, False)]
    while waiting:
        spec, parents_done = waiting.pop()
        if parents_done:
            ordered.setdefault(id(spec), spec)
        elif id(spec) not in ordered:
            waiting.append((spec, True))
            waiting.extend((parent, False) for parent in reversed(spec.parents))
    return list(ordered.values())
