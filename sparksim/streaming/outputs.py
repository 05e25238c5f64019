"""Output operations: what makes a batch do something (PySpark: DStream.foreachRDD, pprint, saveAsTextFiles)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.errors import IllegalArgumentError
from sparksim.core.rdd import RDD
from sparksim.streaming.operators import with_time

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

T = TypeVar("T")

RULE = "-" * 43


class Outputs(Generic[T]):
    """Mixin of `DStream`."""

    _ssc: StreamingContext

    def foreachRDD(self, func: Callable[..., None]) -> None:
        """Call `func(rdd)` or `func(time, rdd)` on the driver for each batch, when its turn to be processed comes."""
        timed = with_time(func, 1, "foreachRDD")
        self._register(lambda time_ms, rdd: timed(self._ssc._datetime(time_ms), rdd))

    def pprint(self, num: int = 10) -> None:
        """Print the first `num` records of each batch, in PySpark's layout."""
        if isinstance(num, bool) or not isinstance(num, int) or num < 0:
            raise IllegalArgumentError(f"pprint(num={num!r}): give the number of records to print, 0 or more")

        def take_and_print(time: Any, rdd: RDD[T]) -> None:
            taken = rdd.take(num + 1)
            lines = [RULE, f"Time: {time}", RULE, *map(str, taken[:num])]
            if len(taken) > num:
                lines.append("...")
            print("\n".join(lines), end="\n\n", flush=True)

        self._register(lambda time_ms, rdd: take_and_print(self._ssc._datetime(time_ms), rdd))

    def saveAsTextFiles(self, prefix: str, suffix: str | None = None) -> None:
        """Write each batch as a directory `prefix-TIME_IN_MS[.suffix]` of text files."""
        ending = f".{suffix}" if suffix else ""
        self._register(lambda time_ms, rdd: rdd.saveAsTextFile(f"{prefix}-{time_ms}{ending}"))

    def _register(self, func: Callable[[int, RDD[T]], None]) -> None:
        """Make `func(batch_time_ms, rdd)` an output operation; `DStream` says how."""
        raise NotImplementedError
