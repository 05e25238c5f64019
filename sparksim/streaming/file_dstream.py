"""A stream of the files that appear in a directory: each batch reads the new ones (Spark: FileInputDStream).

There is no receiver. When a batch is generated, the driver lists the directory and takes what was modified between the
trailing end of the remember window and the batch time and was not taken before. So a file must be complete when it
appears: write it elsewhere and move it in. A file moved in with an old modification time is never read.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from math import floor, inf
from typing import TYPE_CHECKING, Any, TypeVar

import fsspec

from sparksim.core.conf import SparkConf, time_s
from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.core.files import glob, url_of
from sparksim.core.nodes import union
from sparksim.core.rdd import RDD
from sparksim.streaming.arguments import check_text
from sparksim.streaming.input_dstream import InputDStream

if TYPE_CHECKING:
    from sparksim.streaming.context import StreamingContext

T = TypeVar("T")

MIN_REMEMBER = "spark.streaming.fileStream.minRememberDuration"
OLD_MIN_REMEMBER = "spark.streaming.minRememberDuration"


class FileInputDStream(InputDStream[T]):
    """One RDD per new file, `read(sc, url)`, together in one. How many records that makes is not known: 0 is reported.

    `accepts(url)` filters. Raises `IllegalArgumentError` for a directory that is no path and for a wrong setting.
    """

    def __init__(
        self,
        ssc: StreamingContext,
        directory: str,
        read: Callable[[SparkContext, str], RDD[T]],
        accepts: Callable[[str], Any],
        new_files_only: bool,
    ) -> None:
        remedy = "give the path of a directory, such as 'data/in' or 'memory://in'; it may be a glob of directories"
        check_text(directory, "directory", remedy)
        remember_ms = min_remember_ms(ssc._backend.conf)
        super().__init__(ssc)
        self.selected: dict[int, list[str]] = {}
        self._directory = directory
        self._read = read
        self._accepts = accepts
        # Spark says 0, the year 1970, for "however old". Virtual time starts there, and files may be older.
        self._too_old_ms = floor(ssc._clock.now_ms) if new_files_only else -inf
        self._window_ms = window_ms(self.slide_ms, remember_ms)
        self._recently_selected: set[str] = set()
        self.remember(self._window_ms)
        if ssc._backend.conf.contains(OLD_MIN_REMEMBER):
            self._warn(f"{OLD_MIN_REMEMBER} is the deprecated name of a setting: use {MIN_REMEMBER}")

    def compute(self, batch_time_ms: int) -> RDD[T] | None:
        """The new files as one RDD. Raises `InvalidInput` when one is gone again.

        So it does for a name that starts with `_`, such as `_SUCCESS`: it is chosen, and then Hadoop hides it.
        """
        urls = self._find_new_files(batch_time_ms)
        self.selected[batch_time_ms] = urls
        self._recently_selected.update(urls)
        rdd = self._rdd_of(urls)
        self._ssc._input_info.report(batch_time_ms, self.stream_id, 0)
        return rdd

    def clear_metadata(self, batch_time_ms: int) -> None:
        """Forget also which files were taken, a little later than the RDDs."""
        super().clear_metadata(batch_time_ms)
        assert self.remember_duration_ms is not None
        for time_ms in [time for time in self.selected if time < batch_time_ms - self.remember_duration_ms]:
            self._recently_selected.difference_update(self.selected.pop(time_ms))

    def update_checkpoint_data(self, batch_time_ms: int) -> None:
        """Nothing: what a checkpoint says of this stream is which files its batches took."""

    def restore_checkpoint_data(self) -> None:
        """After a restart: batches that run again read the files they took. Raises `InvalidInput` when one is gone."""
        self.generated.update({time_ms: self._rdd_of(urls) for time_ms, urls in sorted(self.selected.items())})

    def _rdd_of(self, urls: list[str]) -> RDD[T]:
        return union(self._ssc.sparkContext, [self._rdd_of_file(url) for url in urls])

    def _rdd_of_file(self, url: str) -> RDD[T]:
        rdd = self._read(self._ssc.sparkContext, url)
        if rdd.getNumPartitions() == 0:
            self._warn(
                f"File {url} has no data in it, and what is written to it later is not read: write files elsewhere and "
                "move them into the directory when they are complete"
            )
        return rdd

    def _find_new_files(self, batch_time_ms: int) -> list[str]:
        """URLs, directory by directory, sorted. None, with a warning, when the directory cannot be listed."""
        clock = self._ssc._clock
        begin_ms = clock.now_ms
        try:
            found = self._list(batch_time_ms)
        except Exception as error:
            self._warn(
                f"Error finding new files under {self._directory}: {type(error).__name__}: {error}. Batches go on "
                "without its files until it can be listed"
            )
            return []
        took_ms = clock.now_ms - begin_ms
        if took_ms > self.slide_ms:
            self._warn(
                f"Finding new files under {self._directory} took {took_ms:g} ms, longer than the batch interval of "
                f"{self.slide_ms} ms: use a longer one, or keep fewer files there"
            )
        return found

    def _list(self, batch_time_ms: int) -> list[str]:
        files, pattern = fsspec.core.url_to_fs(self._directory)
        files.invalidate_cache()  # some file systems remember listings, and would never show a new file
        directories = [path for path in glob(files, pattern) if files.isdir(path)]
        if not directories:
            self._warn(f"No directory to scan: {self._directory} names none. Its files are read once it exists")
        infos = [info for path in directories for info in sorted(files.ls(path, detail=True), key=_name)]
        return [url for info in infos if self._is_new(url := url_of(files, _name(info)), files, info, batch_time_ms)]

    def _is_new(self, url: str, files: Any, info: dict[str, Any], batch_time_ms: int) -> bool:
        if not self._accepts(url):
            return False
        changed_ms = modified_ms(files, info)
        if changed_ms is None or url in self._recently_selected:
            return False
        if changed_ms > self._ssc._clock.now_ms + self.slide_ms:
            self._warn(
                f"Files under {self._directory} have modification times in the future of this run's clock, and wait "
                "until it gets there. A simulation starts in 1970: give it simulated files"
            )
        return is_in_window(changed_ms, batch_time_ms, self._window_ms, self._too_old_ms)

    def _warn(self, message: str) -> None:
        self._ssc._clock.call(self._ssc._backend.warn, "streaming", message)


def is_visible(url: str) -> bool:
    """Whether the name does not start with a dot: the default filter."""
    return not url.rstrip("/").rpartition("/")[2].startswith(".")


def is_in_window(changed_ms: int, batch_time_ms: int, window_ms: int, too_old_ms: float) -> bool:
    """Whether a batch may take a file that was last modified then (FileInputDStream.isNewFile)."""
    return max(too_old_ms, batch_time_ms - window_ms) < changed_ms <= batch_time_ms


def window_ms(slide_ms: int, least_ms: int) -> int:
    """How long files are remembered: whole slides, and not less than `least_ms`."""
    return slide_ms * -(-least_ms // slide_ms)


def min_remember_ms(conf: SparkConf) -> int:
    """`spark.streaming.fileStream.minRememberDuration`, cut to whole seconds, or what its deprecated name says.

    Raises `IllegalArgumentError` below one second: Spark would go on, and take no file ever.
    """
    key = OLD_MIN_REMEMBER if conf.contains(OLD_MIN_REMEMBER) and not conf.contains(MIN_REMEMBER) else MIN_REMEMBER
    seconds = time_s(conf, key, "60s")
    if seconds < 1:
        raise IllegalArgumentError(
            f"{key}={conf.get(key)!r}: this makes {seconds} whole seconds, a window in which no file can ever fall. "
            "Use 1s or more"
        )
    return seconds * 1000


def modified_ms(files: Any, info: dict[str, Any]) -> int | None:
    """When a file was last modified, in ms since 1970; None for a directory of which nobody notes that."""
    if "mtime" in info:
        seconds = float(info["mtime"])
    elif info["type"] == "directory":
        return None
    else:
        moment: datetime = files.modified(info["name"])
        seconds = (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    return floor(round(seconds * 1000, 3))


def _name(info: dict[str, Any]) -> str:
    return str(info["name"])
