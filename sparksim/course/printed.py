"""What a simulated program printed with `pprint`, read back as pairs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sparksim.course.exercise import Finding, short
from sparksim.course.texts import Text
from sparksim.sim.run import Run
from sparksim.trace.batch_events import OutputOperationCompleted

Pairs = Sequence[tuple[Any, Any]]

_LONGEST_LINE = 1000
_LONGEST_ERROR = 160


def printed_pairs(run: Run, batch_s: float) -> list[tuple[Any, Any]]:
    """The pairs that the batch of second `batch_s` printed, one a line; other lines are left out."""
    pairs = []
    for line in run.output[batch_s].splitlines():
        if line.startswith("(") and len(line) <= _LONGEST_LINE:
            with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
                value = ast.literal_eval(line)
                if isinstance(value, tuple) and len(value) == 2:
                    pairs.append(value)
    return pairs


def prints(
    batch_s: float, expected: Mapping[Any, Any], hint: Text, among: Sequence[Any] | None = None
) -> Callable[[Run], Finding | None]:
    """A judge: no batch fails, and this one prints `expected`; with `among`, that is asked of these keys only."""

    def judge(run: Run) -> Finding | None:
        pairs = [pair for pair in printed_pairs(run, batch_s) if among is None or pair[0] in among]
        return failed_batch(run, hint) or compared(pairs, expected, batch_s, hint)

    return judge


def failed_batch(run: Run, hint: Text) -> Finding | None:
    """The first batch whose job failed, if there is one, and what it raised."""
    for batch in run.batches.where(failed=True):
        second, why = batch.batch_time_ms / 1000, _raised(run, batch.batch_time_ms)
        return Finding(
            Text(
                f"the job of the batch of second {second:g} failed{why and ': ' + why}",
                f"第 {second:g} 秒的批次的作业失败了{why and '：' + why}",
            ),
            hint,
        )
    return None


def _raised(run: Run, batch_time_ms: int) -> str:
    """The last line of the batch's first failure: the error itself, which stands below its traceback."""
    for output in run.trace.of(OutputOperationCompleted):
        if output.batch_time_ms == batch_time_ms and output.failure:
            line = output.failure.strip().splitlines()[-1]
            return "".join(letter if letter.isprintable() else " " for letter in line)[:_LONGEST_ERROR]
    return ""


def compared(pairs: Pairs, expected: Mapping[Any, Any], batch_s: float, hint: Text) -> Finding | None:
    """None if `pairs` are those of `expected`, each once, in any order."""
    if sorted(map(repr, pairs)) == sorted(map(repr, expected.items())):
        return None
    return not_printed(sorted(expected.items()), sorted(pairs, key=repr), batch_s, hint)


def compared_in_order(pairs: Pairs, expected: Pairs, batch_s: float, hint: Text) -> Finding | None:
    """None if `pairs` are those of `expected`, in this order."""
    return None if list(pairs) == list(expected) else not_printed(expected, pairs, batch_s, hint)


def not_printed(expected: Pairs, came: Pairs, batch_s: float, hint: Text) -> Finding:
    """The batch of second `batch_s` printed `came` where `expected` was due."""
    wanted, printed = short(list(expected)), short(list(came))
    return Finding(
        Text(
            f"the batch of second {batch_s:g} should print {wanted}, and printed {printed}",
            f"第 {batch_s:g} 秒的批次应打印 {wanted}，实际打印 {printed}",
        ),
        hint,
    )
