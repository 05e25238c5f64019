"""One partition: its replicas' logs, its leader, who is in sync with it, and how far readers may see.

A follower has a record half of `replicate_ms` after the leader, and the leader knows it after the other half. Then the
high watermark, up to which readers may see, passes the record; so a leader that dies in between leaves records behind
that nobody has acknowledged and that its follower, the new leader, has nevertheless (Kafka: Partition.scala,
ReplicaManager.scala).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sparksim.kafka.errors import (
    InvalidRecord,
    KafkaError,
    LeaderNotAvailable,
    NotEnoughReplicas,
    OffsetOutOfRange,
    RecordTooLarge,
)
from sparksim.kafka.records import TopicPartition
from sparksim.sim.kafka import sequences
from sparksim.sim.kafka.brokers import Brokers
from sparksim.sim.kafka.log import Log, StoredRecord
from sparksim.sim.kafka.outgoing import Outgoing
from sparksim.sim.kafka.values import Topic
from sparksim.sim.server import runs
from sparksim.trace.events import (
    InSyncChanged,
    LeaderElected,
    Origin,
    RecordsAppended,
    RecordsDeleted,
    RecordsSent,
    RecordsTruncated,
)

Answer = Callable[[KafkaError | None], None]
"""How the broker answers a request: with an error, or with None when all is well."""


class Partition:
    """`high_watermark` is the first offset that readers may not see. `epoch` counts the leaders."""

    def __init__(self, name: TopicPartition, topic: Topic, replicas: Sequence[int], brokers: Brokers) -> None:
        self.name = name
        self.topic = topic
        self.replicas = tuple(replicas)
        self.leader: int | None = None
        self.in_sync: tuple[int, ...] = self.replicas
        self.epoch = 0
        self.high_watermark = 0
        self._brokers = brokers
        self._calendar = brokers.calendar
        self._logs = {broker: Log() for broker in self.replicas}
        self._led_last = self.replicas[0]
        self._confirmed: dict[int, int] = {}
        self._announced = 0
        self._waiting: list[tuple[int, Answer]] = []

    @property
    def log(self) -> Log:
        """The leader's log; without a leader, that of the last one."""
        return self._logs[self._led_last]

    # --- what clients ask for ----------------------------------------------------------------------------------------

    def reachable_leader(self) -> int:
        """The leader. Raises `LeaderNotAvailable` when there is none, `BrokerNotAvailable` when it does not answer."""
        if self.leader is None:
            raise LeaderNotAvailable(
                f"{self.name} has no leader now: no in-sync replica, on brokers {_list(self.in_sync)}, is alive"
            )
        self._brokers.check_reachable(self.leader)
        return self.leader

    def fetch(self, offset: int, max_bytes: int) -> list[StoredRecord]:
        """What readers may see from this offset on, as much as `max_bytes` has room for; nothing when nothing is there.

        Raises as `reachable_leader`, `OffsetOutOfRange`, and `RecordTooLarge` when not even one record has room (Kafka
        0.10.0; a later broker would send it nevertheless).
        """
        self.reachable_leader()
        log = self.log
        if not log.start <= offset <= log.end:
            raise OffsetOutOfRange(
                f"{self.name} has no offset {offset}: its log holds {log.start} to {self.high_watermark}. Start from "
                "one of these, or set auto.offset.reset to earliest or latest"
            )
        fetched = log.fetch(offset, self.high_watermark, max_bytes)
        if fetched and fetched[0].size > max_bytes:
            raise RecordTooLarge(
                f"the record at offset {fetched[0].offset} of {self.name} has {fetched[0].size} bytes, and the "
                f"consumer takes {max_bytes}: raise max.partition.fetch.bytes (fetch.message.max.bytes in Kafka 0.8)"
            )
        return fetched

    def produce(
        self, broker: int, sender: sequences.Sender, batch: Sequence[Outgoing], wait_for_all: bool, answer: Answer
    ) -> None:
        """A producer's batch arrives at this broker; it answers at once, or when all in sync have the records."""
        try:
            self._brokers.check_reachable(broker)
            if broker != self.leader:
                raise LeaderNotAvailable(f"broker {broker} does not lead {self.name}")
            if wait_for_all and len(self.in_sync) < self.topic.min_insync:
                raise self._not_enough()
            self._check_batch(batch)
            end = sequences.check(sender, len(batch), self.log, self.name)
        except KafkaError as error:
            answer(error)
            return
        if end is None:
            end = self._append(broker, sender, batch)
        if wait_for_all and end > self.high_watermark:
            self._waiting.append((end, answer))
        else:
            answer(None)

    def _check_batch(self, batch: Sequence[Outgoing]) -> None:
        size = sum(record.size for record in batch)
        if size > self.topic.max_message_bytes:
            raise RecordTooLarge(
                f"{size} bytes for {self.name}, whose max.message.bytes is {self.topic.max_message_bytes}"
            )
        if self.topic.compact and any(record.key is None for record in batch):
            raise InvalidRecord(f"a record without a key, and topic {self.name.topic!r} is compacted by key")

    def _append(self, broker: int, sender: sequences.Sender, batch: Sequence[Outgoing]) -> int:
        log, first = self.log, self.log.end
        for place, each in enumerate(batch):
            sequence = None if sender.sequence is None else (sender.sequence[0], sender.sequence[1] + place)
            log.append(
                StoredRecord(
                    first + place,
                    self.epoch,
                    each.timestamp,
                    each.key,
                    each.value,
                    sender.name,
                    each.number,
                    sequence,
                    each.headers,
                )
            )
        numbers = tuple(each.number for each in batch)
        self._brokers.emit(RecordsAppended(self._calendar.now_ms, str(self.name), broker, first, sender.name, numbers))
        self._replicate()
        return log.end

    # --- replication -------------------------------------------------------------------------------------------------

    def _replicate(self) -> None:
        """The followers fetch what the leader has now."""
        followers = len(self.replicas) > 1
        if followers:
            delay_ms = self._brokers.replicate_ms
            self._calendar.after(delay_ms / 2, self._copied, self.epoch, self.log.end)
            self._calendar.after(delay_ms, self._confirm, self.epoch, self.log.end)
        if self.in_sync == (self.leader,):
            self._raise_watermark()

    def _followers(self, epoch: int) -> Iterable[int]:
        """Those that fetch from the leader of this epoch; nobody when it is dead or leads no more."""
        if epoch != self.epoch or self.leader is None or not self._brokers.is_alive(self.leader):
            return ()
        return (broker for broker in self.replicas if broker != self.leader and self._brokers.is_alive(broker))

    def _copied(self, epoch: int, end: int) -> None:
        for broker in self._followers(epoch):
            self._logs[broker].follow(self.log, end)

    def _confirm(self, epoch: int, end: int) -> None:
        followers = list(self._followers(epoch))
        if not followers:
            return
        for broker in followers:
            self._confirmed[broker] = max(self._confirmed.get(broker, 0), min(end, self._logs[broker].end))
        caught_up = {each for each in followers if self._confirmed[each] >= self.high_watermark}
        self._keep_in_sync(each for each in self.replicas if each in self.in_sync or each in caught_up)
        self._raise_watermark()

    def _keep_in_sync(self, brokers: Iterable[int]) -> None:
        before, self.in_sync = self.in_sync, tuple(brokers)
        if self.in_sync != before:
            self._brokers.emit(InSyncChanged(self._calendar.now_ms, str(self.name), self.in_sync))

    def _raise_watermark(self) -> None:
        """To what all in sync are known to have. Announce it to readers, and answer who waited for it."""
        ends = [self._confirmed.get(broker, 0) for broker in self.in_sync if broker != self.leader]
        self.high_watermark = max(self.high_watermark, min([self.log.end, *ends]))
        if self.high_watermark > self._announced:
            count = self.high_watermark - self._announced
            self._brokers.emit(RecordsSent(self._calendar.now_ms, str(self.name), self._announced, count))
            self._announced = self.high_watermark
        short = len(self.in_sync) < self.topic.min_insync
        answered = [answer for end, answer in self._waiting if end <= self.high_watermark]
        self._waiting = [(end, answer) for end, answer in self._waiting if end > self.high_watermark]
        for answer in answered:
            answer(self._not_enough() if short else None)

    def _not_enough(self) -> NotEnoughReplicas:
        return NotEnoughReplicas(
            f"{self.name} has {len(self.in_sync)} replicas in sync, on brokers {_list(self.in_sync)}, and "
            f"min.insync.replicas is {self.topic.min_insync}"
        )

    # --- brokers that come and go ------------------------------------------------------------------------------------

    def break_requests(self, broker: int, error: KafkaError) -> None:
        """This broker died: whoever waits for its answer hears that the connection broke."""
        if broker == self.leader:
            self._end_requests(error)

    def missed(self, broker: int) -> None:
        """The others know that this broker is dead."""
        if broker == self.leader:
            self.elect()
        elif self.leader is not None and broker in self.in_sync and len(self.in_sync) > 1:
            self._keep_in_sync(each for each in self.in_sync if each != broker)
            if self._brokers.is_alive(self.leader):
                self._raise_watermark()

    def returned(self, broker: int) -> None:
        """This broker is back: it follows the leader, or it may lead where nobody does."""
        if self.leader is None:
            self.elect()
        elif self._brokers.is_alive(self.leader):
            self._replicate()

    def elect(self) -> None:
        """The first known replica in sync leads from now on; if there is none, another one, if that is allowed."""
        known = [broker for broker in self.replicas if self._brokers.is_known(broker)]
        clean = [broker for broker in known if broker in self.in_sync]
        chosen = next(iter(clean or (known if self._brokers.unclean else ())), None)
        was_led, self.leader = self.leader is not None or self.epoch == 0, chosen
        if chosen is not None:
            self.in_sync = tuple(each for each in clean or [chosen])
            self._lead(chosen)
        if chosen is not None or was_led:
            self._brokers.emit(
                LeaderElected(
                    self._calendar.now_ms, str(self.name), chosen, self.in_sync, clean=chosen is None or bool(clean)
                )
            )
        if chosen is not None:
            self._replicate()

    def _lead(self, broker: int) -> None:
        """Its log is the partition's from now on. What only the former leader has is gone."""
        former, self._led_last = self.log, broker
        self.epoch += 1
        self._confirmed = {}
        agreed = self.log.divergence(former)
        gone = former.between(agreed, former.end)
        for origin in self._origins(gone):
            reason = f"broker {broker}, the new leader, never had them"
            self._brokers.emit(RecordsTruncated(self._calendar.now_ms, origin, reason))
        self.high_watermark = min(self.high_watermark, agreed)
        self._announced = min(self._announced, agreed)
        self._tell_risen(self.log.between(agreed, self.log.end))

    def _tell_risen(self, records: Sequence[StoredRecord]) -> None:
        """An unclean leader brings back what was truncated before: for the producers it stands in the log once more."""
        for record in records:
            self._brokers.emit(
                RecordsAppended(
                    self._calendar.now_ms,
                    str(self.name),
                    self._led_last,
                    record.offset,
                    record.producer,
                    (record.number,),
                )
            )

    # --- records that go ---------------------------------------------------------------------------------------------

    def delete(self, records: Sequence[StoredRecord], start: int, reason: str) -> None:
        """These records go from all replicas, and the log begins at `start`."""
        offsets = {record.offset for record in records}
        for log in self._logs.values():
            log.delete(offsets, min(start, log.end) if log is not self.log else start)
        if records:
            origins = tuple(self._origins(records))
            self._brokers.emit(RecordsDeleted(self._calendar.now_ms, origins, reason))

    def end(self, reason: str, error: KafkaError) -> None:
        """The partition is deleted."""
        self.delete(self.log.between(0, self.log.end), self.log.end, reason)
        self.leader = None
        self.epoch += 1
        self._end_requests(error)

    def _end_requests(self, error: KafkaError) -> None:
        waiting, self._waiting = self._waiting, []
        for _, answer in waiting:
            answer(error)

    def _origins(self, records: Sequence[StoredRecord]) -> Iterable[Origin]:
        return ((str(self.name), first, last) for first, last in runs([record.offset for record in records]))


def _list(brokers: Iterable[int]) -> str:
    return ", ".join(map(str, brokers)) or "none"
