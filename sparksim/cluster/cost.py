"""What work costs in virtual time.

A cost model is a handful of constants in milliseconds: overheads of jobs, stages and tasks, and a price per record and
per byte. The engine charges them where the work happens. In live mode nothing is charged: the work itself takes time.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace

from sparksim.core.arguments import is_number
from sparksim.core.errors import IllegalArgumentError


@dataclass(frozen=True, slots=True)
class CostModel:
    """Prices in ms. Raises `IllegalArgumentError` for a price that is not a number, 0 or more.

    `noise` is the sigma of a log-normal factor on every overhead and on each task's records; 0 is none.

    | field | charged |
    |---|---|
    | `generate_ms` | batch time until its jobs are submitted, on the job generator |
    | `output_op_ms` | each output operation, beside its Spark jobs |
    | `job_start_ms`, `job_end_ms` | Spark job submitted until its first stage; last task until the job's end |
    | `stage_ms` | stage ready until its tasks are offered |
    | `task_ms` | task launched until its first record |
    | `record_ms` | each record that a task pulls from a slice, a block or a cache |
    | `shuffle_write_record_ms`, `shuffle_read_record_ms` | each record written to, read from a shuffle |
    | `serialize_record_ms` | each record serialised into a block or a cached partition |
    | `store_block_ms`, `report_block_ms` | each received block: put into storage; report to the driver |
    | `replicate_byte_ms` | each byte copied to another executor |
    | `detect_loss_ms` | an executor's death until the driver knows |
    """

    generate_ms: float = 0.0
    output_op_ms: float = 0.0
    job_start_ms: float = 0.0
    job_end_ms: float = 0.0
    stage_ms: float = 0.0
    task_ms: float = 0.0
    record_ms: float = 0.0
    shuffle_write_record_ms: float = 0.0
    shuffle_read_record_ms: float = 0.0
    serialize_record_ms: float = 0.0
    store_block_ms: float = 0.0
    report_block_ms: float = 0.0
    replicate_byte_ms: float = 0.0
    detect_loss_ms: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not is_number(value):
                what = "the noise is a number" if field.name == "noise" else "a cost is a number of milliseconds"
                raise IllegalArgumentError(f"CostModel({field.name}={value!r}): {what}, 0 or more")

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
    detect_loss_ms=100,
)
"""Round numbers and no noise, so that a learner can check a timeline with a pencil."""

FREE = CostModel()
"""Nothing is charged: the model of live mode."""

PRESETS = {"teaching": TEACHING, "free": FREE}


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
        return 0.0 if price_ms == 0 else round(price_ms * self.factor(), 3)
