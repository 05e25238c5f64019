"""From overheads as a run measured them to the prices of a cost model, one run at a time."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from sparksim.cluster.cost import CostModel
from sparksim.fidelity.recording import Measured

ENOUGH = 3
"""A median of fewer values says less than the preset."""

RARE = ("first_job_ms", "warm_up_ms", "detect_loss_ms", "executor_start_ms")
"""Constants that a run shows once or twice at most."""

P90_SIGMAS = 1.2816
"""How many standard deviations above its median a normal distribution has its 90th percentile."""


def own_prices(base: CostModel, measured: Mapping[str, Measured]) -> CostModel:
    """`base` with every price that `measured` (a recording's `calibration`) tells something about.

    What was measured as one stretch is split among the prices within it as in `base`.
    """
    value = {name: max(each.median, 0.0) for name, each in measured.items() if each.n >= ENOUGH or name in RARE}
    prices: dict[str, float] = {}
    if "generate_ms" in value:
        prices["generate_ms"] = value["generate_ms"]
    if "block_report_ms" in value:
        prices |= {"store_block_ms": 0.0, "report_block_ms": value["block_report_ms"]}
    if "job_gap_ms" in value:
        prices["dispatch_ms"] = value["job_gap_ms"]
    prices |= {name: value[name] for name in ("checkpoint_ms", *RARE) if name in value}
    return base.with_(**prices, **_job_prices(base, value), **_task_prices(base, measured))


def _job_prices(base: CostModel, value: Mapping[str, float]) -> dict[str, float]:
    """The way to the first task and back from the last; an output operation without tasks goes the outer part of it."""
    before_ms = value.get("job_before_first_task_ms", base.output_op_ms + base.job_start_ms + base.stage_ms)
    after_ms = value.get("job_after_last_task_ms", base.job_end_ms + base.output_op_end_ms)
    empty_ms = value.get("job_without_tasks_ms", base.output_op_ms + base.output_op_end_ms)
    stage_ms = min(value.get("stage_gap_ms", base.stage_ms), before_ms)
    end_ms = min(base.output_op_end_ms, after_ms, empty_ms)
    output_op_ms = min(empty_ms - end_ms, before_ms - stage_ms)
    return {
        "output_op_ms": output_op_ms,
        "output_op_end_ms": end_ms,
        "job_start_ms": before_ms - stage_ms - output_op_ms,
        "job_end_ms": after_ms - end_ms,
        "stage_ms": stage_ms,
    }


def _task_prices(base: CostModel, measured: Mapping[str, Measured]) -> dict[str, float]:
    prices = _plain_task_prices(base, measured)
    plain_ms = prices.get("task_ms", base.task_ms) + prices.get("first_wave_ms", base.first_wave_ms)
    for kind in ("map", "reduce"):
        if f"{kind}_task_overhead_ms" in measured:
            prices[f"{kind}_ms"] = max(measured[f"{kind}_task_overhead_ms"].median - plain_ms, 0.0)
    return prices


def _plain_task_prices(base: CostModel, measured: Mapping[str, Measured]) -> dict[str, float]:
    """Tasks that neither write nor read a shuffle, by their place in the stage."""
    first, later = measured.get("task_overhead_ms"), measured.get("task_overhead_later_wave_ms")
    if first is None:
        return {}
    # A task that follows another is launched a little before the end of that one is on record.
    handover = measured.get("slot_handover_ms")
    early_ms = min(handover.median, 0.0) if handover else 0.0
    later_ms = max(later.median + early_ms, 0.0) if later else first.median + base.later_wave_ms - base.first_wave_ms
    task_ms = max(min(first.median, later_ms), 0.0)
    return {
        "task_ms": task_ms,
        "first_wave_ms": max(first.median - task_ms, 0.0),
        "later_wave_ms": max(later_ms - task_ms, 0.0),
    }


def sigma(measured: Measured) -> float:
    """The sigma of the log-normal distribution with this median and this 90th percentile."""
    if measured.median <= 0 or measured.p90 <= measured.median:
        return 0.0
    return round(log(measured.p90 / measured.median) / P90_SIGMAS, 3)
