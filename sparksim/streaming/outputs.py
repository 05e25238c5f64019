"""Output operations: what makes a batch do something (PySpark: DStream.foreachRDD, pprint, saveAsTextFiles)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core.errors import FileAlreadyExists
from sparksim.core.rdd import RDD
from sparksim.streaming.arguments import check_type, check_whole_number
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
        check_whole_number(num, "num", 0, inf, "give the number of records to print, 0 or more")

        def take_and_print(time: Any, rdd: RDD[T]) -> None:
            taken = rdd.take(num + 1)
            lines = [RULE, f"Time: {time}", RULE, *map(str, taken[:num])]
            if len(taken) > num:
                lines.append("...")
            print("\n".join(lines), end="\n\n", flush=True)

        self._register(lambda time_ms, rdd: take_and_print(self._ssc._datetime(time_ms), rdd))

    def saveAsTextFiles(self, prefix: str, suffix: str | None = None) -> None:
        """Write each batch as a directory `prefix-TIME_IN_MS[.suffix]` of text files; one that exists is left alone."""
        check_type(prefix, str, "prefix", "give the beginning of the path of each batch's directory")
        ending = "" if suffix is None else f".{suffix}"

        def save(time_ms: int, rdd: RDD[T]) -> None:
            # A batch that runs again finds its own output: PySpark lets it be.
            with suppress(FileAlreadyExists):
                rdd.saveAsTextFile(f"{prefix}-{time_ms}{ending}")

        self._register(save)

    def _register(self, func: Callable[[int, RDD[T]], None]) -> None:
        """Make `func(batch_time_ms, rdd)` an output operation; `DStream` says how."""
        raise NotImplementedError
