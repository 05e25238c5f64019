"""How a leader knows a record that an idempotent producer sends twice: by the numbers that the producer gives them.

Within an epoch of a producer, each partition gets its records numbered without gaps (KIP-98). A batch that is in the
log already is acknowledged and not written again; one that would leave a gap is refused, until what belongs before it
has come. A producer that had to give up a batch begins a new epoch (KIP-360).
"""

from __future__ import annotations

from dataclasses import dataclass

from sparksim.kafka.errors import KafkaError
from sparksim.kafka.records import TopicPartition
from sparksim.sim.kafka.log import Log, Sequence


class OutOfOrderSequence(KafkaError):
    """An earlier batch of the idempotent producer is missing (OutOfOrderSequenceException)."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose batch it is; with `sequence`, the number of its first record, if the producer is idempotent."""

    name: str
    sequence: Sequence | None = None


def check(sender: Sender, count: int, log: Log, partition: TopicPartition) -> int | None:
    """Where a batch of so many records ends if the log has it already; None if it is to be appended.

    Raises `OutOfOrderSequence` when an earlier one is missing.
    """
    if sender.sequence is None:
        return None
    epoch, first = sender.sequence
    last_epoch, last = log.sequence(sender.name) or (epoch, -1)
    if epoch != last_epoch:
        last = -1
    if epoch == last_epoch and first + count - 1 <= last:
        return log.end
    if first != last + 1:
        raise OutOfOrderSequence(
            f"{sender.name} sends number {first} to {partition}, where number {last + 1} would be next"
        )
    return None
