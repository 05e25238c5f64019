"""Many simulations at once, in processes of their own, with one bar that says how far they are.

Every simulation travels as bytes (cloudpickle), also where it stays in this process: each works on its own copy of the
program and what the program captured, so the results are the same whatever the number of processes.
"""

from __future__ import annotations

import logging
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # it ships no types

from sparksim.core.arguments import is_count
from sparksim.core.errors import IllegalArgumentError, NotSerializable, SparkException
from sparksim.sim.query_simulation import QuerySimulation
from sparksim.sim.run import Run
from sparksim.sim.simulation import Simulation

Measures = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One simulation of `until` seconds, what to read off it, and its name in errors, such as "batch=1, rate=100"."""

    name: str
    simulation: Simulation | QuerySimulation
    until: float
    measure: Callable[[Run], Mapping[str, Any]]

    def pack(self) -> bytes:
        """The task as bytes. Raises `NotSerializable` when the program holds what cannot leave this process."""
        try:
            data: bytes = cloudpickle.dumps(self)
        except Exception as error:
            raise NotSerializable(
                f"the simulation {self.name} cannot be sent to another process ({type(error).__name__}: {error}); its "
                "program, its loads and measure may capture only values that can be pickled"
            ) from error
        return data


class _Elsewhere(Exception):
    """The traceback of an error in another process, shown as the cause of ours."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


class Pool(AbstractContextManager["Pool"]):
    """`processes` workers, by default one per core that this process may use; 1 means this process itself.

    `total` is how many tasks there will be, None if nobody knows; more workers than tasks are not made. The workers end
    with the `with` block; an error or Ctrl-C kills them at once. Raises `IllegalArgumentError` for a number of
    processes that is no whole number, 1 or more.
    """

    def __init__(self, processes: int | None, progress: bool, total: int | None, title: str) -> None:
        if processes is not None and not is_count(processes):
            raise IllegalArgumentError(
                f"processes={processes!r}: give a whole number, 1 or more, or None for all cores"
            )
        from loky import cpu_count
        from tqdm.auto import tqdm

        wanted: int = cpu_count() if processes is None else processes
        self.processes = wanted if total is None else max(1, min(wanted, total))
        # None: no bar where nobody watches, such as a log file; a notebook has one all the same.
        self._bar = tqdm(total=total, desc=title, unit="run", disable=None if progress else True)
        self._executor: Any = None

    def perform(self, tasks: Sequence[Task]) -> Iterator[Measures]:
        """The measures of each task, in order. Raises `SparkException` that names the first task that failed."""
        packed = [task.pack() for task in tasks]
        answers = self._here(packed) if self.processes == 1 else self._elsewhere(packed)
        for task in tasks:
            try:
                result, trouble = pickle.loads(next(answers))
            except BrokenProcessPool as error:
                raise SparkException(f"the process that simulated {task.name} died: {error}") from error
            if trouble:
                summary, text = trouble
                raise SparkException(f"the simulation {task.name} failed: {summary}") from _Elsewhere(text)
            yield result

    def say(self, text: str) -> None:
        """Show how things stand beside the bar."""
        self._bar.set_postfix_str(text)

    def _here(self, packed: Sequence[bytes]) -> Iterator[bytes]:
        for data in packed:
            answer = _perform(data)
            self._bar.update()
            yield answer

    def _elsewhere(self, packed: Sequence[bytes]) -> Iterator[bytes]:
        if self._executor is None:
            from loky import ProcessPoolExecutor

            self._executor = ProcessPoolExecutor(min(self.processes, len(packed)), initializer=_begin_work)
        futures = [self._executor.submit(_perform, data) for data in packed]
        ended = as_completed(futures)
        for future in futures:
            while not future.done():
                next(ended)
                self._bar.update()
            yield future.result()
        for _ in ended:
            self._bar.update()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=error is not None)
        self._bar.close()


def _perform(data: bytes) -> bytes:
    """Run a packed task. Gives `(measures, None)` or `(None, (summary, traceback))`, as bytes."""
    try:
        task: Task = pickle.loads(data)
        answer: bytes = cloudpickle.dumps((dict(task.measure(task.simulation.run(task.until))), None))
        return answer
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return pickle.dumps((None, (f"{type(error).__name__}: {error}", traceback.format_exc())))


def _begin_work() -> None:
    """Only the first process acts on Ctrl-C, which reaches all of a terminal; what runs warn of is in their traces."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.getLogger("sparksim").setLevel(logging.ERROR)
