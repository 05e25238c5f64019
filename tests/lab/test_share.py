"""The Python that rebuilds a simulation runs, and gives the same batches."""

from __future__ import annotations

from random import Random
from types import ModuleType
from typing import Any

import pytest

from sparksim import StorageLevel
from sparksim.core.errors import IllegalArgumentError
from sparksim.lab.share import python_of
from sparksim.sim import AtBatch, DriverCrash, Simulation, Steps, TaskFailure
from tests.lab.program import UNTIL_S, simulation

NOTEBOOK = """
import random as dice
from operator import add
from sparksim.sim import Constant, Simulation

LETTERS = ("a", "b")
pair = lambda word: (word, 1)

def letter(rng):
    return LETTERS[rng.randint(0, 1)]

def with_one(word):
    return word, 1

def program(ssc):
    dice.Random(0)
    ssc.socketTextStream("localhost", 9999).map(with_one).reduceByKey(add).pprint()

simulation = Simulation(program, network={"localhost:9999": Constant(20, record=letter)}, batch=1)
"""


def run_of(python: str) -> Any:
    names: dict[str, Any] = {"__name__": "shared"}
    exec(compile(python, "shared.py", "exec"), names)
    return names["run"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch": 1, "block": 0.5, "rate": 20, "executors": 2, "cores": 3, "seed": 5},
        {"network": {"localhost:9999": Steps([(2, 5), (4, 50)])}},
        {"faults": [DriverCrash(at=5, restart_after=1), TaskFailure(AtBatch(2), times=2)], "checkpoint": "sim://c"},
        {"conf": {"spark.streaming.backpressure.enabled": True}, "storage_level": StorageLevel.MEMORY_ONLY_2},
        {"cost": "spark-local"},
    ],
)
def test_the_python_gives_the_same_batches(changes: dict[str, Any]) -> None:
    given = simulation(**changes)
    python = python_of(given, UNTIL_S)
    assert run_of(python).batches == given.run(until=UNTIL_S).batches


def test_it_reads_as_one_would_write_it() -> None:
    assert python_of(simulation(batch=1.0, executors=2), 12) == (
        "from sparksim.sim import Cluster, Poisson, Simulation\n"
        "from tests.lab.program import word_count\n\n\n"
        "simulation = Simulation(\n"
        "    word_count,\n"
        '    network={"localhost:9999": Poisson(rate=10)},\n'
        "    cluster=Cluster(executors=2),\n"
        "    seed=3,\n"
        ")\n"
        "run = simulation.run(until=12)\n"
    )


@pytest.fixture
def notebook(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A notebook's cells: names that nobody else can import."""
    path = tmp_path / "cell.py"
    path.write_text(NOTEBOOK)
    cells = ModuleType("__main__")
    exec(compile(NOTEBOOK, str(path), "exec"), cells.__dict__)
    return cells


def test_what_cannot_be_imported_is_written_out(notebook: ModuleType) -> None:
    python = python_of(notebook.simulation, 5)
    assert python.startswith("import random as dice\nfrom operator import add\nfrom sparksim.sim import")
    assert 'LETTERS = ("a", "b")' in python
    assert python.index("def with_one") < python.index("def program")
    assert "lambda" not in python  # nothing uses it
    assert run_of(python).batches == notebook.simulation.run(until=5).batches


def nested() -> Simulation:
    names = ["a"]

    def program(ssc: Any) -> None:
        ssc.queueStream([names]).pprint()

    return Simulation(program)


class Odd:
    def arrivals(self, rng: Random) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            Simulation(lambda ssc: ssc.queueStream([[1]]).pprint()),
            "<lambda> cannot be written as Python: define it with def",
        ),
        (nested(), "program cannot be written as Python: define it with def"),
        (simulation(network={"localhost:9999": Odd()}), "Odd object at .* cannot be written as Python"),
    ],
)
def test_what_has_no_text_is_refused(given: Simulation, message: str) -> None:
    with pytest.raises(IllegalArgumentError, match=message):
        python_of(given, 5)
