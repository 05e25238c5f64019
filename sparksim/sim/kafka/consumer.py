"""A consumer in virtual time (`sparksim.kafka.client.Consumer`): positions, fetches, commits.

What a fetch brought and `poll` has not given yet waits in the consumer, and later calls of `poll` give it without
asking anybody. A position is the offset that `poll` gives next. Every rebalance forgets them: a consumer goes on from
what the group has committed, or from where `auto.offset.reset` says (Kafka: Fetcher, ConsumerCoordinator).
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from math import inf

from sparksim.core.arguments import is_count
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.client import CommitCallback, Offsets
from sparksim.kafka.errors import (
    BrokerNotAvailable,
    KafkaError,
    LeaderNotAvailable,
    NoOffsetForPartition,
    OffsetOutOfRange,
    UnknownTopicOrPartition,
)
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.sim.kafka.assignor import Wants
from sparksim.sim.kafka.line import Line
from sparksim.sim.kafka.log import StoredRecord
from sparksim.sim.kafka.membership import Membership
from sparksim.sim.kafka.settings import EARLIEST, NONE, ConsumerSettings
from sparksim.trace.events import OffsetsReset

RETRY_MS = 100.0
"""How long a consumer waits before it asks again where a leader is (retry.backoff.ms)."""

Fetched = dict[TopicPartition, list[StoredRecord]]


def consumer_record(partition: TopicPartition, record: StoredRecord) -> ConsumerRecord:
    """A stored record as a consumer gets it."""
    return ConsumerRecord(*partition, record.offset, record.timestamp, record.key, record.value, record.headers)


class SimulatedConsumer:
    """One consumer of the process that made it."""

    def __init__(self, line: Line, settings: ConsumerSettings, stream_id: int) -> None:
        self._line = line
        self._server = line.server
        self._settings = settings
        self._stream_id = stream_id
        self._membership = Membership(line, settings)
        self._assigned: tuple[TopicPartition, ...] = ()
        self._positions: dict[TopicPartition, int] = {}
        self._fetched: dict[TopicPartition, deque[StoredRecord]] = {}
        self._paused: set[TopicPartition] = set()
        self._answered: deque[tuple[CommitCallback, Offsets, Exception | None]] = deque()
        self._answers_ms = -inf
        self._auto_commit_ms = inf
        self._closed = False

    # --- what it reads -----------------------------------------------------------------------------------------------

    def subscribe(self, topics: Collection[str]) -> None:
        """Join the group for these topics, with the next `poll`."""
        if isinstance(topics, str):
            raise IllegalArgumentError(f"subscribe({topics!r}): give a list of topics, such as ['orders']")
        wanted = frozenset(topics)
        self._subscribe(lambda topic: topic in wanted)

    def subscribe_pattern(self, pattern: str) -> None:
        """Join the group for the topics that match, with the next `poll`."""
        try:
            matcher = re.compile(pattern)
        except (re.error, TypeError) as error:
            raise IllegalArgumentError(f"subscribe_pattern({pattern!r}): no regular expression: {error}") from None
        self._subscribe(lambda topic: matcher.fullmatch(topic) is not None)

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """Take these partitions, outside of any group membership."""
        self._use()
        if self._membership.wants is not None:
            raise IllegalStateError("this consumer has subscribed to topics: make another one to assign partitions")
        self._take(tuple(dict.fromkeys(TopicPartition(*each) for each in partitions)))

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions that are this consumer's now."""
        return frozenset(self._assigned)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on from there."""
        self._use()
        self._check_assigned(partition)
        if not is_count(offset, least=0):
            raise IllegalArgumentError(f"seek({partition}, {offset!r}): give an offset, 0 or more")
        self._positions[partition] = offset
        self._fetched.pop(partition, None)

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """Let `poll` give nothing of these until they are assigned anew."""
        self._use()
        for partition in partitions:
            self._check_assigned(partition)
            self._paused.add(partition)

    def position(self, partition: TopicPartition) -> int:
        """The offset of the next record. Where it has to ask, it waits for the leader up to request.timeout.ms."""
        self._use()
        self._check_assigned(partition)
        clock = self._line.clock
        end_ms = clock.now_ms + self._settings.request_ms
        while partition not in self._positions:
            try:
                self._line.ask(lambda: self._find_position(partition))
            except (BrokerNotAvailable, LeaderNotAvailable):
                if clock.now_ms + RETRY_MS > end_ms:
                    raise
                clock.sleep(RETRY_MS)
        return self._positions[partition]

    def poll(self, wait_ms: float) -> list[ConsumerRecord]:
        """The next records. Blocks for as long as a rebalance takes, whatever `wait_ms` is, as Kafka's `poll(long)`."""
        self._use()
        self._call_back()
        clock = self._line.clock
        end_ms = round(clock.now_ms + wait_ms, 3)
        while True:
            try:
                self._take_part()
                self._auto_commit(due_only=True)
                records = self._given() or self._given_after(self._fetch(end_ms))
                reason: KafkaError | None = None
            except (BrokerNotAvailable, LeaderNotAvailable) as error:
                records, reason = [], error
            if records or clock.now_ms >= end_ms:
                if reason is not None:
                    raise reason
                return records
            if reason is not None:
                clock.sleep(min(RETRY_MS, end_ms - clock.now_ms))

    # --- what it commits ---------------------------------------------------------------------------------------------

    def commit(self, offsets: Offsets) -> None:
        """Store these offsets for the group, and wait for it."""
        self._check_open()
        self._check_group("commit")
        cause = "reliable receiver" if self._settings.storage == "zookeeper" else "commit"
        self._line.ask(lambda: self._membership.commit(offsets, self._stream_id, cause))

    def stored(self) -> Offsets:
        """What this member has stored for the group, of its own accord or by `commit`."""
        return dict(self._membership.stored)

    def commit_async(self, offsets: Offsets, callback: CommitCallback | None = None) -> None:
        """Store these offsets; a later `poll` or `close` calls back."""
        self._use()
        self._check_group("commit_async")
        half_ms = self._server.brokers.request_ms / 2
        self._answers_ms = self._line.clock.now_ms + 2 * half_ms
        sent = dict(offsets)
        self._line.look(lambda: self._server.calendar.after(half_ms, self._commit_sent, sent, callback))

    def close(self) -> None:
        """Commit what is to be committed by itself, hear what was answered, leave the group."""
        if self._closed:
            return
        self._use()
        self._line.clock.sleep(self._answers_ms - self._line.clock.now_ms)
        self._line.look(lambda: None)
        self._call_back()
        self._auto_commit(due_only=False)
        self._closed = True
        with suppress(BrokerNotAvailable):
            self._line.ask(self._membership.leave)

    def abandon(self) -> None:
        """Its process has died: the group will miss it. Hub only."""
        self._closed = True
        self._membership.abandoned = True

    def _commit_sent(self, offsets: Offsets, callback: CommitCallback | None) -> None:
        """A request of `commit_async` is at the broker."""
        error: KafkaError | None = None
        try:
            self._membership.commit(offsets, self._stream_id, "commitAsync")
        except KafkaError as raised:
            error = raised
        if callback is not None:
            half_ms = self._server.brokers.request_ms / 2
            self._server.calendar.after(half_ms, self._answered.append, (callback, offsets, error))

    def _call_back(self) -> None:
        self._line.look(lambda: None)  # what has been answered by now
        while self._answered:
            callback, offsets, error = self._answered.popleft()
            callback(offsets, error)

    def _auto_commit(self, due_only: bool) -> None:
        """Store the positions. What the group refuses then is nobody's business: the records come again."""
        now_ms = self._line.clock.now_ms
        if not (self._settings.auto_commit and self._settings.group) or (due_only and now_ms < self._auto_commit_ms):
            return
        self._auto_commit_ms = now_ms + self._settings.auto_commit_ms
        offsets = dict(self._positions)
        try:
            if offsets:
                self._line.ask(lambda: self._membership.commit(offsets, self._stream_id, "enable.auto.commit=true"))
        except KafkaError:
            return

    # --- its share ---------------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise IllegalStateError("this consumer is closed: make another one")

    def _use(self) -> None:
        self._check_open()
        self._membership.user = self._line.clock.current()

    def _subscribe(self, wants: Wants) -> None:
        self._use()
        self._check_group("subscribe")
        if self._assigned and self._membership.wants is None:
            raise IllegalStateError("this consumer has partitions assigned by hand: make another one to subscribe")
        self._membership.subscribe(wants)

    def _take_part(self) -> None:
        """Join the group, or join again when it is time to."""
        if self._membership.wants is None or self._membership.is_current():
            return
        self._auto_commit(due_only=False)
        self._take(self._membership.join())

    def _take(self, partitions: tuple[TopicPartition, ...]) -> None:
        self._assigned = partitions
        self._positions, self._fetched, self._paused = {}, {}, set()
        self._auto_commit_ms = self._line.clock.now_ms + self._settings.auto_commit_ms

    def _check_assigned(self, partition: TopicPartition) -> None:
        if partition not in self._assigned:
            mine = ", ".join(map(str, self._assigned)) or "nothing"
            raise IllegalStateError(f"{TopicPartition(*partition)} is not assigned to this consumer, which has {mine}")

    def _check_group(self, call: str) -> None:
        if not self._settings.group:
            raise IllegalArgumentError(f"{call}: the consumer belongs to no group; give it a group.id")

    # --- records -----------------------------------------------------------------------------------------------------

    def _given(self) -> list[ConsumerRecord]:
        """What the consumer has already, at most as much as `poll` may give."""
        given: list[ConsumerRecord] = []
        for partition in list(self._fetched):
            waiting = self._fetched[partition]
            while waiting and partition not in self._paused and len(given) < self._settings.max_records:
                record = waiting.popleft()
                given.append(consumer_record(partition, record))
                self._positions[partition] = record.offset + 1
            if not waiting:
                del self._fetched[partition]
        if given and self._settings.storage == "zookeeper":
            self._line.look(lambda: self._membership.tell_redelivered(given, self._stream_id))
        return given

    def _given_after(self, fetched: Fetched) -> list[ConsumerRecord]:
        for partition, records in fetched.items():
            self._fetched[partition] = deque(records)
        return self._given()

    def _fetch(self, end_ms: float) -> Fetched:
        """What the brokers have, as soon as they have something, or nothing."""
        heartbeat_ms = self._membership.next_heartbeat_ms
        missing = [each for each in self._assigned if each not in self._positions]
        if missing:
            self._line.ask(lambda: self._find_positions(missing))
        if all(each in self._paused for each in self._assigned):
            self._line.clock.sleep(min(end_ms, heartbeat_ms) - self._line.clock.now_ms)
            return {}
        fetched = self._line.ask(lambda: self._fetch_now() or self._membership.has_news(), min(end_ms, heartbeat_ms))
        return fetched if isinstance(fetched, dict) else {}

    def _fetch_now(self) -> Fetched:
        """Partition by partition; those that got nothing last time come first the next time."""
        self._server.brokers.check_any()
        fetched: Fetched = {}
        room = self._settings.fetch_bytes
        for partition in self._assigned:
            if partition in self._paused or partition not in self._positions or room <= 0:
                continue
            records = self._fetch_partition(partition)
            if records:
                fetched[partition] = records
                room -= sum(record.size for record in records)
        self._assigned = (
            *(each for each in self._assigned if each not in fetched),
            *(each for each in self._assigned if each in fetched),
        )
        return fetched

    def _fetch_partition(self, name: TopicPartition) -> list[StoredRecord]:
        try:
            partition = self._server.controller.partition(name)
            return partition.fetch(self._positions[name], self._settings.partition_bytes)
        except (LeaderNotAvailable, BrokerNotAvailable):
            return []  # the others go on; this one is asked again
        except UnknownTopicOrPartition:
            if self._membership.wants is None:
                raise
            return []  # the next rebalance takes it away
        except OffsetOutOfRange as error:
            if self._settings.reset == NONE:
                raise
            self._reset(name, str(error))
            return []

    # --- where to begin ----------------------------------------------------------------------------------------------

    def _find_positions(self, partitions: Collection[TopicPartition]) -> None:
        """Of those whose leaders answer. Hub only."""
        for partition in partitions:
            try:
                self._find_position(partition)
            except (LeaderNotAvailable, BrokerNotAvailable):
                self._server.brokers.check_any()

    def _find_position(self, name: TopicPartition) -> None:
        """What the group has committed; else where `auto.offset.reset` says. Hub only."""
        settings, groups = self._settings, self._server.groups
        stored = groups.committed(settings.group, [name], settings.storage) if settings.group else {}
        if name in stored:
            self._positions[name] = stored[name]
        elif settings.reset == NONE:
            raise NoOffsetForPartition(
                f"group {settings.group!r} has no offset for {name}, and auto.offset.reset is none: commit one, or set "
                "it to earliest or latest"
            )
        else:
            self._reset(name, "the group has no offset")

    def _reset(self, name: TopicPartition, why: str) -> None:
        partition = self._server.controller.partition(name)
        partition.reachable_leader()
        policy = self._settings.reset
        offset = partition.log.start if policy == EARLIEST else partition.high_watermark
        self._positions[name] = offset
        self._server.brokers.emit(
            OffsetsReset(
                self._server.calendar.now_ms,
                self._settings.group,
                str(name),
                offset,
                f"{why.partition('. ')[0]}; auto.offset.reset={policy}",
            )
        )
