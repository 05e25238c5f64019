"""How many records each input contributed to each batch (Spark: InputInfoTracker)."""

from __future__ import annotations

from sparksim.core.errors import IllegalArgumentError, IllegalStateError


class InputInfoTracker:
    """Filled while a batch's jobs are generated, read when they are submitted."""

    def __init__(self) -> None:
        self._records: dict[int, dict[int, int]] = {}

    def report(self, batch_time_ms: int, stream_id: int, records: int) -> None:
        """Note the records of one input. As in Spark a number below 0 is an error, and a second report of the same."""
        if records < 0:
            raise IllegalArgumentError(
                f"input stream {stream_id} has {records} records for batch {batch_time_ms} ms: a number of records "
                "must not be negative. A log read by offsets has become shorter, or is read from behind its end"
            )
        of_batch = self._records.setdefault(batch_time_ms, {})
        if stream_id in of_batch:
            raise IllegalStateError(
                f"Input stream {stream_id} for batch {batch_time_ms} ms is already added into InputInfoTracker"
            )
        of_batch[stream_id] = records

    def of_batch(self, batch_time_ms: int) -> tuple[tuple[int, int], ...]:
        """`(stream_id, records)` of every input that reported."""
        return tuple(sorted(self._records.get(batch_time_ms, {}).items()))

    def cleanup(self, threshold_ms: int) -> None:
        """Forget batches strictly older than the threshold."""
        for time_ms in [time_ms for time_ms in self._records if time_ms < threshold_ms]:
            del self._records[time_ms]
