"""A member of a consumer group on a real cluster, which behaves as Java's KafkaConsumer does.

librdkafka joins the group, fetches and commits. Positions are kept here, because Java's rules for them are others: they
are resolved when somebody asks (what the group has committed, else `auto.offset.reset`), `seek` changes them at once,
and committed by themselves are positions, not what was delivered. So librdkafka is told no more than from where to
fetch; of a paused partition, not even that. Patterns are matched here too, with Python's regular expressions, which are
nearer to Java's than those of C are.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import confluent_kafka

from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.kafka.client import CommitCallback, Offsets, Settings
from sparksim.kafka.errors import KafkaError, KafkaTimeout, NoOffsetForPartition, OffsetOutOfRange
from sparksim.kafka.live_contact import (
    EARLIEST,
    LATEST,
    SLICE_S,
    Contact,
    Turns,
    commit,
    committed,
    offsets,
    record_of,
    theirs,
    within,
)
from sparksim.kafka.live_errors import PASSING, ours, warn_of_offsets
from sparksim.kafka.live_settings import (
    auto_offset_reset,
    commits_every_ms,
    consumer_config,
    group_id,
    number,
    patience_s,
)
from sparksim.kafka.records import ConsumerRecord, TopicPartition

MAX_POLL_RECORDS = 500
TOPICS_AGE_MS = 300_000
"""How often a pattern is matched again: Kafka's `metadata.max.age.ms`."""

SESSION_MS = 45_000
"""After how long without a sign of life a group gives a member up: Kafka's `session.timeout.ms` since 3.0."""

LAST_WORDS_S = 5.0
"""How long `close` waits for offsets on their way."""

INTERNAL = frozenset({"__consumer_offsets", "__transaction_state"})
"""Topics of the cluster itself, which no pattern matches."""


class LiveConsumer:
    """See `Consumer`. `commit` and `stored` may be called from any thread."""

    def __init__(self, servers: str, settings: Settings) -> None:
        self._reset = auto_offset_reset(settings)
        self._group = group_id(settings)
        self._most = int(number(settings, "max.poll.records", MAX_POLL_RECORDS, least=1))
        self._topics_age_s = number(settings, "metadata.max.age.ms", TOPICS_AGE_MS, least=1) / 1000
        self._session_s = number(settings, "session.timeout.ms", SESSION_MS, least=1) / 1000
        every_ms = commits_every_ms(settings)
        self._commit_every_s = None if every_ms is None or not self._group else every_ms / 1000
        self._next_commit_s = time.monotonic() + (self._commit_every_s or 0)
        self._assigned: tuple[TopicPartition, ...] | None = None
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._misplaced = False
        self._pattern: re.Pattern[str] | None = None
        self._match_again_s = 0.0
        self._matched: frozenset[str] = frozenset()
        self._subscribed = False
        self._down_since_s: float | None = None
        self._stored: dict[TopicPartition, int] = {}
        self._turns = Turns()
        self._failure: KafkaError | None = None
        self._complained = False
        self._on_their_way: deque[tuple[Offsets, CommitCallback | None]] = deque()
        self._arrived: deque[tuple[Offsets, CommitCallback | None, KafkaError | None]] = deque()
        config = consumer_config(servers, settings)
        config["on_commit"] = self._on_commit
        self._contact = Contact(config, patience_s(settings), listens=False)
        self._client = self._contact.client

    def subscribe(self, topics: Collection[str]) -> None:
        """See `Consumer`. Raises `IllegalArgumentError` without a `group.id`."""
        self._choose(group=True)
        self._join(frozenset(topics))

    def subscribe_pattern(self, pattern: str) -> None:
        """See `Consumer`. Raises `IllegalArgumentError` without a `group.id`, or for what is no regular expression."""
        self._choose(group=True)
        try:
            self._pattern = re.compile(pattern)
        except re.error as error:
            raise IllegalArgumentError(f"pattern={pattern!r}: {error}; give a regular expression") from error

    def assign(self, partitions: Collection[TopicPartition]) -> None:
        """See `Consumer`."""
        self._choose(group=False)
        self._have(tuple(TopicPartition(*each) for each in partitions))

    def assignment(self) -> frozenset[TopicPartition]:
        """See `Consumer`."""
        return frozenset(self._assigned or ())

    def poll(self, wait_ms: float) -> list[ConsumerRecord]:
        """See `Consumer`. Raises `IllegalStateError` before anything was subscribed or assigned."""
        if not self._subscribed and self._pattern is None and self._assigned is None:
            raise IllegalStateError("poll() on a consumer without topics: call subscribe or assign first")
        deadline = time.monotonic() + wait_ms / 1000
        self._commit_by_itself()
        self._match()
        self._wait_for_group(deadline)
        records = self._fetch(deadline)
        self._call_back()
        if not records and self._failure is not None:
            failure, self._failure = self._failure, None
            self._complained = True
            raise failure
        return records

    def position(self, partition: TopicPartition) -> int:
        """See `Consumer`. Raises `IllegalStateError` for a partition that is not assigned."""
        self._must_have([partition])
        self._resolve()
        return self._positions[partition]

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """See `Consumer`. Raises like `position`, and `IllegalArgumentError` for offsets below 0."""
        self._must_have([partition])
        if offset < 0:
            raise IllegalArgumentError(f"offset={offset!r} of {partition}: give a number from 0 on")
        self._positions[partition] = offset
        self._misplaced |= partition not in self._paused

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        """See `Consumer`. Raises like `position`."""
        self._must_have(partitions)
        self._misplaced |= not self._paused.issuperset(partitions)
        self._paused.update(partitions)

    def commit(self, offsets: Offsets) -> None:
        """See `Consumer`."""
        with self._turns.first():
            commit(self._contact, self._must_be_group(), offsets)
        self._stored.update(offsets)

    def commit_async(self, offsets: Offsets, callback: CommitCallback | None = None) -> None:
        """See `Consumer`."""
        self._must_be_group()
        if not offsets:
            self._arrived.append((offsets, callback, None))
            return
        self._on_their_way.append((dict(offsets), callback))
        self._client.commit(offsets=[theirs(*each) for each in offsets.items()], asynchronous=True)

    def close(self) -> None:
        """See `Consumer`. Positions are committed first, if they commit themselves; the cluster has 5 s to answer.

        Without brokers nothing is committed.
        """
        deadline = time.monotonic() + LAST_WORDS_S
        while self._on_their_way and not self._contact.all_down and time.monotonic() < deadline:
            self._client.poll(SLICE_S)
        if not self._contact.all_down:
            self._commit_before_leaving(in_this_thread=False)
        self._commit_every_s = None
        with suppress(TimeoutError):  # the group hears of it by a timeout
            within(LAST_WORDS_S, self._client.close)
        while self._on_their_way:
            offsets, callback = self._on_their_way.popleft()
            self._arrived.append((offsets, callback, KafkaTimeout("commit: closed before the cluster answered")))
        self._call_back()

    def stored(self) -> Offsets:
        """See `Consumer`."""
        return dict(self._stored)

    def abandon(self) -> None:
        """See `Consumer`. Live, only a part of the process has died: the rest leaves the group, and commits nothing."""
        self._commit_every_s = None
        threading.Thread(target=self._client.close, name="abandoned Kafka consumer", daemon=True).start()

    def _choose(self, group: bool) -> None:
        if group:
            self._must_be_group()
        if (self._assigned is not None) if group else (self._subscribed or self._pattern is not None):
            raise IllegalStateError("a consumer either subscribes to topics or is assigned partitions, once")

    def _must_be_group(self) -> str:
        if not self._group:
            raise IllegalArgumentError("group.id is missing: give kafkaParams a 'group.id' to subscribe and to commit")
        return self._group

    def _must_have(self, partitions: Collection[TopicPartition]) -> None:
        for each in partitions:
            if each not in self.assignment():
                raise IllegalStateError(
                    f"{each} is not assigned to this consumer, which has {sorted(self.assignment())}"
                )

    def _join(self, topics: frozenset[str]) -> None:
        self._subscribed = True
        self._client.subscribe(
            sorted(topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )

    def _match(self) -> None:
        """Subscribe to what the pattern matches now, if that is something else than before."""
        if self._pattern is None or time.monotonic() < self._match_again_s:
            return
        pattern = self._pattern
        metadata: Any = self._contact.ask(
            f"topics that match {pattern.pattern!r}", lambda seconds: self._client.list_topics(timeout=seconds)
        )
        self._match_again_s = time.monotonic() + self._topics_age_s
        matched = frozenset(topic for topic in metadata.topics if topic not in INTERNAL and pattern.fullmatch(topic))
        if matched != self._matched:
            self._matched = matched
            self._join(matched)

    def _wait_for_group(self, deadline: float) -> None:
        """A member of before that was killed is in the way until its session ends.

        After a complaint that a topic is not there, `deadline` counts: it may come later.
        """
        longest_s = self._session_s + self._contact.patience_s
        if not self._complained:
            deadline = time.monotonic() + longest_s
        while self._subscribed and self._assigned is None and self._failure is None:
            message = self._client.poll(SLICE_S)
            if message is not None:
                self._take(message)
            elif time.monotonic() > deadline:
                if self._complained:
                    return
                doing = f"joining group {self._group!r}"
                if self._contact.troubled:
                    raise self._contact.nobody(doing)
                raise KafkaTimeout(f"{doing}: not admitted within {longest_s:g} s; are its other members alive?")

    def _on_assign(self, client: confluent_kafka.Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        """The group has decided. Nothing is fetched before the positions are known."""
        client.assign([])
        self._have(tuple(TopicPartition(each.topic, each.partition) for each in partitions))

    def _on_revoke(self, client: confluent_kafka.Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        """In the midst of a rebalance librdkafka lets no other thread commit."""
        self._commit_before_leaving(in_this_thread=True)
        self._on_lost(client, partitions)

    def _on_lost(self, client: confluent_kafka.Consumer, partitions: list[confluent_kafka.TopicPartition]) -> None:
        client.unassign()
        self._have(())
        self._assigned = None

    def _have(self, partitions: tuple[TopicPartition, ...]) -> None:
        self._assigned = tuple(sorted(partitions))
        self._positions.clear()
        self._paused.clear()
        self._misplaced = True

    def _resolve(self) -> None:
        """Give every partition a position. Raises as `Consumer.position` does."""
        missing = [each for each in self._assigned or () if each not in self._positions]
        if not missing:
            return
        self._misplaced = True
        if self._group:
            self._positions.update(committed(self._contact, self._group, missing))
        for partition in missing:
            if partition not in self._positions:
                self._positions[partition] = self._reset_position(partition)

    def _reset_position(self, partition: TopicPartition) -> int:
        if self._reset == "none":
            raise NoOffsetForPartition(
                f"group {self._group!r} has no offset for {partition}, and auto.offset.reset is 'none'"
            )
        return offsets(self._contact, [partition], EARLIEST if self._reset == "earliest" else LATEST)[partition]

    def _place(self) -> None:
        """Let librdkafka fetch from the positions on."""
        self._resolve()
        if not self._misplaced:
            return
        self._misplaced = False
        self._client.assign(
            [theirs(each, self._positions[each]) for each in self._assigned or () if each not in self._paused]
        )

    def _fetch(self, deadline: float) -> list[ConsumerRecord]:
        records: list[ConsumerRecord] = []
        while not records and self._failure is None:
            self._place()
            self._turns.stand_back()
            left_s = deadline - time.monotonic()
            first = self._client.poll(max(0, min(SLICE_S, left_s)))
            if first is None:
                self._look_for_brokers()
            else:
                # Positions move only now: a rebalance on the way commits them without what came with it.
                messages = [first, *self._client.consume(self._most - 1, 0)] if self._most > 1 else [first]
                records = [record for message in messages for record in self._take(message)]
            if left_s <= 0:
                break
        return records

    def _take(self, message: confluent_kafka.Message) -> list[ConsumerRecord]:
        """The record, if it is one that comes next; a failure is kept until the records before it are out."""
        error = message.error()
        if error is not None:
            self._trouble(message, error)
            return []
        record = record_of(message)
        partition = TopicPartition(record.topic, record.partition)
        if record.offset < self._positions.get(partition, record.offset + 1):
            return []
        self._positions[partition] = record.offset + 1
        self._contact.well()
        return [record]

    def _trouble(self, message: confluent_kafka.Message, error: confluent_kafka.KafkaError) -> None:
        """Offsets that the log does not hold are reset if there is a reset; what may pass is waited for."""
        if error.name() in PASSING or error.retriable():
            return
        topic, number = message.topic(), message.partition()
        partition = TopicPartition(str(topic), -1 if number is None else number)
        doing = f"consuming in group {self._group!r}"
        failure = ours(error, f"{doing}, {partition}" if partition in self.assignment() else doing)
        if isinstance(failure, OffsetOutOfRange) and self._reset != "none":
            self._positions[partition] = self._reset_position(partition)
            self._misplaced = True
        else:
            self._failure = self._failure or failure

    def _look_for_brokers(self) -> None:
        """Raises `BrokerNotAvailable` when all have been away for `patience_s`."""
        if not self._contact.troubled:
            self._down_since_s = None
            return
        now_s = time.monotonic()
        self._down_since_s = self._down_since_s or now_s
        try:
            self._client.list_topics(timeout=SLICE_S)
        except confluent_kafka.KafkaException:
            if now_s - self._down_since_s > self._contact.patience_s:
                self._failure = self._contact.nobody(f"consuming in group {self._group!r}")
        else:
            self._contact.well()

    def _commit_by_itself(self) -> None:
        if self._commit_every_s is not None and time.monotonic() >= self._next_commit_s:
            self._next_commit_s = time.monotonic() + self._commit_every_s
            self.commit_async(self._positions, warn_of_offsets)

    def _commit_before_leaving(self, *, in_this_thread: bool) -> None:
        if self._commit_every_s is not None:
            try:
                commit(self._contact, self._group, self._positions, in_this_thread=in_this_thread)
            except KafkaError as error:
                warn_of_offsets(self._positions, error)
            else:
                self._stored.update(self._positions)

    def _on_commit(
        self, error: confluent_kafka.KafkaError | None, partitions: list[confluent_kafka.TopicPartition]
    ) -> None:
        """The cluster has answered the oldest question."""
        if not self._on_their_way:
            return
        offsets, callback = self._on_their_way.popleft()
        said = error or next((each.error for each in partitions if each.error is not None), None)
        failure = None if said is None else ours(said, f"commit of group {self._group!r}")
        if failure is None:
            self._stored.update(offsets)
        self._arrived.append((offsets, callback, failure))

    def _call_back(self) -> None:
        while self._arrived:
            offsets, callback, failure = self._arrived.popleft()
            if callback is not None:
                callback(offsets, failure)
