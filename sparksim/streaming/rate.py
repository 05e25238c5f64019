"""How fast a stream may be fed, worked out from how fast its batches were processed (Spark: RateEstimator).

A PID controller. Each completed batch shows the rate at which records were processed. The new rate is the last one,
corrected by the difference from that (proportional), by the records that piled up while the batch waited in the queue
(integral), and by the change of the difference (derivative). Knows no clock and no stream: numbers in, a number out.
"""

from __future__ import annotations

from sparksim.core.arguments import is_number, is_positive
from sparksim.core.conf import SparkConf, number
from sparksim.core.errors import IllegalArgumentError

ESTIMATOR = "spark.streaming.backpressure.rateEstimator"
PID = "spark.streaming.backpressure.pid."


class PIDRateEstimator:
    """`batch_ms` is the batch interval, `min_rate` the floor of every answer, in records per second.

    There is no ceiling: a small batch that is processed fast gives a huge rate. What it remembers between batches can
    be pickled. Raises `IllegalArgumentError` unless the interval and the floor are positive and the factors 0 or more
    (Spark: PIDRateEstimator).
    """

    def __init__(
        self, batch_ms: float, proportional: float, integral: float, derivative: float, min_rate: float
    ) -> None:
        if not is_positive(batch_ms):
            raise IllegalArgumentError(f"batch_ms={batch_ms!r}: the batch interval is a positive number of ms")
        for name, factor in (("proportional", proportional), ("integral", integral), ("derivative", derivative)):
            if not is_number(factor):
                setting = PID + ("derived" if name == "derivative" else name)
                raise IllegalArgumentError(f"{name}={factor!r}: {setting} is a number, 0 or more, such as 0.5")
        if not is_positive(min_rate):
            raise IllegalArgumentError(
                f"min_rate={min_rate!r}: {PID}minRate is a positive number of records per second, such as 100"
            )
        self._batch_ms = batch_ms
        self._proportional = proportional
        self._integral = integral
        self._derivative = derivative
        self._min_rate = min_rate
        self._first = True
        self._last_time_ms = -1.0
        self._last_rate = -1.0
        self._last_error = -1.0

    def compute(
        self, time_ms: float, elements: int, processing_delay_ms: float, scheduling_delay_ms: float
    ) -> float | None:
        """The new rate in records per second, after a batch of `elements` records was completed at `time_ms`.

        None when there is nothing to learn: from an empty batch, one that took no time, one that completed no later
        than the last; and from the first, which only says where to begin.
        """
        if not (time_ms > self._last_time_ms and elements > 0 and processing_delay_ms > 0):
            return None
        elapsed_s = (time_ms - self._last_time_ms) / 1000
        processed = elements / processing_delay_ms * 1000
        error = self._last_rate - processed
        # The records that came in while the batch waited, spread over one batch interval.
        piled_up = scheduling_delay_ms * processed / self._batch_ms
        error_change = (error - self._last_error) / elapsed_s
        self._last_time_ms = time_ms
        if self._first:
            self._first = False
            self._last_rate, self._last_error = processed, 0.0
            return None
        rate = (
            self._last_rate - self._proportional * error - self._integral * piled_up - self._derivative * error_change
        )
        self._last_rate, self._last_error = max(self._min_rate, rate), error
        return self._last_rate


def create_estimator(conf: SparkConf, batch_ms: float) -> PIDRateEstimator:
    """The estimator that `spark.streaming.backpressure.rateEstimator` names (only `pid` is one), with its settings.

    Raises `IllegalArgumentError` for any other name and for a setting that is out of range (Spark:
    RateEstimator.create).
    """
    name = conf.get(ESTIMATOR, "pid")
    if name != "pid":
        raise IllegalArgumentError(f"{ESTIMATOR}={name!r}: unknown rate estimator; the only one is pid")
    return PIDRateEstimator(
        batch_ms,
        proportional=number(conf, f"{PID}proportional", 1.0),
        integral=number(conf, f"{PID}integral", 0.2),
        derivative=number(conf, f"{PID}derived", 0.0),
        min_rate=number(conf, f"{PID}minRate", 100),
    )
