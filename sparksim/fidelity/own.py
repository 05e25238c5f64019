"""From overheads as a run measured them to the prices of a cost model, one run at a time."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from sparksim.cluster.cost import CostModel
from sparksim.fidelity.measure import reduce_name
from sparksim.fidelity.recording import Measured

ENOUGH = 3
"""A median of fewer values says less than the preset."""

MOST_WORKERS = 3
"""A task of any recorded pipeline has at most so many further Python workers."""

RARE = ("first_job_ms", "warm_up_ms", "detect_loss_ms", "executor_start_ms")
"""Constants that a run shows once or twice at most."""


def own_prices(base: CostModel, calibration: Mapping[str, Measured], *, shuffles: bool = False) -> CostModel:
    """`base` with every price that a recording's `calibration` tells something about.

    What was measured as one stretch is split among the prices within it as in `base`. How long a task took beside its
    work was measured with the others at work at the same time, so that this is not charged again. In a run that
    `shuffles`, the calibration has one median for two kinds of tasks: they keep the prices of `base`.
    """
    prices = fitted_prices(base, calibration)
    if shuffles or "task_overhead_ms" not in calibration:
        return prices
    names = ("task_overhead_ms", "task_overhead_later_wave_ms")
    return prices.with_(**_task_prices(base, calibration, *names), machine_cores=0)


def fitted_prices(base: CostModel, measured: Mapping[str, Measured]) -> CostModel:
    """`base` with the prices that follow from what was measured in other runs; tasks that share cores share them."""
    value = {name: max(each.median, 0.0) for name, each in measured.items() if each.n >= ENOUGH or name in RARE}
    prices: dict[str, float] = {}
    if "generate_ms" in value:
        prices["generate_ms"] = value["generate_ms"]
    if "block_report_ms" in value:
        prices |= {"store_block_ms": 0.0, "report_block_ms": value["block_report_ms"]}
    if "job_gap_ms" in value:
        prices["dispatch_ms"] = value["job_gap_ms"]
    prices |= {name: value[name] for name in ("checkpoint_ms", "noise", *RARE) if name in value}
    prices |= _task_prices(base, measured, "task_core_ms", "task_later_wave_core_ms")
    plain_ms = prices.get("task_ms", base.task_ms) + prices.get("first_wave_ms", base.first_wave_ms)
    for kind in ("map", "reduce"):
        if f"{kind}_task_core_ms" in measured:
            prices[f"{kind}_ms"] = max(measured[f"{kind}_task_core_ms"].median - plain_ms, 0.0)
    reduce_ms = plain_ms + prices.get("reduce_ms", base.reduce_ms)
    further = [
        (measured[reduce_name(workers)].median - reduce_ms) / workers
        for workers in range(1, MOST_WORKERS + 1)
        if reduce_name(workers) in measured
    ]
    if further:
        prices["worker_ms"] = max(median(further), 0.0)
    return base.with_(**prices, **_job_prices(base, value))


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


def _task_prices(
    base: CostModel, measured: Mapping[str, Measured], first_name: str, later_name: str
) -> dict[str, float]:
    """Tasks that neither write nor read a shuffle, by their place in the stage."""
    first, later = measured.get(first_name), measured.get(later_name)
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
