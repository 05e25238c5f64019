"""Runs a program of streaming queries (Structured Streaming) in virtual time, in surroundings of one's choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import fsspec

from sparksim.cluster.cost import CostModel, cost_model
from sparksim.cluster.faults import Fault
from sparksim.core.conf import SparkConf
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.sim.files import FileStory
from sparksim.sim.knobs import changed
from sparksim.sim.network import Source
from sparksim.sim.run import Run
from sparksim.sim.simulation import Cluster
from sparksim.sim.surroundings import Surroundings, checked_faults, globals_kept, text_of
from sparksim.sql.session import SparkSession


class QuerySimulation:
    """A program and its surroundings. `network` maps "host:port" to a load or a `KafkaCluster`, `files` maps
    "sim://path" to `(seconds, content)`: when the file appears, and what it holds;
    their directories are there from the start.

    `program(spark)` starts queries with `writeStream...start()`; it may wait for them or return, they run on. A driver
    that a `DriverCrash` restarted runs the program again from its first line: a query with a `checkpointLocation` such
    as "sim://checkpoint" goes on where that says. `conf` holds Spark's settings; `spark.sql.shuffle.partitions` is 2
    unless it says otherwise, so that figures can be read. `cost` is a preset's name or a `CostModel`. The same seed
    gives the same trace, byte for byte.
    """

    def __init__(
        self,
        program: Callable[[SparkSession], Any],
        *,
        network: Mapping[str, Source] | None = None,
        files: Mapping[str, FileStory] | None = None,
        cluster: Cluster | None = None,
        faults: Sequence[Fault] = (),
        conf: Mapping[str, Any] | None = None,
        cost: str | CostModel = "teaching",
        seed: int = 0,
    ) -> None:
        self._arguments = {name: value for name, value in locals().items() if name != "self"}
        if not callable(program):
            raise IllegalArgumentError(
                f"QuerySimulation({program!r}): give a function of the SparkSession, such as def program(spark): ..."
            )
        self._program = program
        given = {key: text_of(value) for key, value in (conf or {}).items()}
        self._settings = {"spark.master": (cluster or Cluster()).master, "spark.sql.shuffle.partitions": "2", **given}
        self._surroundings = Surroundings(
            dict(network or {}), dict(files or {}), checked_faults(faults), cost_model(cost), seed
        )

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What it was made with: the constructor's arguments by name."""
        return MappingProxyType(self._arguments)

    def with_(self, **changes: Any) -> QuerySimulation:
        """A copy with some knobs turned: any argument of the constructor, `executors`, `cores`, or `rate`.

        Works as `Simulation.with_` and raises the same.
        """
        return QuerySimulation(**changed(self._arguments, changes))

    def run(self, until: float, echo: bool = False, raises: bool = True) -> Run:
        """Simulate the first `until` seconds. With `echo`, what the program prints is also shown.

        Without `raises`, what the program raises stands in `Run.error`, beside the trace of all that came before.
        """
        name = getattr(self._program, "__name__", "program")
        conf = SparkConf(loadDefaults=False).setAppName(name).setAll(list(self._settings.items()))

        def main() -> None:
            _make_directories(self._arguments["files"] or {})
            self._program(SparkSession(SparkContext(conf=conf)))

        return self._surroundings.perform(main, until, echo, raises, globals_kept(self._program))


def _make_directories(files: Iterable[str]) -> None:
    """Before the first file appears, its directory is there: a stream of files that are to come may begin."""
    for path in files:
        system, name = fsspec.core.url_to_fs(path)
        if "/" in name:
            system.makedirs(name.rpartition("/")[0], exist_ok=True)
