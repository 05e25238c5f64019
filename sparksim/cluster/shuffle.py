"""Which map output lies where: the driver's table of shuffles (Spark: MapOutputTracker).

The bytes themselves stay on the executor that ran the map task, and go with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from sparksim.cluster.executor import Executor
from sparksim.core.errors import FetchFailed
from sparksim.core.tasks import EMPTY_BUCKET

REDUCER_PREF_LOCS_FRACTION = 0.2
"""From which share of its input on a reduce task prefers a host (MapOutputTracker.REDUCER_PREF_LOCS_FRACTION)."""

SHUFFLE_PREF_THRESHOLD = 1000
"""With so many map or reduce partitions nobody works out preferences (MapOutputTracker.SHUFFLE_PREF_*)."""


class MapOutputTracker:
    """One row per shuffle: the executor of each map partition, or None while it is missing. It changes in the hub.

    Most buckets of a wide shuffle are empty. `_filled` has, for each reduce partition, the map partitions that wrote
    something for it and how many bytes, so that nobody looks at all the others.
    """

    def __init__(self) -> None:
        self._outputs: dict[int, list[Executor | None]] = {}
        self._filled: dict[int, defaultdict[int, dict[int, int]]] = {}

    def register(self, shuffle_id: int, maps: int) -> bool:
        """A shuffle with `maps` map partitions exists from now on; whether it is new."""
        new = shuffle_id not in self._outputs
        if new:
            self._outputs[shuffle_id] = [None] * maps
            self._filled[shuffle_id] = defaultdict(dict)
        return new

    def add(self, shuffle_id: int, map_index: int, executor: Executor) -> None:
        """The output of this map task lies on `executor`."""
        self._outputs[shuffle_id][map_index] = executor
        buckets = executor.shuffle_files.get((shuffle_id, map_index), ())
        if len(buckets) >= SHUFFLE_PREF_THRESHOLD:
            return
        filled = self._filled[shuffle_id]
        for reduce_index, bucket in enumerate(buckets):
            if bucket != EMPTY_BUCKET:
                filled[reduce_index][map_index] = len(bucket)
            elif reduce_index in filled:
                filled[reduce_index].pop(map_index, None)

    def missing(self, shuffle_id: int) -> list[int]:
        """The map partitions without an output."""
        return [index for index, executor in enumerate(self._outputs[shuffle_id]) if executor is None]

    def executor_lost(self, executor: Executor) -> None:
        """Every output on this executor is gone."""
        for outputs in self._outputs.values():
            outputs[:] = [None if holder is executor else holder for holder in outputs]

    def drop_dead(self) -> None:
        """Forget outputs on executors that turned out to be dead, before the driver was told."""
        for outputs in self._outputs.values():
            outputs[:] = [holder if holder is not None and holder.alive else None for holder in outputs]

    def remove(self, shuffle_id: int) -> None:
        """The shuffle is no longer needed: its outputs go."""
        self._filled.pop(shuffle_id, None)
        for index, holder in enumerate(self._outputs.pop(shuffle_id, [])):
            if holder is not None:
                holder.shuffle_files.pop((shuffle_id, index), None)

    def preferred_hosts(self, shuffle_id: int, reduce_index: int) -> tuple[str, ...]:
        """Hosts that hold at least a fifth of the bytes this reduce task will read; none for very wide shuffles.

        Spark: MapOutputTracker.getPreferredLocationsForShuffle.
        """
        outputs = self._outputs.get(shuffle_id, ())
        if not outputs or len(outputs) >= SHUFFLE_PREF_THRESHOLD:
            return ()
        sizes: dict[str, int] = {}
        for map_index, size in sorted(self._filled[shuffle_id].get(reduce_index, {}).items()):
            holder = outputs[map_index]
            if holder is not None and holder.alive:
                sizes[holder.block_host] = sizes.get(holder.block_host, 0) + size
        least = REDUCER_PREF_LOCS_FRACTION * sum(sizes.values())
        return tuple([host for host, size in sizes.items() if size >= least])

    def fetch(self, shuffle_id: int, reduce_index: int) -> Iterator[bytes]:
        """The bucket of every map output that is not empty, in map order. Raises `FetchFailed` where one is missing."""
        for map_index, holder in enumerate(self._outputs[shuffle_id]):
            buckets = holder.shuffle_files.get((shuffle_id, map_index)) if holder is not None else None
            if buckets is None:
                raise FetchFailed(
                    shuffle_id,
                    reduce_index,
                    f"map output {map_index} of shuffle {shuffle_id} is gone: the executor that held it was lost",
                )
            bucket = buckets[reduce_index]
            if bucket != EMPTY_BUCKET:
                yield bucket
