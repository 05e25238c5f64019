"""What work costs in virtual time.

A cost model is a handful of constants in milliseconds: overheads of jobs, stages and tasks, and a price per record and
per byte. The engine charges them where the work happens. In live mode nothing is charged: the work itself takes time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import inf

from sparksim.core.arguments import is_number
from sparksim.core.errors import IllegalArgumentError

_MEANING = {"noise": "the noise is a number", "machine_cores": "the cores of the machine are a number, 0 or more"}


@dataclass(frozen=True, slots=True)
class CostModel:
    """Prices in ms. Raises `IllegalArgumentError` for a price that is not a number, 0 or more.

    `noise` is the sigma of a log-normal factor on every overhead and on each task's records; 0 is none. A negative one
    draws the mirror image of the positive one: each factor inverted. So two runs of a seed err in opposite directions.
    `machine_cores` is how many cores share the overheads of all tasks, when the cluster lives on one machine; 0 is one
    for each task.

    | field | charged |
    |---|---|
    | `generate_ms` | batch time until its jobs are submitted, on the job generator |
    | `dispatch_ms` | an output operation on top of the queue until it has started |
    | `output_op_ms`, `output_op_end_ms` | each output operation: until it runs; after its last Spark job |
    | `job_start_ms`, `job_end_ms` | Spark job submitted until its first stage; last task until the job's end |
    | `first_job_ms` | beside `job_start_ms`: once per driver, its first job of a batch |
    | `stage_ms` | stage ready until its tasks are offered |
    | `task_ms` | task launched until its first record |
    | `first_wave_ms`, `later_wave_ms` | beside `task_ms`: the first task of a stage on a core; any later one |
    | `map_ms`, `reduce_ms` | beside `task_ms`: a task that writes a shuffle; one that reads shuffles |
    | `worker_ms` | beside `task_ms`: each further Python worker of a task: of what it caches, of a union's parents |
    | `warm_up_ms` | once per executor: its first task of a batch, and those beside it, wait until this is over |
    | `record_ms` | each record that a task pulls from a slice, a block or a cache |
    | `shuffle_write_record_ms`, `shuffle_read_record_ms` | each record written to, read from a shuffle |
    | `serialize_record_ms` | each record serialised into a block or a cached partition, or on leaving its executor |
    | `store_block_ms`, `report_block_ms` | each received block: put into storage; report to the driver |
    | `replicate_byte_ms` | each byte copied to another executor |
    | `log_write_ms`, `log_byte_ms` | each block written to its receiver's log; each byte written there or read again |
    | `checkpoint_ms` | a driver checkpoint: from its snapshot until its file is there |
    | `detect_loss_ms` | an executor's death until the driver knows |
    | `executor_start_ms` | beside a crash's `restart_after`: until the new executor is there |
    """

    generate_ms: float = 0.0
    dispatch_ms: float = 0.0
    output_op_ms: float = 0.0
    output_op_end_ms: float = 0.0
    job_start_ms: float = 0.0
    job_end_ms: float = 0.0
    first_job_ms: float = 0.0
    stage_ms: float = 0.0
    task_ms: float = 0.0
    first_wave_ms: float = 0.0
    later_wave_ms: float = 0.0
    map_ms: float = 0.0
    reduce_ms: float = 0.0
    worker_ms: float = 0.0
    warm_up_ms: float = 0.0
    record_ms: float = 0.0
    shuffle_write_record_ms: float = 0.0
    shuffle_read_record_ms: float = 0.0
    serialize_record_ms: float = 0.0
    store_block_ms: float = 0.0
    report_block_ms: float = 0.0
    replicate_byte_ms: float = 0.0
    log_write_ms: float = 0.0
    log_byte_ms: float = 0.0
    checkpoint_ms: float = 0.0
    detect_loss_ms: float = 0.0
    executor_start_ms: float = 0.0
    noise: float = 0.0
    machine_cores: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_number(value, least=-inf if field.name == "noise" else 0.0):
                what = _MEANING.get(field.name, "a cost is a number of milliseconds, 0 or more")
                raise IllegalArgumentError(f"CostModel({field.name}={value!r}): {what}")

    def with_(self, **changes: float) -> CostModel:
        """A copy with some prices changed. Raises `IllegalArgumentError` for a price that does not exist."""
        unknown = sorted(set(changes) - {field.name for field in fields(self)})
        if unknown:
            names = ", ".join(field.name for field in fields(self))
            raise IllegalArgumentError(f"CostModel has no price {unknown[0]!r}; it has {names}")
        return replace(self, **changes)


TEACHING = CostModel(
    generate_ms=10,
    output_op_ms=10,
    job_start_ms=10,
    job_end_ms=10,
    stage_ms=10,
    task_ms=20,
    record_ms=1,
    shuffle_write_record_ms=0.1,
    shuffle_read_record_ms=0.1,
    serialize_record_ms=0.01,
    store_block_ms=5,
    report_block_ms=5,
    replicate_byte_ms=0.0001,
    log_write_ms=10,
    log_byte_ms=0.0001,
    checkpoint_ms=20,
    detect_loss_ms=100,
)
"""Round numbers and no noise, so that a learner can check a timeline with a pencil."""

SPARK_LOCAL = CostModel(
    generate_ms=5,
    dispatch_ms=1,
    output_op_ms=18,
    output_op_end_ms=5,
    job_start_ms=6.5,
    job_end_ms=6.5,
    first_job_ms=80,
    stage_ms=10,
    task_ms=17,
    later_wave_ms=8,
    map_ms=43,
    reduce_ms=10,
    worker_ms=50,
    warm_up_ms=371,
    report_block_ms=3,
    checkpoint_ms=14,
    noise=0.27,
)
"""PySpark 3.5 on a local master, as recorded: `sparksim calibrate` fitted it to every second recording with such a
master in `tests/data/fidelity`. Tasks have a core of the machine each, and the records' own work comes on top."""

SPARK_STANDALONE = SPARK_LOCAL.with_(
    generate_ms=9,
    dispatch_ms=0,
    job_start_ms=9,
    job_end_ms=5,
    first_job_ms=24,
    task_ms=34,
    first_wave_ms=4,
    later_wave_ms=0,
    warm_up_ms=852,
    report_block_ms=13,
    detect_loss_ms=114,
    executor_start_ms=3240,
    noise=0.21,
)
"""The same with executors in processes of their own, fitted to every second recording of those."""

FREE = CostModel()
"""Nothing is charged: the model of live mode."""

PRESETS = {"teaching": TEACHING, "spark-local": SPARK_LOCAL, "spark-standalone": SPARK_STANDALONE, "free": FREE}


def cost_model(choice: str | CostModel) -> CostModel:
    """The preset of that name, or the model itself. Raises `IllegalArgumentError` for anything else."""
    model = choice if isinstance(choice, CostModel) else PRESETS.get(str(choice))
    if model is None:
        raise IllegalArgumentError(
            f"cost={choice!r} is not a preset; use one of {', '.join(PRESETS)} or a CostModel(...)"
        )
    return model


class Prices:
    """A cost model with its noise drawn: what the engine asks for a price."""

    def __init__(self, model: CostModel, rng: random.Random) -> None:
        self.model = model
        self._rng = rng

    def factor(self) -> float:
        """One draw of the noise: 1.0 without noise, else log-normal with median 1.

        It is rounded, because the last digits of a logarithm differ between machines.
        """
        if self.model.noise == 0:
            return 1.0
        return round(self._rng.lognormvariate(0.0, self.model.noise), 4)

    def draw(self, price_ms: float) -> float:
        """An overhead with its noise, in whole microseconds."""
        if price_ms == 0:
            return 0.0
        return _whole_us(price_ms) if self.model.noise == 0 else round(price_ms * self.factor(), 3)


@lru_cache(maxsize=1024)
def _whole_us(ms: float) -> float:
    return round(ms, 3)
