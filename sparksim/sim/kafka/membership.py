"""A consumer's place in its group: joins, learns of rebalances by its heartbeats, joins again, leaves.

A member whose process died says nothing any more. The consumer is used from fibers: one that was killed took the
consumer with it, and so did the driver that died.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sparksim.cluster.clock import Fiber
from sparksim.kafka.client import Offsets
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.sim.kafka.assignor import Wants
from sparksim.sim.kafka.group import Member
from sparksim.sim.kafka.line import Line
from sparksim.sim.kafka.settings import ConsumerSettings
from sparksim.trace.events import RecordsRedelivered


class Membership:
    """Of one consumer, in the group that its settings name. `wants` says which topics; None: it is no member."""

    def __init__(self, line: Line, settings: ConsumerSettings) -> None:
        self.wants: Wants | None = None
        self.user: Fiber | None = None
        self.abandoned = False
        self.stored: dict[TopicPartition, int] = {}
        self._line = line
        self._settings = settings
        self._group = line.server.groups.group(settings.group, settings.storage)
        self._life = line.server.lives
        self._member: Member | None = None
        self._generation = -1
        self._watches = settings.storage == "zookeeper"
        self._heartbeat_ms = -inf
        self._metadata_ms = -inf
        self._changed = False

    def subscribe(self, wants: Wants) -> None:
        """Have a share of these topics from the next `is_current` on."""
        self.wants = wants
        self._changed = True
        if self._member is not None:
            self._member.wants = wants

    @property
    def next_heartbeat_ms(self) -> float:
        """When the member will look again whether there is a rebalance; with ZooKeeper it has not to look."""
        return inf if self._watches or self.wants is None else self._heartbeat_ms

    def has_news(self) -> bool:
        """Whether ZooKeeper tells the member that the group has changed, or has to. Hub only."""
        return self._watches and self._member is not None and self._is_outdated(self._member, True)

    def is_current(self) -> bool:
        """Whether the share is still good. Sends a heartbeat when one is due."""
        member, now_ms = self._member, self._line.clock.now_ms
        if member is None or self._changed:
            return False
        if now_ms < self._heartbeat_ms and not self._watches:
            return True
        self._heartbeat_ms = now_ms + self._settings.heartbeat_ms
        looks = now_ms >= self._metadata_ms
        if looks:
            self._metadata_ms = now_ms + self._settings.metadata_ms
        return not self._line.look(lambda: self._is_outdated(member, looks))

    def _is_outdated(self, member: Member, looks_at_topics: bool) -> bool:
        if self._line.server.brokers.away:
            return False  # nobody has heard the question
        return self._group.needs(member, looks_at_topics) or member.generation != self._generation

    def join(self) -> tuple[TopicPartition, ...]:
        """Take part in the next generation, and wait for it. The share of this member."""
        while True:
            member = self._member = self._joining()
            joined = False

            def request(member: Member = member) -> bool:
                nonlocal joined
                if not joined:
                    joined = True
                    self._line.server.brokers.check_any()
                    if not self._was_told(member):
                        self._group.join(member)
                        self._line.server.stir()
                return self._group.is_settled(member)

            self._line.ask(request, inf)
            if member in self._group.members:
                self._changed = False
                self._generation = member.generation
                self._heartbeat_ms = self._line.clock.now_ms + self._settings.heartbeat_ms
                self._metadata_ms = self._line.clock.now_ms + self._settings.metadata_ms
                return member.assignment
            self._member = None  # it came too late, and is nobody there

    def _was_told(self, member: Member) -> bool:
        """Whether others have changed the group, and the member's watch has told it all. Hub only."""
        return self._watches and not self._changed and not self._group.needs(member, True)

    def commit(self, offsets: Offsets, stream_id: int, cause: str) -> None:
        """Store offsets for the group, as its member or, when partitions were assigned by hand, as nobody. Hub only."""
        groups, settings = self._line.server.groups, self._settings
        if self._member is not None and not self._watches:
            self._group.check(self._member, self._generation)
        groups.commit(settings.group, offsets, settings.storage, stream_id, cause)
        self.stored.update(offsets)

    def tell_redelivered(self, records: Sequence[ConsumerRecord], stream_id: int) -> None:
        """Put on record which of these the group was given before. Hub only."""
        origins = self._line.server.groups.given_again(self._settings.group, records)
        if origins:
            server = self._line.server
            server.brokers.emit(RecordsRedelivered(server.calendar.now_ms, origins, stream_id))

    def leave(self) -> None:
        """Say goodbye; who is not heard will be missed. Hub only."""
        self.abandoned = True
        if self._member is not None:
            self._line.server.brokers.check_any()
            self._group.leave(self._member, f"{self._member.name} left")
            self._line.server.stir()
            self._member = None

    def _joining(self) -> Member:
        """Who joins: the member that it was, unless the group has thrown it out."""
        if self._member is not None and self._member in self._group.members:
            return self._member
        assert self.wants is not None
        settings = self._settings
        return Member(
            self._line.server.groups.new_name(settings.client),
            self.wants,
            settings.session_ms,
            settings.rebalance_ms,
            settings.heartbeat_ms,
            self._lives if settings.background else None,
        )

    def _lives(self) -> bool:
        """Whether the process that has this consumer does, and is heard."""
        server = self._line.server
        same_driver = self._life == server.lives and not self.abandoned
        return same_driver and not server.brokers.away and (self.user is None or self.user.killed is None)
