"""A program of a lesson on the wall clock: real sockets, the seconds of a simulation."""

from __future__ import annotations

import ast

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.course import live
from sparksim.sim import Constant, Replay, Simulation
from sparksim.streaming import StreamingContext
from tests.cli.process import free_port


def test_live_and_simulated_batches_count_the_same_lines(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    network = {f"localhost:{port}": Replay([(0.9, "a b"), (2.9, "a"), (3.0, "c")])}

    def program(ssc: StreamingContext) -> None:
        words = ssc.socketTextStream("localhost", port).flatMap(str.split).map(lambda word: (word, 1))
        words.reduceByKey(lambda a, b: a + b, 1).pprint()

    run = live(program, network=network, batch=2.0, until=5)
    assert sum(run.batches.column("records")) == 3
    shown = [pairs(part) for part in capsys.readouterr().out.split("Time: ")[1:]]
    assert shown == [{("a", 1), ("b", 1)}, {("a", 1), ("c", 1)}, set()]

    simulated = Simulation(program, network=network, batch=2.0).run(until=7)
    assert [pairs(simulated.output[second]) for second in (2.0, 4.0, 6.0)] == shown


def pairs(text: str) -> set[tuple[str, int]]:
    return {ast.literal_eval(line) for line in text.splitlines() if line.startswith("(")}


def test_what_happens_meanwhile_has_its_second() -> None:
    added = []

    def program(ssc: StreamingContext) -> None:
        ssc.queueStream([["a"]]).foreachRDD(lambda rdd: added.append(rdd.count()))

    order: list[str] = []
    live(
        program,
        batch=0.5,
        until=0.7,
        meanwhile=[(0.1, lambda: order.append("one")), (0.2, lambda: order.append("two"))],
    )
    assert order == ["one", "two"]
    assert added[0] == 1


def test_a_host_elsewhere_is_refused() -> None:
    with pytest.raises(
        IllegalArgumentError, match=r"network=\{'example.org:9999': ...\}: a live run serves this machine"
    ):
        live(lambda ssc: None, network={"example.org:9999": Constant(rate=1)}, until=1)


def test_what_the_program_raises_comes_out_and_leaves_no_context_behind() -> None:
    def broken(ssc: StreamingContext) -> None:
        raise ValueError("no streams today")

    with pytest.raises(ValueError, match="no streams today"):
        live(broken, until=1)
    with pytest.raises(ValueError, match="no streams today"):
        live(broken, until=1)
