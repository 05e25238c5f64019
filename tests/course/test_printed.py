"""What a judge says of a batch that failed."""

from collections.abc import Callable
from typing import Any

import pytest

from sparksim.course.printed import failed_batch
from sparksim.course.texts import Text
from sparksim.sim import Replay, Simulation

HINT = Text("Look again.", "再看看。")


def refuse(what: Any) -> None:
    raise ValueError("nothing to\tcount")


def in_a_task(ssc: Any) -> None:
    ssc.socketTextStream("localhost", 9999).map(refuse).pprint()


def in_an_output(ssc: Any) -> None:
    ssc.socketTextStream("localhost", 9999).filter(len).foreachRDD(lambda rdd: None if rdd.isEmpty() else refuse(rdd))


@pytest.mark.parametrize("program", [in_a_task, in_an_output])
def test_a_failed_batch_is_told_with_what_was_raised(program: Callable[[Any], None]) -> None:
    run = Simulation(program, network={"localhost:9999": Replay([(1.3, "to be")])}).run(until=3.5)
    finding = failed_batch(run, HINT)
    assert finding is not None
    assert finding.message.en == "the job of the batch of second 2 failed: ValueError: nothing to count"
    assert finding.message.zh == "第 2 秒的批次的作业失败了：ValueError: nothing to count"
