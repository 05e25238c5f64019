"""Backpressure: after each completed batch, tell the source how fast it may go on (Spark: RateController).

A controller belongs to one input stream and listens to the batches of the context. It asks an estimator
(`sparksim.streaming.rate`) and publishes the answer; a stream with a receiver sends it there, and the receiver's rate
limiter obeys. The estimator's memory outlives the driver in a checkpoint, the latest rate does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from sparksim.core.conf import SparkConf, boolean
from sparksim.streaming.listener import UNKNOWN, StreamingListener
from sparksim.streaming.rate import create_estimator
from sparksim.streaming.rate_limiter import UNLIMITED
from sparksim.trace.events import RateUpdated

if TYPE_CHECKING:
    from sparksim.streaming.input_dstream import InputDStream

NO_RATE_YET = -1


class RateEstimator(Protocol):
    """Who is asked for a rate: `PIDRateEstimator` (Spark: RateEstimator)."""

    def compute(
        self, time_ms: float, elements: int, processing_delay_ms: float, scheduling_delay_ms: float
    ) -> float | None:
        """Records per second, or None for no change."""


def is_backpressure_enabled(conf: SparkConf) -> bool:
    """`spark.streaming.backpressure.enabled`, false by default. Raises unless it is true or false."""
    return boolean(conf, "spark.streaming.backpressure.enabled", False)


class RateController(StreamingListener):
    """Listens to the batches of `stream`. `latest` is the newest rate, in whole records per second; -1 at first.

    A stream that asks for `latest` itself whenever it makes a batch needs no more than this class.
    """

    def __init__(self, stream: InputDStream[Any], estimator: RateEstimator) -> None:
        self.latest = NO_RATE_YET
        self._stream = stream
        self._estimator = estimator

    def onBatchCompleted(self, batchCompleted: Any) -> None:
        """Learn from a batch whose delays and whose records of this stream are known, and publish a new rate if any."""
        info = batchCompleted.batchInfo()
        mine = info.streamIdToInputInfo().get(self._stream.stream_id)
        delays_ms = info.processingDelay(), info.schedulingDelay()
        if mine is None or UNKNOWN in (info.processingEndTime(), *delays_ms):
            return
        rate = self._estimator.compute(info.processingEndTime(), mine.numRecords(), *delays_ms)
        if rate is not None:
            self.latest = int(min(rate, UNLIMITED))
            self._stream.context()._clock.call(self._update, info.batchTime().milliseconds())

    def publish(self, rate_per_s: int) -> None:
        """Tell the source. Hub only. Here: nothing to do, the stream looks at `latest`."""

    def _update(self, batch_time_ms: int) -> None:
        backend = self._stream.context()._backend
        backend.emit(RateUpdated(backend.clock.now_ms, batch_time_ms, self._stream.stream_id, self.latest))
        self.publish(self.latest)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "latest": NO_RATE_YET}


class ReceiverRateController(RateController):
    """Sends each rate to the receiver of its stream (Spark: ReceiverInputDStream.ReceiverRateController)."""

    def publish(self, rate_per_s: int) -> None:
        """To the receiver, wherever it runs now; a receiver that starts anew starts from the initial rate again."""
        self._stream.context()._update_rate(self._stream.stream_id, rate_per_s)


def receiver_rate_controller(stream: InputDStream[Any]) -> ReceiverRateController | None:
    """The controller of a stream with a receiver; None unless `spark.streaming.backpressure.enabled` is true.

    Raises `IllegalArgumentError` for a wrong setting of backpressure or of its estimator.
    """
    context = stream.context()
    conf = context._backend.conf
    if not is_backpressure_enabled(conf):
        return None
    return ReceiverRateController(stream, create_estimator(conf, context._graph.batch_ms))
