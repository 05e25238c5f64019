"""Runs a streaming program in virtual time, in surroundings of one's choice."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sparksim.cluster.clock import Clock, TimeLimitReached
from sparksim.cluster.cost import CostModel, cost_model
from sparksim.cluster.faults import Fault
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.cluster.world import World, living_in
from sparksim.core.arguments import is_count, is_positive
from sparksim.core.conf import SparkConf, forced_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sim.files import FileStory, SimulatedFiles
from sparksim.sim.loads import Load
from sparksim.sim.network import SimulatedNetwork
from sparksim.sim.output import caught_output
from sparksim.sim.run import Run
from sparksim.streaming.context import StreamingContext
from sparksim.trace.events import OutputPrinted
from sparksim.trace.trace import Trace


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
    """A program and its surroundings. `batch` and `block` are in seconds; `network` maps "host:port" to a load,
    `files` maps "sim://path" to `(seconds, content)`: when the file appears, and what it holds.

    `program(ssc)` defines streams and outputs; the simulation then starts the context. `conf` holds Spark's settings.
    `cost` is a preset's name or a `CostModel`. The same seed gives the same trace, byte for byte.
    """

    def __init__(
        self,
        program: Callable[[StreamingContext], None],
        *,
        network: Mapping[str, Load] | None = None,
        files: Mapping[str, FileStory] | None = None,
        batch: float = 1.0,
        block: float = 0.2,
        cluster: Cluster = Cluster(),
        faults: Sequence[Fault] = (),
        conf: Mapping[str, Any] | None = None,
        cost: str | CostModel = "teaching",
        seed: int = 0,
    ) -> None:
        if not callable(program):
            raise IllegalArgumentError(
                f"Simulation({program!r}): give a function of the StreamingContext, such as def program(ssc): ..."
            )
        self._program = program
        self._batch = batch
        self._settings = _settings(cluster, block, conf or {})
        self._surroundings = _Surroundings(
            dict(network or {}), dict(files or {}), tuple(faults), cost_model(cost), seed
        )

    def run(self, until: float, echo: bool = False) -> Run:
        """Simulate the first `until` seconds. With `echo`, what the program prints is also shown."""
        name = getattr(self._program, "__name__", "program")
        conf = SparkConf(loadDefaults=False).setAppName(name).setAll(list(self._settings.items()))

        def main() -> None:
            ssc = StreamingContext(SparkContext(conf=conf), self._batch)
            self._program(ssc)
            ssc.start()

        return self._surroundings.perform(main, until, echo)


def simulate_script(
    path: str | Path,
    *,
    args: Sequence[str] = (),
    until: float,
    master: str = "sim[3,2]",
    network: Mapping[str, Load] | None = None,
    files: Mapping[str, FileStory] | None = None,
    faults: Sequence[Fault] = (),
    conf: Mapping[str, Any] | None = None,
    cost: str | CostModel = "teaching",
    seed: int = 0,
    echo: bool = False,
) -> Run:
    """Run an ordinary Spark Streaming script, which makes its own contexts, for `until` seconds of virtual time.

    The script's master, if it sets one, gives way to `master`. Its `awaitTermination` ends when the time is over.
    """
    forced = {"spark.master": master, **{key: _text(value) for key, value in (conf or {}).items()}}

    def main() -> None:
        before, sys.argv = sys.argv, [str(path), *args]
        try:
            with forced_properties(forced):
                runpy.run_path(str(path), run_name="__main__")
        finally:
            sys.argv = before

    return _Surroundings(dict(network or {}), dict(files or {}), tuple(faults), cost_model(cost), seed).perform(
        main, until, echo
    )


class _Stage:
    """Where the cluster leaves its parts when the program makes its SparkContext."""

    def __init__(self, loads: Mapping[str, Load], files: Mapping[str, FileStory]) -> None:
        self._loads = loads
        self._files = files
        self._mounted: SimulatedFiles | None = None
        self.clock: Clock | None = None
        self.trace = Trace()
        self.network: SimulatedNetwork | None = None

    def enter(self, clock: Clock, seeds: Seeds, trace: Trace) -> SimulatedNetwork:
        """The network of the world (`cluster.world.NetworkFactory`)."""
        if self.clock is not None:
            raise IllegalStateError(
                "a simulation has one SparkContext, and this program makes a second one: split it into two simulations"
            )
        self.clock, self.trace = clock, trace
        self._mounted = SimulatedFiles(clock, self._files)
        self._mounted.mount()
        self.network = SimulatedNetwork(clock, seeds, trace.append, self._loads)
        return self.network

    def close(self) -> None:
        """The simulation is over: its files are gone."""
        if self._mounted is not None:
            self._mounted.unmount()

    def printed(self, batch_time_ms: int | None, text: str) -> None:
        """The program printed something."""
        self.trace.append(OutputPrinted(0.0 if self.clock is None else self.clock.now_ms, batch_time_ms, text))

    def play_out(self, until_ms: float) -> None:
        """Let the rest of the time pass, unless the program has stopped its SparkContext itself."""
        if self.clock is None:
            raise IllegalArgumentError("the program made no SparkContext: there is nothing to simulate")
        assert isinstance(self.clock, VirtualClock)
        if SparkContext._active_spark_context is not None:
            self.clock.run_until(until_ms)
        if self.network is not None:
            self.network.finish()


@dataclass(frozen=True)
class _Surroundings:
    """Everything about a simulation but its program."""

    network: Mapping[str, Load]
    files: Mapping[str, FileStory]
    faults: tuple[Fault, ...]
    cost: CostModel
    seed: int

    def perform(self, main: Callable[[], None], until: float, echo: bool) -> Run:
        """Run `main` in a world of its own up to second `until`, and clean up whatever it left."""
        if not is_positive(until):
            raise IllegalArgumentError(f"until={until!r}: give a positive number of seconds to simulate")
        stage = _Stage(self.network, self.files)
        world = World(self.seed, self.cost, stage.enter, self.faults, until * 1000)
        with closing(stage), living_in(world), caught_output(stage.printed, echo), _contexts_abandoned_after():
            with suppress(TimeLimitReached):
                main()
            stage.play_out(until * 1000)
        return Run(stage.trace)


@contextmanager
def _contexts_abandoned_after() -> Iterator[None]:
    """The simulated time is over: contexts that are still active end without another step."""
    try:
        yield
    finally:
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
