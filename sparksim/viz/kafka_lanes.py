"""The lanes of a Kafka cluster: its producers, partitions, brokers and consumer groups; and the sinks that are written.

Like those of `viz.lanes` they are plain values, in seconds since the run's origin. What is on its way and who leads are
bars; what happened at one moment is a mark with the event's own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

from sparksim.trace import Trace
from sparksim.trace.events import (
    BrokerStarted,
    BrokerStopped,
    Event,
    GroupRebalanced,
    InSyncChanged,
    LeaderElected,
    OffsetsCommitted,
    OffsetsReset,
    OffsetsSkipped,
    ProduceEnded,
    ProduceLost,
    RecordsAppended,
    RecordsDeleted,
    RecordsProduced,
    RecordsTruncated,
    SinkRolledBack,
    SinkWritten,
    TopicChanged,
)
from sparksim.viz.clock import Clock
from sparksim.viz.facts import Facts
from sparksim.viz.lanes import LOSS, Bar, Lane, Mark, absences
from sparksim.viz.palette import BROKER, UNASSIGNED
from sparksim.viz.words import ENGLISH, Words

COMMIT, RESET, REBALANCE = "offsets committed", "offsets reset", "group rebalanced"
LEADER, UNCLEAN, IN_SYNC = "leader elected", "leader elected out of sync", "in-sync replicas changed"
TRUNCATED, DELETED, SKIPPED = "records truncated", "records deleted", "records skipped"
REFUSED_YET_WRITTEN = "given up, yet in the log"
WRITTEN, ROLLED_BACK = "rows written", "rows rolled back"

KINDS: Mapping[type[Event], str] = {
    OffsetsCommitted: COMMIT,
    OffsetsReset: RESET,
    GroupRebalanced: REBALANCE,
    InSyncChanged: IN_SYNC,
    RecordsTruncated: TRUNCATED,
    RecordsDeleted: DELETED,
    OffsetsSkipped: SKIPPED,
    ProduceLost: LOSS,
    SinkWritten: WRITTEN,
    SinkRolledBack: ROLLED_BACK,
}
"""The mark of an event whose kind alone decides it."""

FOLLOWED = frozenset(
    {*KINDS, LeaderElected, TopicChanged, BrokerStarted, BrokerStopped, RecordsProduced, RecordsAppended, ProduceEnded}
)
"""All events that these lanes are made of."""

SINK = "sink"
"""The storage of offsets that lie beside the rows."""

TOLD = 8
"""So many of an event's items are told in a note, then dots."""

Life = tuple[float, float | None]


def kafka_lanes(facts: Facts, words: Words = ENGLISH) -> list[Lane]:
    """One lane per producer, per partition, per broker and per consumer group."""
    events, clock = _followed(facts.trace), facts.clock
    return [
        *_producer_lanes(events, clock),
        *_partition_lanes(events, clock, words),
        *_broker_lanes(events, clock),
        *_group_lanes(events, clock),
    ]


def sink_lanes(facts: Facts) -> list[Lane]:
    """One lane per sink: when rows were written to it for all to see, or taken back, and offsets stored in it."""
    marks: dict[str, list[Mark]] = {}
    for event in _followed(facts.trace):
        if isinstance(event, SinkWritten | SinkRolledBack):
            marks.setdefault(event.sink, []).append(_mark(event, facts.clock))
        elif isinstance(event, OffsetsCommitted) and event.storage == SINK:
            marks.setdefault(event.group, []).append(_mark(event, facts.clock))
    return [Lane(f"sink {sink}", "sinks", (), tuple(own), kind="sink", who=sink) for sink, own in marks.items()]


def _followed(trace: Trace) -> list[Event]:
    """The few that are looked at, again and again: most runs have none."""
    return [event for event in trace if type(event) in FOLLOWED]


def _producer_lanes(events: Sequence[Event], clock: Clock) -> list[Lane]:
    """A bar while a producer has records of which it does not know how they ended; a mark for those it lost."""
    written = _written(events)
    bars: dict[str, list[Bar]] = {}
    marks: dict[str, list[Mark]] = {}
    begun: dict[str, tuple[float, int]] = {}  # producer -> since when, and how many records
    for event in events:
        if isinstance(event, RecordsProduced):
            since_ms, count = begun.get(event.producer, (event.time_ms, 0))
            begun[event.producer] = since_ms, count + event.count
            bars.setdefault(event.producer, [])
        elif isinstance(event, ProduceLost):
            marks.setdefault(event.producer, []).append(_mark(event, clock))
        elif isinstance(event, ProduceEnded) and event.producer in begun:
            since_ms, count = begun.pop(event.producer)
            if count > len(event.numbers):
                begun[event.producer] = since_ms, count - len(event.numbers)
            else:
                bars[event.producer].append(_under_way(since_ms, event.time_ms, clock))
            if event.error:
                in_log = written.get(event.producer, set()).issuperset(event.numbers)
                mark = _mark(event, clock, REFUSED_YET_WRITTEN if in_log else LOSS)
                marks.setdefault(event.producer, []).append(mark)
    for producer, (since_ms, _) in begun.items():
        bars[producer].append(_under_way(since_ms, None, clock))
    return [
        Lane(f"producer {name}", "producers", tuple(own), tuple(marks.get(name, ())), kind="producer", who=name)
        for name, own in sorted(bars.items())
    ]


def _written(events: Iterable[Event]) -> dict[str, set[int]]:
    """Which of its records each producer has in a log, at some time."""
    written: dict[str, set[int]] = {}
    for event in events:
        if isinstance(event, RecordsAppended):
            written.setdefault(event.producer, set()).update(event.numbers)
    return written


def _under_way(from_ms: float, to_ms: float | None, clock: Clock) -> Bar:
    return Bar(clock.seconds(from_ms), clock.seconds(to_ms), UNASSIGNED)


def _partition_lanes(events: Sequence[Event], clock: Clock, words: Words) -> list[Lane]:
    """A bar for as long as one broker leads the partition; marks for what happened to its log."""
    led: dict[str, list[tuple[int, Life]]] = {}
    marks: dict[str, list[Mark]] = {}
    for event in events:
        if isinstance(event, LeaderElected):
            own = led.setdefault(event.log, [])
            _end(own, event.time_ms)
            if event.broker is None:
                continue  # the gap says so
            own.append((event.broker, (event.time_ms, None)))
            kind = LEADER if event.clean else UNCLEAN
            marks.setdefault(event.log, []).append(_mark(event, clock, kind))
        elif isinstance(event, TopicChanged) and not event.partitions:
            for log, own in led.items():
                if log.rpartition("/")[0] == event.topic:
                    _end(own, event.time_ms)
        else:
            for log in _logs_of(event):
                marks.setdefault(log, []).append(_mark(event, clock))
    return [
        Lane(
            f"partition {log}",
            "partitions",
            tuple(
                Bar(clock.seconds(from_ms), clock.seconds(to_ms), BROKER, words["lane.broker"].format(who=broker))
                for broker, (from_ms, to_ms) in led.get(log, ())
            ),
            tuple(marks.get(log, ())),
            absences([life for _, life in led[log]], clock) if log in led else (),
            kind="partition",
            who=log,
        )
        for log in sorted({*led, *marks})
    ]


def _end(led: list[tuple[int, Life]], time_ms: float) -> None:
    """Whoever leads, leads until now."""
    if led and led[-1][1][1] is None:
        broker, (from_ms, _) = led[-1]
        led[-1] = broker, (from_ms, time_ms)


def _logs_of(event: Event) -> Iterable[str]:
    """The logs to which something happened, whoever leads them."""
    if isinstance(event, InSyncChanged):
        return (event.log,)
    if isinstance(event, RecordsTruncated):
        return (event.origin[0],)
    if isinstance(event, RecordsDeleted | OffsetsSkipped):
        return dict.fromkeys(log for log, _, _ in event.origins)
    return ()


def _broker_lanes(events: Sequence[Event], clock: Clock) -> list[Lane]:
    lives: dict[int, list[Life]] = {}
    for event in events:
        if not isinstance(event, BrokerStarted | BrokerStopped | LeaderElected | RecordsAppended):
            continue
        if event.broker is None:
            continue
        own = lives.setdefault(event.broker, [(clock.origin_ms, None)])
        if isinstance(event, BrokerStopped):
            own[-1] = (own[-1][0], event.time_ms)
        elif isinstance(event, BrokerStarted) and own[-1][1] is not None:
            own.append((event.time_ms, None))
    return [
        Lane(
            f"broker {broker}",
            "brokers",
            tuple(Bar(clock.seconds(from_ms), clock.seconds(to_ms), BROKER) for from_ms, to_ms in own),
            gaps=absences(own, clock),
            kind="broker",
            who=str(broker),
        )
        for broker, own in sorted(lives.items())
    ]


def _group_lanes(events: Sequence[Event], clock: Clock) -> list[Lane]:
    marks: dict[str, list[Mark]] = {}
    for event in events:
        if isinstance(event, OffsetsCommitted) and event.storage == SINK:
            continue  # it is on the sink's lane
        if isinstance(event, OffsetsCommitted | GroupRebalanced | OffsetsReset):
            marks.setdefault(event.group, []).append(_mark(event, clock))
    return [Lane(f"group {group}", "groups", (), tuple(own), kind="group", who=group) for group, own in marks.items()]


def _mark(event: Event, clock: Clock, kind: str = "") -> Mark:
    """A mark that says what the event says, in its own words."""
    values = {field.name: getattr(event, field.name) for field in fields(event)}
    note = " · ".join(f"{name} {_short(value)}" for name, value in values.items() if name != "time_ms")
    return Mark(clock.seconds(event.time_ms), kind or KINDS[type(event)], note)


def _short(value: object) -> str:
    if isinstance(value, tuple):
        told = ", ".join(map(_short, value[:TOLD])) or "-"
        return told if len(value) <= TOLD else f"{told}, …"
    return str(value)
