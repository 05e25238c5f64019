"""Which member of a group gets which partitions: Kafka's default, the range assignor. A pure function.

Topic by topic, the members that want it share its partitions in ranges; the first ones get one more when it does not
come out even (Kafka: RangeAssignor).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sparksim.kafka.records import TopicPartition

Wants = Callable[[str], bool]
"""Whether a member wants a topic of this name."""


def ranges(members: Sequence[Wants], partitions: Mapping[str, int]) -> list[tuple[TopicPartition, ...]]:
    """What each member gets, in the order of the members. `partitions` is how many each topic has."""
    shares: list[list[TopicPartition]] = [[] for _ in members]
    for topic in sorted(partitions):
        interested = [share for wants, share in zip(members, shares, strict=True) if wants(topic)]
        begin = 0
        for place, share in enumerate(interested):
            size = partitions[topic] // len(interested) + (place < partitions[topic] % len(interested))
            share.extend(TopicPartition(topic, number) for number in range(begin, begin + size))
            begin += size
    return [tuple(share) for share in shares]
