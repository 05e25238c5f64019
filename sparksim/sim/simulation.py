"""Runs a streaming program in virtual time, in surroundings of one's choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sparksim.cluster.cost import CostModel, cost_model
from sparksim.cluster.faults import Fault
from sparksim.core.arguments import is_count, is_positive
from sparksim.core.conf import SparkConf, forced_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.script import run_script
from sparksim.core.storage_level import StorageLevel
from sparksim.sim.files import FileStory
from sparksim.sim.knobs import changed
from sparksim.sim.network import Source
from sparksim.sim.run import Run
from sparksim.sim.surroundings import Surroundings, checked_faults, globals_kept, text_of
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.input_dstream import ReceiverInputDStream


@dataclass(frozen=True)
class Cluster:
    """How many executors, each on a host of its own, and how many cores each."""

    executors: int = 3
    cores: int = 2

    def __post_init__(self) -> None:
        for name in ("executors", "cores"):
            value = getattr(self, name)
            if not is_count(value):
                raise IllegalArgumentError(f"Cluster({name}={value!r}): give a whole number, 1 or more")

    @property
    def master(self) -> str:
        """The master URL of this cluster."""
        return f"sim[{self.executors},{self.cores}]"


class Simulation:
    """A program and its surroundings. `batch` and `block` are in seconds; `network` maps "host:port" to a load
    or a `KafkaCluster`, `files` maps "sim://path" to `(seconds, content)`: when the file appears, and what it holds.

    `program(ssc)` defines streams and outputs; the simulation then starts the context. `conf` holds Spark's settings.
    `cost` is a preset's name or a `CostModel`. The same seed gives the same trace, byte for byte. With `checkpoint`, a
    directory such as "sim://checkpoint", the context comes from `StreamingContext.getOrCreate`: a driver that a
    `DriverCrash` has restarted goes on where its checkpoint says. Without it, it begins anew. `storage_level` takes the
    place of the level that the program's receivers store their blocks with.
    """

    def __init__(
        self,
        program: Callable[[StreamingContext], None],
        *,
        network: Mapping[str, Source] | None = None,
        files: Mapping[str, FileStory] | None = None,
        batch: float = 1.0,
        block: float = 0.2,
        cluster: Cluster = Cluster(),
        faults: Sequence[Fault] = (),
        conf: Mapping[str, Any] | None = None,
        cost: str | CostModel = "teaching",
        seed: int = 0,
        checkpoint: str | None = None,
        storage_level: StorageLevel | None = None,
    ) -> None:
        self._arguments = {name: value for name, value in locals().items() if name != "self"}
        if not callable(program):
            raise IllegalArgumentError(
                f"Simulation({program!r}): give a function of the StreamingContext, such as def program(ssc): ..."
            )
        self._program = program
        self._batch = batch
        self._checkpoint = checkpoint
        self._storage_level = _checked_level(storage_level)
        self._settings = _settings(cluster, block, conf or {})
        self._surroundings = Surroundings(
            dict(network or {}), dict(files or {}), checked_faults(faults), cost_model(cost), seed
        )

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What it was made with: the constructor's arguments by name."""
        return MappingProxyType(self._arguments)

    def with_(self, **changes: Any) -> Simulation:
        """A copy with some knobs turned: any argument of the constructor, `executors`, `cores`, or `rate`.

        `rate`, in records per second, goes to every load that has one; `conf` is laid over the settings that are there.
        Raises `IllegalArgumentError` for a knob that does not exist and for a value that the constructor refuses.
        """
        return Simulation(**changed(self._arguments, changes))

    def run(self, until: float, echo: bool = False, raises: bool = True) -> Run:
        """Simulate the first `until` seconds. With `echo`, what the program prints is also shown.

        Without `raises`, what the program raises stands in `Run.error`, beside the trace of all that came before.
        """
        name = getattr(self._program, "__name__", "program")
        conf = SparkConf(loadDefaults=False).setAppName(name).setAll(list(self._settings.items()))

        def create() -> StreamingContext:
            ssc = StreamingContext(SparkContext(conf=conf), self._batch)
            self._program(ssc)
            if self._storage_level is not None:
                _store_with(self._storage_level, ssc)
            return ssc

        def main() -> None:
            path = self._checkpoint
            ssc = create() if path is None else StreamingContext.getOrCreate(path, create)
            ssc.start()

        return self._surroundings.perform(main, until, echo, raises, globals_kept(self._program))


def simulate_script(
    path: str | Path,
    *,
    args: Sequence[str] = (),
    until: float,
    master: str = "sim[3,2]",
    network: Mapping[str, Source] | None = None,
    files: Mapping[str, FileStory] | None = None,
    faults: Sequence[Fault] = (),
    conf: Mapping[str, Any] | None = None,
    cost: str | CostModel = "teaching",
    seed: int = 0,
    echo: bool = False,
    raises: bool = True,
) -> Run:
    """Run an ordinary Spark Streaming script, which makes its own contexts, for `until` seconds of virtual time.

    The script's master, if it sets one, gives way to `master`. Its `awaitTermination` ends when the time is over.
    Without `raises`, what the script raises stands in `Run.error`, beside the trace of all that came before.
    """
    forced = {"spark.master": master, **{key: text_of(value) for key, value in (conf or {}).items()}}

    def main() -> None:
        with forced_properties(forced):
            run_script(path, args)

    surroundings = Surroundings(dict(network or {}), dict(files or {}), checked_faults(faults), cost_model(cost), seed)
    return surroundings.perform(main, until, echo, raises)


def _checked_level(level: object) -> StorageLevel | None:
    if level is None or (isinstance(level, StorageLevel) and level != StorageLevel.NONE):
        return level
    raise IllegalArgumentError(
        f"storage_level={level!r}: give a StorageLevel that keeps blocks, such as StorageLevel.MEMORY_ONLY, or None "
        "for the program's own"
    )


def _store_with(level: StorageLevel, ssc: StreamingContext) -> None:
    """Every receiver stores its blocks with this level."""
    for stream in ssc._graph.inputs:
        if isinstance(stream, ReceiverInputDStream):
            stream.receiver.storageLevel = level


def _settings(cluster: Cluster, block: float, conf: Mapping[str, Any]) -> dict[str, str]:
    if not is_positive(block):
        raise IllegalArgumentError(f"block={block!r}: give the block interval as a positive number of seconds, as 0.2")
    settings = {"spark.master": cluster.master, "spark.streaming.blockInterval": f"{round(block * 1000)}ms"}
    return {**settings, **{key: text_of(value) for key, value in conf.items()}}
