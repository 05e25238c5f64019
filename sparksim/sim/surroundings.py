"""The world around a simulated program: what lives on while drivers come and go, and one run from start to end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from sparksim.cluster.clock import Clock, DriverCrashed, TimeLimitReached
from sparksim.cluster.cost import CostModel
from sparksim.cluster.faults import Fault
from sparksim.cluster.seeds import Seeds
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.cluster.world import World, living_in
from sparksim.core import accumulators, broadcast
from sparksim.core.arguments import is_positive
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.sim.files import FileStory, SimulatedFiles
from sparksim.sim.network import SimulatedNetwork, Source
from sparksim.sim.output import caught_output
from sparksim.sim.run import Run
from sparksim.sim.sink_store import SinkStore
from sparksim.streaming.context import StreamingContext
from sparksim.trace.events import Event, OutputPrinted
from sparksim.trace.trace import Trace

_alone = threading.RLock()
"""Held while a simulation runs. A process has one SparkContext: a simulation in another thread waits for its turn."""


class Stage:
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

    def files(self) -> dict[str, bytes]:
        """The files as they are now."""
        return self._files.contents()

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
class Surroundings:
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
        with _alone, closing(Stage(self.network, self.files)) as stage, caught_output(stage.printed, echo):
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
            files = stage.files()
        return Run(stage.trace(), failure, stage.sinks.tables, files)

    def _live(self, main: Callable[[], None], stage: Stage, attempt: int, until_ms: float) -> float | None:
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


def checked_faults(faults: object) -> tuple[Fault, ...]:
    if isinstance(faults, Sequence) and all(hasattr(each, "strike") for each in faults):
        return tuple(faults)
    raise IllegalArgumentError(
        f"faults={faults!r}: give a list of faults, such as [ExecutorCrash('receiver', at=7.3), DriverCrash(12)]"
    )


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


def text_of(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def globals_kept(program: Callable[..., Any]) -> Callable[[], None]:
    """What makes the globals of a program's module again what they are now: a restarted driver finds them so."""
    names = getattr(program, "__globals__", {})
    first = dict(names)

    def forget() -> None:
        for name in names.keys() - first.keys():
            del names[name]
        names.update(first)

    return forget
