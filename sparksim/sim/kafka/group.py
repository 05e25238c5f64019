"""A consumer group: its members, who of them has which partitions, and who is thought to be alive.

When a member comes, goes or is missed, all others have to join again before the next generation has its partitions.
They learn of it with their next heartbeat; who has not joined in time is no member any more. A member of an old
generation cannot commit (Kafka: GroupCoordinator). A group that lives in ZooKeeper (0.8) does not wait: its
members have watches, and share the partitions anew at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sparksim.kafka.errors import CommitFailed
from sparksim.kafka.records import TopicPartition
from sparksim.sim.kafka.assignor import Wants, ranges
from sparksim.sim.kafka.calendar import Calendar
from sparksim.trace.events import Event, GroupRebalanced


@dataclass(eq=False, slots=True)
class Member:
    """One consumer in a group. `beats`: whether a thread of its own sends heartbeats now; else its calls do."""

    name: str
    wants: Wants
    session_ms: float
    rebalance_ms: float
    heartbeat_ms: float
    beats: Callable[[], bool] | None
    joined: bool = False
    generation: int = -1
    assignment: tuple[TopicPartition, ...] = ()
    heard_ms: float = 0.0
    knows: Mapping[str, int] = field(default_factory=dict)
    """How many partitions the topics it wants had when it got its assignment."""


class Group:
    """`partitions()` says how many partitions each topic of the cluster has now."""

    def __init__(
        self,
        name: str,
        waits: bool,
        delay_ms: float,
        calendar: Calendar,
        emit: Callable[[Event], None],
        partitions: Callable[[], Mapping[str, int]],
    ) -> None:
        self.name = name
        self.generation = 0
        self.members: list[Member] = []
        self.rebalancing = False
        self._waits = waits
        self._delay_ms = delay_ms
        self._calendar = calendar
        self._emit = emit
        self._partitions = partitions
        self._round = 0
        self._reason = ""
        self._not_before_ms = 0.0

    # --- what members ask for ----------------------------------------------------------------------------------------

    def join(self, member: Member) -> None:
        """The member wants its share: the first time, or again in a rebalance or for other topics."""
        member.heard_ms = self._calendar.now_ms
        reason = f"{member.name} joined again"
        if member not in self.members:
            reason = f"{member.name} joined"
            if not self.members:
                self._not_before_ms = self._calendar.now_ms + self._delay_ms
            self.members.append(member)
            self._calendar.after(member.session_ms, self._watch, member)
            if member.beats is not None:
                self._calendar.after(member.heartbeat_ms, self._beat, member)
        if not self.rebalancing:
            self._begin(reason)
        member.joined = True
        self._complete_if_all_joined()

    def leave(self, member: Member, reason: str) -> None:
        """The member is gone."""
        if member not in self.members:
            return
        self.members.remove(member)
        if not self.members:
            self.rebalancing = False
            self._complete(reason)
        elif not self.rebalancing:
            self._begin(reason)
        self._complete_if_all_joined()

    def is_settled(self, member: Member) -> bool:
        """Whether the member knows its share, or has been thrown out."""
        return member not in self.members or (not self.rebalancing and member.generation == self.generation)

    def needs(self, member: Member, looks_at_topics: bool) -> bool:
        """A heartbeat: whether the member has to join again, because of the others or, if it looks, of new topics."""
        if member not in self.members:
            return True
        member.heard_ms = self._calendar.now_ms
        return self.rebalancing or (looks_at_topics and self._wanted(member) != member.knows)

    def check(self, member: Member, generation: int) -> None:
        """Raise `CommitFailed` for a member that the group does not count on any more."""
        if member not in self.members or generation != self.generation:
            raise CommitFailed(
                f"{member.name} is no member of generation {self.generation} of group {self.name!r}: the group was "
                "rebalanced, its partitions are another member's. Call poll() more often, or raise session.timeout.ms"
            )
        member.heard_ms = self._calendar.now_ms

    # --- rebalances --------------------------------------------------------------------------------------------------

    def _begin(self, reason: str) -> None:
        self.rebalancing = True
        self._reason = reason
        self._round += 1
        for member in self.members:
            member.joined = not self._waits
        deadline_ms = max(member.rebalance_ms for member in self.members)
        self._calendar.after(deadline_ms, self._close, self._round)
        self._calendar.at(self._not_before_ms, self._complete_if_all_joined)

    def _close(self, number: int) -> None:
        """Time is up for those who have not joined."""
        if not self.rebalancing or number != self._round:
            return
        self.members = [member for member in self.members if member.joined]
        self._complete_if_all_joined()

    def _complete_if_all_joined(self) -> None:
        everybody = all(member.joined for member in self.members)
        if self.rebalancing and everybody and self._calendar.now_ms >= self._not_before_ms:
            self.rebalancing = False
            self._complete(self._reason)

    def _complete(self, reason: str) -> None:
        self.generation += 1
        shares = ranges([member.wants for member in self.members], self._partitions())
        for member, share in zip(self.members, shares, strict=True):
            member.assignment, member.generation = share, self.generation
            member.knows = self._wanted(member)
            if self._waits:
                member.heard_ms = self._calendar.now_ms
        told = tuple((member.name, tuple(map(str, member.assignment))) for member in self.members)
        self._emit(GroupRebalanced(self._calendar.now_ms, self.name, self.generation, told, reason))

    def _wanted(self, member: Member) -> dict[str, int]:
        return {topic: count for topic, count in self._partitions().items() if member.wants(topic)}

    # --- who is alive ------------------------------------------------------------------------------------------------

    def _watch(self, member: Member) -> None:
        if member not in self.members:
            return
        if self.rebalancing and member.joined and self._waits:
            member.heard_ms = self._calendar.now_ms  # it waits for our answer
        due_ms = round(member.heard_ms + member.session_ms, 3)
        if due_ms <= self._calendar.now_ms:
            self.leave(member, f"{member.name} was not heard of for {member.session_ms / 1000:g} s")
        else:
            self._calendar.at(due_ms, self._watch, member)

    def _beat(self, member: Member) -> None:
        if member in self.members and member.beats is not None:
            if member.beats():
                member.heard_ms = self._calendar.now_ms
            self._calendar.after(member.heartbeat_ms, self._beat, member)
