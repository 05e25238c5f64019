"""What every RDD is: a place in the lineage, a way to compute a partition, and whether its data is kept.

Spark: RDD without its transformations. Subclasses say how many partitions there are and how to compute one.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar, cast

from sparksim.core import call_site
from sparksim.core.closure import Closure
from sparksim.core.debug_string import debug_string
from sparksim.core.dependency import Dependency, NarrowDependency
from sparksim.core.errors import PySparkRuntimeError, UnsupportedOperation
from sparksim.core.partitioner import Partitioner
from sparksim.core.storage_level import StorageLevel

if TYPE_CHECKING:
    from sparksim.core.checkpoint import Checkpoint
    from sparksim.core.context import SparkContext
    from sparksim.core.rdd import RDD
    from sparksim.core.steps import Step
    from sparksim.core.task_context import TaskContext

T = TypeVar("T")


class Lineage(Generic[T]):
    """The part of `RDD` that knows nothing of transformations and actions."""

    driver_only = True
    batch_records: int | None = None
    """How many records PySpark would put in a batch; None means a growing number (see `batching.batches`)."""

    keeps_objects = False
    runs_functions = False
    """Whether Spark itself fills this RDD with objects: kept at a deserialised level they are not pickled."""

    steps: tuple[Step, ...] = ()
    """The fused chain that leads from `base` here; empty for an RDD that is not made of steps."""

    def __init__(
        self, ctx: SparkContext, dependencies: tuple[Dependency, ...] = (), partitioner: Partitioner | None = None
    ) -> None:
        self.ctx = ctx
        self.partitioner = partitioner
        self.call_site = call_site.current()
        self.is_cached = False
        self.is_checkpointed = False
        self._id = ctx._new_rdd_id()
        self._dependencies = dependencies
        self._name: str | None = None
        self._storage_level = StorageLevel.NONE
        self._checkpoint: Checkpoint | None = None
        self._checkpoint_considered = False

    # --- what a subclass says ---------------------------------------------------------------------------------------

    def getNumPartitions(self) -> int:
        """How many partitions there are."""
        raise NotImplementedError(f"{type(self).__name__} must define getNumPartitions()")

    def compute(self, index: int, task: TaskContext) -> Iterator[T]:
        """The records of partition `index`, computed from the parents or the source."""
        raise NotImplementedError(f"{type(self).__name__} must define compute(index, task)")

    def preferred_locations(self, index: int) -> tuple[str, ...]:
        """Where the data of partition `index` lies: `executor_<host>_<id>` or `<host>`. Not asked of parents."""
        return ()

    def freeze(self) -> Closure | None:
        """Take the snapshot of the user's functions that tasks will get. Raises `NotSerializable`."""
        return None

    def _forget_parents(self) -> None:
        """The data is checkpointed: what it was computed from can go."""
        self._dependencies = ()

    # --- how tasks and schedulers see it ----------------------------------------------------------------------------

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The parents that computing needs; none once the RDD is checkpointed."""
        return self._dependencies

    def partitions_read(self, index: int) -> list[tuple[RDD[Any], int]]:
        """What partition `index` is computed from without a shuffle: the parents' partitions, in order."""
        return [
            (dependency.rdd, parent)
            for dependency in self._dependencies
            if isinstance(dependency, NarrowDependency)
            for parent in dependency.parents_of(index)
        ]

    @property
    def base(self) -> RDD[Any]:
        """Where the fused chain starts: this RDD itself unless it is made of steps."""
        return self._rdd

    def iterator(self, index: int, task: TaskContext) -> Iterator[T]:
        """The records of partition `index`: cached, checkpointed or computed (Spark: RDD.iterator)."""
        if not self.is_cached or self._storage_level == StorageLevel.NONE:
            return self._compute_or_read(index, task)
        return task.services.cached(self._rdd, index, partial(self._compute_or_read, index, task))

    def _compute_or_read(self, index: int, task: TaskContext) -> Iterator[T]:
        checkpoint = self._checkpoint
        if checkpoint is not None and checkpoint.done:
            return checkpoint.read(self._rdd, index, task)
        return self.compute(index, task)

    @property
    def _rdd(self) -> RDD[T]:
        return cast("RDD[T]", self)

    # --- who it is --------------------------------------------------------------------------------------------------

    def id(self) -> int:
        """A number no other RDD of this context has."""
        return self._id

    @property
    def context(self) -> SparkContext:
        """The context this RDD was made with."""
        return self.ctx

    def name(self) -> str | None:
        """The name given with `setName`, or None."""
        return self._name

    def setName(self, name: str) -> RDD[T]:
        """Name this RDD, for `toDebugString`."""
        self._name = name
        return self._rdd

    def toDebugString(self) -> bytes:
        """The lineage as a tree: one block per stage, the latest RDD first."""
        return debug_string(self._rdd).encode("utf-8")

    def __repr__(self) -> str:
        return f"{self._name + ' ' if self._name else ''}{type(self).__name__}[{self._id}] at {self.call_site}"

    def __reduce__(self) -> NoReturn:
        raise PySparkRuntimeError(
            f"{self!r} exists on the driver only: a function that runs on the executors cannot use an RDD, and an RDD "
            "cannot hold RDDs. To look up other data, use a join or a broadcast variable."
        )

    # --- keeping its data -------------------------------------------------------------------------------------------

    def cache(self) -> RDD[T]:
        """Keep the partitions in memory once they are computed: `persist` with MEMORY_ONLY."""
        return self.persist(StorageLevel.MEMORY_ONLY)

    def persist(self, storageLevel: StorageLevel = StorageLevel.MEMORY_ONLY) -> RDD[T]:
        """Keep the partitions once they are computed.

        RDDs already derived from this one do not use the kept data, as in PySpark, which has fused them. Raises
        `UnsupportedOperation` when another level was set before.
        """
        if not isinstance(storageLevel, StorageLevel):
            raise TypeError(
                f"storageLevel must be a StorageLevel, such as StorageLevel.MEMORY_ONLY, got {storageLevel!r}"
            )
        if self._storage_level not in (StorageLevel.NONE, storageLevel):
            raise UnsupportedOperation(
                f"cannot change the storage level of {self!r} from {self._storage_level.short_name} to "
                f"{storageLevel.short_name}: unpersist it first"
            )
        self.freeze()
        self.is_cached = True
        self._storage_level = storageLevel
        return self._rdd

    def unpersist(self, blocking: bool = False) -> RDD[T]:
        """Drop the kept partitions; from now on they are computed anew."""
        self.is_cached = False
        self._storage_level = StorageLevel.NONE
        self.ctx._backend.remove_rdd(self._id)
        return self._rdd

    def getStorageLevel(self) -> StorageLevel:
        """How the partitions are kept; `StorageLevel.NONE` when they are not."""
        return self._storage_level

    def checkpoint(self) -> None:
        """Write the partitions to the checkpoint directory after the next job on this RDD, and forget its lineage.

        Raises `SparkException` when `SparkContext.setCheckpointDir` was not called.
        """
        from sparksim.core.checkpoint import ReliableCheckpoint

        self.freeze()
        directory = self.ctx._checkpoint_directory(f"checkpoint {self!r}")
        if self._checkpoint is None:
            self._checkpoint = ReliableCheckpoint(f"{directory}/rdd-{self._id}")
        self.is_checkpointed = True

    def localCheckpoint(self) -> None:
        """Forget the lineage after the next job on this RDD, keeping its data in the executors only."""
        from sparksim.core.checkpoint import LocalCheckpoint

        self.freeze()
        if self._storage_level == StorageLevel.NONE:
            self.persist(StorageLevel.MEMORY_AND_DISK_DESER)
        if self._checkpoint is None or not self._checkpoint.done:
            self._checkpoint = LocalCheckpoint()

    def isCheckpointed(self) -> bool:
        """Whether the data is checkpointed by now, in files or locally."""
        return self._checkpoint is not None and self._checkpoint.done

    def isLocallyCheckpointed(self) -> bool:
        """Whether `localCheckpoint` was asked for."""
        from sparksim.core.checkpoint import LocalCheckpoint

        return isinstance(self._checkpoint, LocalCheckpoint)

    def getCheckpointFile(self) -> str | None:
        """The directory of the checkpointed data, or None while there is none."""
        return self._checkpoint.directory if self._checkpoint is not None and self._checkpoint.done else None
