"""A fault as a text: the call that makes it, in Python's words, read without being run.

Only the names of faults and moments may be called, and only with literals or with each other: what a text from
elsewhere says can do nothing else.
"""

from __future__ import annotations

import ast
from argparse import ArgumentTypeError
from typing import Any

from sparksim import sim
from sparksim.cluster.faults import Fault
from sparksim.core.errors import IllegalArgumentError

FAULTS = (
    "BrokerCrash",
    "DriverCrash",
    "ExecutorCrash",
    "NetworkDelay",
    "NetworkPartition",
    "ReceiverCrash",
    "SlowDisk",
    "SlowExecutor",
    "SourceOutage",
    "TaskFailure",
)
MOMENTS = ("AtBatch", "AtQueryBatch", "AtRate", "AtRecord")


def fault(text: str) -> Fault:
    """The fault that a text such as `ExecutorCrash('receiver', at=AtBatch(2))` means. The `type=` of an option."""
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise ArgumentTypeError(f"{text!r} is not written as Python would have it; {_help()}") from None
    if not isinstance(call, ast.Call):
        raise ArgumentTypeError(f"{text!r} is no fault; {_help()}")
    try:
        made: Fault = _make(call, FAULTS)
    except (IllegalArgumentError, TypeError) as error:
        raise ArgumentTypeError(f"{text!r}: {error}") from None
    return made


def _make(call: ast.Call, allowed: tuple[str, ...]) -> Any:
    name = call.func.id if isinstance(call.func, ast.Name) else ast.unparse(call.func)
    if name not in allowed:
        raise ArgumentTypeError(f"{name!r} is not one of {', '.join(allowed)}")
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(word.arg is None for word in call.keywords):
        raise ArgumentTypeError(f"{ast.unparse(call)!r}: write the arguments out, without * and **")
    args = [_value(arg) for arg in call.args]
    words = {str(word.arg): _value(word.value) for word in call.keywords}
    return getattr(sim, name)(*args, **words)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call):
        return _make(node, MOMENTS)
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ArgumentTypeError(
            f"{ast.unparse(node)!r} is neither a number, a text in quotes, None, nor one of {', '.join(MOMENTS)}"
        ) from None


def _help() -> str:
    return f"for example: --fault \"SlowExecutor('2', at=3, factor=10)\"; there are {', '.join(FAULTS)}"
