"""Which RDDs of one stream lie in files, so that a restarted driver finds them (Spark: DStreamCheckpointData).

A driver checkpoint holds the names of these files, never the data. Files go when no checkpoint that may still be read
names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import fsspec

from sparksim.core.checkpoint_rdd import CheckpointRDD
from sparksim.core.context import SparkContext
from sparksim.core.rdd import RDD


class CheckpointData:
    """`current` maps batch times to the directories of checkpointed RDDs: what the next driver checkpoint will say.

    The rest is for deleting old files, and is not saved: a restarted driver deletes only what it has known itself.
    """

    def __init__(self) -> None:
        self.current: dict[int, str] = {}
        self._known: dict[int, str] = {}
        self._oldest: dict[int, int] = {}

    def update(self, generated: Mapping[int, RDD[Any]], batch_time_ms: int) -> None:
        """Note which of the stream's RDDs are checkpointed by now. Without any, what was noted before stays."""
        files = {time_ms: file for time_ms, rdd in generated.items() if (file := rdd.getCheckpointFile()) is not None}
        if files:
            self.current = files
            self._known.update(files)
            self._oldest[batch_time_ms] = min(files)

    def cleanup(self, batch_time_ms: int) -> None:
        """The checkpoint of this batch is written: delete the files that it, and all later ones, do not need.

        Raises `OSError` when one cannot be deleted; it is tried again after a later batch.
        """
        oldest_ms = self._oldest.pop(batch_time_ms, None)
        if oldest_ms is None:
            return
        for time_ms in [time_ms for time_ms in self._known if time_ms < oldest_ms]:
            files, path = fsspec.core.url_to_fs(self._known[time_ms])
            if files.exists(path):
                files.rm(path, recursive=True)
            del self._known[time_ms]

    def restore(self, sc: SparkContext) -> dict[int, RDD[Any]]:
        """The RDDs of a stream that was read from a driver checkpoint. Raises `SparkException` when files are gone."""
        return {time_ms: CheckpointRDD(sc, file) for time_ms, file in sorted(self.current.items())}

    def __getstate__(self) -> dict[str, Any]:
        return {"current": dict(self.current), "_known": {}, "_oldest": {}}
