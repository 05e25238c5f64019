"""Output operations: what makes a batch do something (PySpark: DStream.foreachRDD, pprint, saveAsTextFiles)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sparksim.core import local_properties
from sparksim.core.rdd import RDD
from sparksim.core.saving import VALIDATE_OUTPUT, save_parts, text_lines
from sparksim.streaming.arguments import check_type, check_whole_number
from sparksim.streaming.operators import with_time
from sparksim.streaming.output_files import output_directory, pickled, tabbed_lines
from sparksim.streaming.util import rddToFileName

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

T = TypeVar("T")

RULE = "-" * 43
BEGINNING = "give the beginning of the path of each batch's directory"


class Outputs(Generic[T]):
    """Mixin of `DStream`."""

    _ssc: StreamingContext

    def foreachRDD(self, func: Callable[..., None]) -> None:
        """Call `func(rdd)` or `func(time, rdd)` on the driver for each batch, when its turn to be processed comes.

        PySpark fails the batch when `func` returns anything but an RDD or what counts as false; here it is a warning.
        """
        timed = with_time(func, 1, "foreachRDD")

        def each(time_ms: int, rdd: RDD[T]) -> None:
            returned = timed(self._ssc._datetime(time_ms), rdd)
            if not isinstance(returned, RDD) and _counts_as_true(returned):
                self._ssc._warn(
                    f"the function of foreachRDD returned a value of type {type(returned).__name__}: PySpark fails "
                    "such a batch, so let it return nothing"
                )

        self._output(each)

    def pprint(self, num: int = 10) -> None:
        """Print the first `num` records of each batch, in PySpark's layout."""
        check_whole_number(num, "num", 0, inf, "give the number of records to print, 0 or more")

        def take_and_print(time: Any, rdd: RDD[T]) -> None:
            taken = rdd.take(num + 1)
            lines = [RULE, f"Time: {time}", RULE, *map(str, taken[:num])]
            if len(taken) > num:
                lines.append("...")
            print("\n".join(lines), end="\n\n", flush=True)

        self._output(lambda time_ms, rdd: take_and_print(self._ssc._datetime(time_ms), rdd))

    def saveAsTextFiles(self, prefix: str, suffix: str | None = None) -> None:
        """Write each batch as a directory `prefix-TIME_IN_MS[.suffix]` of text files, one per partition.

        In a directory that exists, files of the same name are replaced and others stay: a batch may run again.
        """
        check_type(prefix, str, "prefix", BEGINNING)
        self._output(lambda time_ms, rdd: save_parts(rdd, rddToFileName(prefix, suffix, time_ms), text_lines))

    def saveAsObjectFiles(self, prefix: str, suffix: str = "") -> None:
        """Like `saveAsTextFiles`, but each file holds one pickled list of records: `pickle.load` reads it.

        Not in PySpark; our form of Spark's. Without a prefix, directories are named by the time alone.
        """
        self._save(pickled, prefix, suffix)

    def saveAsHadoopFiles(self, prefix: str, suffix: str = "") -> None:
        """Like `saveAsTextFiles`, for (key, value) pairs: lines of `key<TAB>value`, or of the one that is not None.

        Not in PySpark; our form of Spark's, with Hadoop's TextOutputFormat. Without a prefix, directories are named by
        the time alone. A record that is no pair fails its task.
        """
        self._save(tabbed_lines, prefix, suffix)

    def _save(self, encode: Callable[[Iterator[Any]], bytes], prefix: str, suffix: str) -> None:
        check_type(prefix, str, "prefix", BEGINNING)
        check_type(suffix, str, "suffix", "give the end of the path of each batch's directory, without its dot")
        self._output(lambda time_ms, rdd: save_parts(rdd, output_directory(prefix, suffix, time_ms), encode))

    def _output(self, func: Callable[[int, RDD[T]], None]) -> None:
        """Register `func`, to which an output directory may exist already: a batch may run again after a restart."""

        def run(time_ms: int, rdd: RDD[T]) -> None:
            with local_properties.overlay({VALIDATE_OUTPUT: "false"}):
                func(time_ms, rdd)

        self._register(run)

    def _register(self, func: Callable[[int, RDD[T]], None]) -> None:
        """Make `func(batch_time_ms, rdd)` an output operation; `DStream` says how."""
        raise NotImplementedError


def _counts_as_true(value: object) -> bool:
    """PySpark asks `if value:`, which raises for an array of several numbers."""
    try:
        return bool(value)
    except Exception:
        return True
