"""Fits the prices of a cost model to recorded runs, and keeps them in a preset file.

Each run gives one median per constant; the median over runs is the constant, and how far the runs lie apart is its
spread. So one long run counts no more than a short one, and a busy machine spoils one value, not the fit.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from sparksim.cluster.cost import PRESETS, SPARK_LOCAL, CostModel
from sparksim.core.errors import IllegalArgumentError
from sparksim.fidelity.event_log import measured_in_event_log, prices_of_event_log
from sparksim.fidelity.measure import measured_in
from sparksim.fidelity.own import fitted_prices
from sparksim.fidelity.recording import Measured, Recording, RecordingError, read_recording
from sparksim.trace.formats.spark_log_lines import is_event_log


@dataclass(frozen=True, slots=True)
class Constant:
    """One constant in ms. `low` and `high` are the 10th and 90th percentile of the runs' medians; `n` counts values."""

    name: str
    value: float
    low: float
    high: float
    runs: int
    n: int


@dataclass(frozen=True, slots=True)
class Fit:
    """The constants as measured, the prices that follow from them, and the runs they come from."""

    constants: tuple[Constant, ...]
    prices: CostModel
    fitted_on: tuple[str, ...]

    def save(self, path: str | Path) -> None:
        """Write a preset file that `load_preset` reads."""
        content = {
            "fitted_on": list(self.fitted_on),
            "prices": asdict(self.prices),
            "constants": [asdict(constant) for constant in self.constants],
        }
        Path(path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def calibrate(paths: Sequence[str | Path], base: CostModel = SPARK_LOCAL) -> Fit:
    """Fit to recordings, or to Spark event logs; `base` gives the prices that nothing was measured of.

    Raises `RecordingError` for a file that is neither, and for event logs together with recordings: a log does not
    tell work from overhead, so its constants mean something else.
    """
    logs = [path for path in paths if is_event_log(path)]
    if not logs:
        return fit([read_recording(path) for path in paths], base)
    if len(logs) < len(paths):
        raise RecordingError(f"{logs[0]} is an event log and others are recordings: fit them one after the other")
    constants = _pooled([measured_in_event_log(path) for path in logs])
    return Fit(constants, prices_of_event_log(base, _typical(constants)), tuple(Path(path).name for path in logs))


def fit(recordings: Sequence[Recording], base: CostModel = SPARK_LOCAL) -> Fit:
    """Fit to recordings that were read before. Raises `RecordingError` when there are none."""
    if not recordings:
        raise RecordingError("there is nothing to fit: give at least one recording")
    constants = _pooled([measured_in(recording) for recording in recordings])
    return Fit(constants, fitted_prices(base, _typical(constants)), tuple(each.name for each in recordings))


def load_preset(name_or_path: str) -> CostModel:
    """The prices of a built-in preset, or of a preset file. Raises `IllegalArgumentError` for anything else."""
    if name_or_path in PRESETS:
        return PRESETS[name_or_path]
    try:
        content = json.loads(Path(name_or_path).read_text(encoding="utf-8"))
        prices: dict[str, Any] = content["prices"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IllegalArgumentError(
            f"{name_or_path} is no preset: give one of {', '.join(PRESETS)} or a file that calibrate --save wrote "
            f"({type(error).__name__}: {error})"
        ) from None
    return CostModel().with_(**prices)


def _pooled(runs: Sequence[Mapping[str, Measured]]) -> tuple[Constant, ...]:
    seen: dict[str, list[Measured]] = defaultdict(list)
    for run in runs:
        for name, measured in run.items():
            seen[name].append(measured)
    return tuple(_constant(name, each) for name, each in sorted(seen.items()))


def _constant(name: str, measured: list[Measured]) -> Constant:
    medians = sorted(each.median for each in measured)
    cuts = quantiles(medians, n=10, method="inclusive") if len(medians) > 1 else medians * 9
    n = sum(each.n for each in measured)
    return Constant(name, median(medians), round(cuts[0], 1), round(cuts[-1], 1), len(medians), n)


def _typical(constants: Sequence[Constant]) -> dict[str, Measured]:
    return {each.name: Measured(each.n, each.value, each.high) for each in constants}


def priced(prices: CostModel) -> dict[str, float]:
    """The prices that are not 0, by field."""
    return {each.name: value for each in fields(prices) if (value := getattr(prices, each.name))}
