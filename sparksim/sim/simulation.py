"""Runs a streaming program in virtual time, in surroundings of one's choice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sparksim.cluster.clock import Clock, DriverCrashed, TimeLimitReached
from sparksim.cluster.cost import CostModel, cost_model
from sparksim.cluster.faults import Fault
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.cluster.world import World, living_in
from sparksim.core import accumulators, broadcast
from sparksim.core.arguments import is_count, is_positive
from sparksim.core.conf import SparkConf, forced_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.script import run_script
from sparksim.core.storage_level import StorageLevel
from sparksim.sim.files import FileStory, SimulatedFiles
from sparksim.sim.knobs import changed
from sparksim.sim.network import SimulatedNetwork, Source
from sparksim.sim.output import caught_output
from sparksim.sim.run import Run
from sparksim.sim.sink_store import SinkStore
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.input_dstream import ReceiverInputDStream
from sparksim.trace.events import Event, OutputPrinted
from sparksim.trace.trace import Trace

_alone = threading.RLock()
"""Held while a simulation runs. A process has one SparkContext: a simulation in another thread waits for its turn."""


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
        self._surroundings = _Surroundings(
            dict(network or {}), dict(files or {}), _checked_faults(faults), cost_model(cost), seed
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

    def run(self, until: float, echo: bool = False) -> Run:
        """Simulate the first `until` seconds. With `echo`, what the program prints is also shown."""
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

        # A restarted driver finds the globals of the program's module as they were when it began.
        names = getattr(self._program, "__globals__", {})
        first = dict(names)

        def forget() -> None:
            for name in names.keys() - first.keys():
                del names[name]
            names.update(first)

        return self._surroundings.perform(main, until, echo, forget=forget)


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
    forced = {"spark.master": master, **{key: _text(value) for key, value in (conf or {}).items()}}

    def main() -> None:
        with forced_properties(forced):
            run_script(path, args)

    surroundings = _Surroundings(
        dict(network or {}), dict(files or {}), _checked_faults(faults), cost_model(cost), seed
    )
    return surroundings.perform(main, until, echo, raises)


class _Stage:
    """Where the cluster leaves its parts when the program makes its SparkContext.

    Drivers come and go; the network, the files and the sinks stay. `start_ms` is when the present driver started,
    `struck` are the faults that have had their one moment.
    """

    def __init__(self, sources: Mapping[str, Source], files: Mapping[str, FileStory]) -> None:
        self._sources = sources
        self._past: list[Event] = []
        self._trace = Trace()
        self._files = SimulatedFiles(VirtualClock(), files)
        self._files.mount()
        self.sinks = SinkStore()
        self.sinks.mount()
        self._over = False
        self.struck: set[int] = set()
        self.start_ms = 0.0
        self.clock: Clock | None = None
        self.network: SimulatedNetwork | None = None

    def enter(self, clock: Clock, seeds: Seeds, trace: Trace) -> SimulatedNetwork:
        """The network of the world (`cluster.world.NetworkFactory`)."""
        if self.clock is not None:
            raise IllegalStateError(
                "a simulation has one SparkContext, and this program makes a second one: split it into two simulations"
            )
        self._keep_events()
        self.clock, self._trace = clock, trace
        self._files.live_by(clock)
        if self.network is None:
            self.network = SimulatedNetwork(clock, seeds, trace.append, self._sources)
        else:
            self.network.live_by(clock, trace.append)
        trace.precede(self.network.catch_up)
        return self.network

    def bury_driver(self, restart_ms: float) -> None:
        """The driver's process is gone, with all that was in its memory; the next one starts at `restart_ms`."""
        self.sinks.driver_died(self._trace.append)
        self.bury_fibers()
        self.clock, self.start_ms = None, restart_ms
        self._files.live_by(VirtualClock(restart_ms))
        if self.network is not None:
            self.network.outlive(VirtualClock(restart_ms), self._trace.append)
        accumulators.forget_all()
        broadcast.forget_all()
        _abandon_contexts()

    def trace(self) -> Trace:
        """Everything that has happened."""
        self._keep_events()
        return Trace(self._past)

    def _keep_events(self) -> None:
        self._past += self._trace
        self._trace = Trace()

    def close(self) -> None:
        """The simulation is over: its files are gone, and its sinks are the run's."""
        self._files.unmount()
        self.sinks.unmount()

    def bury_fibers(self) -> None:
        """End what stands still in the middle of something. Whatever it does or says now, nobody hears."""
        self._keep_events()
        if isinstance(self.clock, VirtualClock):
            self._over = True
            self.clock.bury()
            self._over = False

    def printed(self, batch_time_ms: int | None, text: str) -> None:
        """The program printed something."""
        if self._over:
            return
        now_ms = self.start_ms if self.clock is None else self.clock.now_ms
        self._trace.append(OutputPrinted(now_ms, batch_time_ms, text))

    def play_out(self, until_ms: float) -> None:
        """Let the rest of the time pass, unless the program has stopped its SparkContext itself."""
        if self.clock is None:
            raise IllegalArgumentError("the program made no SparkContext: there is nothing to simulate")
        assert isinstance(self.clock, VirtualClock)
        if SparkContext._active_spark_context is not None:
            self.clock.run_until(until_ms)
        if self.network is not None:
            self.network.finish()

    def play_out_without_driver(self, until_ms: float) -> None:
        """The driver died for good: sources send on, and nobody hears them."""
        self.sinks.driver_died(self._trace.append)
        self._keep_events()
        if self.network is not None:
            self.network.live_by(VirtualClock(until_ms), self._trace.append)
            self.network.finish()


@dataclass(frozen=True)
class _Surroundings:
    """Everything about a simulation but its program."""

    network: Mapping[str, Source]
    files: Mapping[str, FileStory]
    faults: tuple[Fault, ...]
    cost: CostModel
    seed: int

    def perform(
        self,
        main: Callable[[], None],
        until: float,
        echo: bool,
        raises: bool = True,
        forget: Callable[[], None] = lambda: None,
    ) -> Run:
        """Run `main` in a world of its own up to second `until`, and clean up whatever it left."""
        if not is_positive(until):
            raise IllegalArgumentError(f"until={until!r}: give a positive number of seconds to simulate")
        failure: BaseException | None = None
        with _alone, closing(_Stage(self.network, self.files)) as stage, caught_output(stage.printed, echo):
            try:
                for attempt in count(1):
                    restart_ms = self._live(main, stage, attempt, until * 1000)
                    if restart_ms is None:
                        break
                    stage.bury_driver(restart_ms)
                    forget()
            except BaseException as error:
                if raises:
                    raise
                failure = error
            finally:
                stage.bury_fibers()
        return Run(stage.trace(), failure, stage.sinks.tables)

    def _live(self, main: Callable[[], None], stage: _Stage, attempt: int, until_ms: float) -> float | None:
        """One life of the driver; when the next one begins, if there is one."""
        # A fault strikes once: what ended one driver at a moment does not end the one that starts at that moment.
        faults = tuple(fault for fault in self.faults if attempt == 1 or not _is_past(fault, stage.start_ms))
        world = World(self.seed, self.cost, stage.enter, faults, until_ms, stage.start_ms, attempt, stage.struck)
        with living_in(world), _contexts_abandoned_after():
            try:
                with suppress(TimeLimitReached):
                    main()
                stage.play_out(until_ms)
            except DriverCrashed as crash:
                if crash.restart_ms is not None and crash.restart_ms < until_ms:
                    return crash.restart_ms
                stage.play_out_without_driver(until_ms)
        return None


@contextmanager
def _contexts_abandoned_after() -> Iterator[None]:
    """The driver's time is over: contexts that are still active end without another step."""
    try:
        yield
    finally:
        _abandon_contexts()


def _checked_faults(faults: object) -> tuple[Fault, ...]:
    if isinstance(faults, Sequence) and all(hasattr(each, "strike") for each in faults):
        return tuple(faults)
    raise IllegalArgumentError(
        f"faults={faults!r}: give a list of faults, such as [ExecutorCrash('receiver', at=7.3), DriverCrash(12)]"
    )


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


def _is_past(fault: Fault, start_ms: float) -> bool:
    """Whether the fault's second was over when the driver started."""
    return isinstance(fault.at, (int, float)) and round(fault.at * 1000 - start_ms, 3) <= 0


def _abandon_contexts() -> None:
    ssc = StreamingContext.getActive()
    if ssc is not None:
        ssc.abandon()
    sc = SparkContext._active_spark_context
    if sc is not None:
        sc.stop()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _settings(cluster: Cluster, block: float, conf: Mapping[str, Any]) -> dict[str, str]:
    if not is_positive(block):
        raise IllegalArgumentError(f"block={block!r}: give the block interval as a positive number of seconds, as 0.2")
    settings = {"spark.master": cluster.master, "spark.streaming.blockInterval": f"{round(block * 1000)}ms"}
    return {**settings, **{key: _text(value) for key, value in conf.items()}}
