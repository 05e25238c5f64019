"""What `core` asks of the world that runs its jobs, as two small protocols.

`core` knows no clock, no executor and no thread. A `Backend` runs a job somewhere and gives its results; while a task
runs, its `TaskServices` hand it the bytes that live outside the lineage: cached partitions, shuffle buckets, received
blocks. `sparksim.cluster` implements both; tests use a ten-line one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sparksim.core.errors import SparkException

if TYPE_CHECKING:
    from sparksim.core.conf import SparkConf
    from sparksim.core.rdd import RDD
    from sparksim.core.task_context import TaskContext

PartitionFunction = Callable[["TaskContext", Iterator[Any]], Any]
"""What a result task computes from the records of its partition."""


KeyChange = tuple[str, str, int | None, str]
"""A key, what became of it, the bytes of the state that it has now (None without one), and that state; short texts."""


class StateChange(NamedTuple):
    """What one batch did to one partition of a stream's states. `keys` is how many have a state afterwards.

    `updated` keys were given a state because of the batch's records; `removed` ones lost theirs, `timed_out` ones too,
    for they were idle. `changes` tells it of single keys, `left_out` others not; `size_bytes` is of all the states.
    """

    batch_time_ms: int
    stream: str
    partition: int
    keys: int
    updated: int
    removed: int
    timed_out: int
    size_bytes: int | None
    changes: tuple[KeyChange, ...]
    left_out: int


class TaskServices(Protocol):
    """What a running task may ask of its executor. Every call may let time pass."""

    def meter(self, records: Iterable[Any], kind: str) -> Iterator[Any]:
        """Pass `records` through, counting each one and letting its cost in time pass as it is pulled.

        `kind` is "input" (slices, files, blocks, caches) or "shuffle" (shuffle buckets). A list of chunks
        (`core.counted`) is counted and paid for by its rows.
        """

    def cached(self, rdd: RDD[Any], index: int, compute: Callable[[], Iterator[Any]]) -> Iterator[Any]:
        """The persisted partition `index` of `rdd`: read where it is stored, else computed by `compute` and stored."""

    def write_shuffle(self, shuffle_id: int, map_index: int, buckets: list[bytes], records: int) -> None:
        """Keep the serialised output of a map task: one bucket (a pickled list) per reduce partition."""

    def read_shuffle(self, shuffle_id: int, reduce_index: int) -> Iterator[bytes]:
        """Bucket `reduce_index` of every map output, in order of the map partitions.

        Raises `FetchFailed` (`core.errors`) when a map output is gone.
        """

    def start_worker(self) -> None:
        """One more of the processes that run Python is at work for this task: some of its records change hands."""

    def note_block(self, block_id: str) -> None:
        """Put on record that this task reads a received block, from wherever it has it."""

    def note_state(self, change: StateChange) -> None:
        """Put on record what this task did to the states of a stream's partition; counts when the task succeeds."""

    def local(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The object that this executor keeps under `key` for as long as it lives; made when it has none."""

    @property
    def location(self) -> str:
        """This executor, as preferred locations name it."""

    def read_block(self, block_id: str) -> bytes:
        """A received block (a pickled list). Raises `BlockNotFound` (`core.errors`) when no copy is left."""


class Backend(Protocol):
    """Runs jobs. `SparkContext` has one, made from its master."""

    application_id: str
    start_time_ms: int
    default_parallelism: int

    def run_job(self, rdd: RDD[Any], func: PartitionFunction, partitions: Sequence[int]) -> list[Any]:
        """Compute `func(task, records)` on the given partitions; results in their order. Blocks the caller.

        Raises `SparkJobError` (`core.errors`) when a task failed too often; the message holds the user's traceback.
        """

    def remove_rdd(self, rdd_id: int) -> None:
        """Forget the cached partitions of an RDD."""

    def stop(self) -> None:
        """Release everything. Called once, by `SparkContext.stop`."""


BackendFactory = Callable[["SparkConf"], Backend]

_factories: list[tuple[Callable[[str], bool], BackendFactory]] = []


def register_backend(accepts: Callable[[str], bool], factory: BackendFactory) -> Callable[[], None]:
    """Let `factory(conf)` serve the masters that `accepts(master)` says yes to; the newest registration wins.

    Returns a function that takes the registration back.
    """
    entry = (accepts, factory)
    _factories.insert(0, entry)
    return lambda: _factories.remove(entry)


def backend_for(conf: SparkConf) -> Backend:
    """The backend for `conf`'s master. Raises `SparkException` for a master that nobody serves."""
    master = conf.get("spark.master") or ""
    for accepts, factory in _factories:
        if accepts(master):
            return factory(conf)
    raise SparkException(
        f"Could not parse Master URL: {master!r}. Use local, local[n], local[*] or local[n,maxFailures] to run on this "
        "machine, or sim[executors,cores] to run on a simulated cluster, for example local[2] or sim[3,2]."
    )
