"""Faults on the command line."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from sparksim.cli.fault_text import FAULTS, MOMENTS, fault
from sparksim.sim import AtBatch, AtRate, AtRecord, BrokerCrash, DriverCrash, SlowExecutor, TaskFailure


def test_a_fault_is_written_as_in_python() -> None:
    assert fault("SlowExecutor('2', at=3, factor=10)") == SlowExecutor("2", at=3, factor=10)
    assert fault(" DriverCrash(AtBatch(3, 'processed'), restart_after=2) ") == DriverCrash(AtBatch(3, "processed"), 2)
    assert fault("TaskFailure(at=AtRate(0.5))") == TaskFailure(AtRate(0.5))
    crash = fault("BrokerCrash('leader of orders/0', at=AtRecord('orders/0', 7), restart_after=3)")
    assert crash == BrokerCrash("leader of orders/0", at=AtRecord("orders/0", 7), restart_after=3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SlowExecutor(", "not written as Python"),
        ("'ExecutorCrash'", "is no fault"),
        ("Crash(1)", f"'Crash' is not one of {', '.join(FAULTS)}"),
        ("__import__('os').system('true')", "is not one of"),
        ("ExecutorCrash(open('x'), 1)", f"'open' is not one of {', '.join(MOMENTS)}"),
        ("ExecutorCrash(other, 1)", "'other' is neither a number"),
        ("ExecutorCrash(*[1, 2])", "without \\* and \\*\\*"),
        ("ExecutorCrash(1)", "at"),
        ("BrokerCrash('orders/0', at=1)", "'leader of TOPIC/PARTITION'"),
        ("ExecutorCrash(1, at=-1)", "give the moment in seconds"),
        ("ExecutorCrash(1, 2, when=3)", "when"),
        ("ExecutorCrash(1, at='" + "x" * 5, "not written"),
        ("ExecutorCrash(1, \0)", "not written"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(ArgumentTypeError, match=message):
        fault(text)
