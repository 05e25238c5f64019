"""Where receivers should run: two pure functions (Spark: ReceiverSchedulingPolicy).

At first all receivers are spread over all executors. Later, when one has to be placed again, it goes where the fewest
receivers are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

ACTIVE, SCHEDULED, INACTIVE = "ACTIVE", "SCHEDULED", "INACTIVE"


@dataclass(frozen=True, slots=True)
class Place:
    """An executor, as the scheduling policy sees it."""

    host: str
    executor_id: str

    def __str__(self) -> str:
        return f"executor_{self.host}_{self.executor_id}"


@dataclass(frozen=True, slots=True)
class ReceiverPlacement:
    """What the tracker knows of one receiver: where it runs, or the candidates it was scheduled to."""

    state: str
    scheduled: tuple[Place | str, ...] = ()
    running: Place | None = None


def schedule_receivers(
    receivers: Sequence[tuple[int, str | None]], executors: Sequence[Place]
) -> dict[int, list[Place | str]]:
    """Candidates for each `(receiver id, preferred host)`: balanced; spare executors become further candidates.

    A candidate is an executor, or a bare host when a receiver prefers a host on which no executor runs.
    """
    candidates: dict[int, list[Place | str]] = {receiver_id: [] for receiver_id, _ in receivers}
    if not executors:
        return candidates
    load = dict.fromkeys(executors, 0)

    def least_loaded(among: Sequence[Place]) -> Place:
        return min(among, key=lambda place: load[place])

    for receiver_id, host in receivers:
        if host is not None:
            there = [place for place in executors if place.host == host]
            if there:
                place = least_loaded(there)
                candidates[receiver_id].append(place)
                load[place] += 1
            else:
                candidates[receiver_id].append(host)
    for receiver_id, _ in receivers:
        if not candidates[receiver_id]:
            place = least_loaded(executors)
            candidates[receiver_id].append(place)
            load[place] += 1
    if candidates:
        for place in [place for place in executors if load[place] == 0]:
            fewest = min(candidates.values(), key=len)
            fewest.append(place)
    return candidates


def reschedule_receiver(
    preferred_host: str | None, placements: Mapping[int, ReceiverPlacement], executors: Sequence[Place]
) -> list[Place | str]:
    """Candidates for one receiver now: the idle executors, or those that bear the least weight.

    An active receiver weighs 1 on its executor; a scheduled one spreads 1 over its candidates.
    """
    if not executors:
        return []
    candidates: list[Place | str] = [] if preferred_host is None else [preferred_host]
    weight: dict[Place, float] = {}
    for placement in placements.values():
        if placement.state == ACTIVE and placement.running is not None:
            weight[placement.running] = weight.get(placement.running, 0.0) + 1.0
        elif placement.state == SCHEDULED:
            for place in placement.scheduled:
                if isinstance(place, Place):
                    weight[place] = weight.get(place, 0.0) + 1.0 / len(placement.scheduled)
    idle = [place for place in executors if place not in weight]
    if idle:
        return [*candidates, *idle]
    least = min(weight[place] for place in executors)
    return [*candidates, *(place for place in executors if weight[place] == least)]
