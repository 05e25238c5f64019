"""The lanes of a Kafka cluster and of sinks: each fact has a lane where it is looked for, and a mark of its own."""

from __future__ import annotations

import re

import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz import kafka_lanes, lanes
from sparksim.viz.facts import Facts
from sparksim.viz.html_page import script
from sparksim.viz.kafka_lanes import (
    COMMIT,
    DELETED,
    IN_SYNC,
    KINDS,
    LEADER,
    REBALANCE,
    REFUSED_YET_WRITTEN,
    RESET,
    ROLLED_BACK,
    SKIPPED,
    TRUNCATED,
    UNCLEAN,
    WRITTEN,
)
from sparksim.viz.lanes import LOSS, Bar, Lane, Mark
from sparksim.viz.palette import BROKER, UNASSIGNED
from sparksim.viz.words import WORDS
from tests.viz.kafka_run import LOGS, kafka_trace
from tests.viz.word_count import WordCount


def lane(label: str, *more: e.Event) -> Lane:
    """A lane of the run in which this happens too."""
    trace = Trace(sorted([*kafka_trace(), *more], key=lambda event: event.time_ms))
    facts = Facts(trace)
    by_label = {lane.label: lane for lane in [*kafka_lanes.kafka_lanes(facts), *kafka_lanes.sink_lanes(facts)]}
    return by_label[label]


def test_a_cluster_s_lanes_stand_in_the_order_in_which_records_pass() -> None:
    found = kafka_lanes.kafka_lanes(Facts(Trace([e.RecordsProduced(0, "till", 0, 1), *kafka_trace()])))
    assert [(lane.kind, lane.who) for lane in found] == [
        ("producer", "till"),
        ("partition", "orders/0"),
        ("partition", "orders/1"),
        ("broker", "1"),
        ("broker", "2"),
        ("group", "totals"),
    ]


def test_a_broker_shows_when_it_was_down() -> None:
    broker = lane("broker 1")
    assert broker.bars == (Bar(0, 1.3, BROKER), Bar(1.8, 2.5, BROKER))
    assert broker.gaps == ((1.3, 1.8),)


def test_a_partition_shows_who_leads_it_and_when_nobody_does() -> None:
    partition = lane("partition orders/1")
    assert partition.bars == (Bar(0.2, 1.35, BROKER, "broker 2"),)
    assert partition.gaps == ((0, 0.2), (1.35, 2.5))
    assert partition.marks == (Mark(0.2, LEADER),)


def test_a_leader_that_was_not_in_sync_is_marked_otherwise() -> None:
    [mark] = lane("partition orders/0").marks
    assert mark == Mark(1.35, UNCLEAN)
    assert mark.note == "log orders/0 · broker 2 · in_sync 2 · clean False"


def test_nobody_leads_what_was_deleted() -> None:
    deleted = e.TopicChanged(1500, "orders", 0)
    assert lane("partition orders/0", deleted).bars == (Bar(1.35, 1.5, BROKER, "broker 2"),)
    assert lane("partition orders/0", e.TopicChanged(1500, "others", 0)).bars == (Bar(1.35, 2.5, BROKER, "broker 2"),)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (e.InSyncChanged(2000, LOGS[1], (1, 2)), IN_SYNC),
        (e.RecordsTruncated(2000, (LOGS[1], 3, 4), "its leader died"), TRUNCATED),
        (e.RecordsDeleted(2000, ((LOGS[1], 0, 1), (LOGS[1], 2, 2)), "retention"), DELETED),
        (e.OffsetsSkipped(2000, ((LOGS[1], 5, 6),), 0, "earliest was gone"), SKIPPED),
    ],
)
def test_what_happens_to_a_log_is_marked_on_its_partition(event: e.Event, kind: str) -> None:
    assert lane("partition orders/1", event).marks == (Mark(0.2, LEADER), Mark(2, kind))


def test_what_happens_to_a_log_of_which_no_leader_is_known_is_marked_too() -> None:
    skipped = lane("partition live/0", e.OffsetsSkipped(2000, (("live/0", 5, 6),), 0, "earliest was gone"))
    assert (skipped.bars, skipped.gaps, skipped.marks) == ((), (), (Mark(2, SKIPPED),))


def test_a_group_shows_commits_rebalances_and_resets() -> None:
    group = lane("group totals")
    assert [mark.kind for mark in group.marks] == [REBALANCE, COMMIT, RESET, COMMIT]
    assert (
        group.marks[1].note
        == "group totals · storage kafka · offsets orders/0, 10, orders/1, 5 · stream_id 0 · cause commitAsync"
    )


def test_a_producer_is_busy_while_it_does_not_know_how_its_records_ended() -> None:
    producer = lane(
        "producer till",
        e.RecordsProduced(100, "till", 0, 2),
        e.RecordsProduced(150, "till", 2, 1),
        e.ProduceEnded(200, "till", (0, 1), LOGS[0], 1, ""),
        e.ProduceEnded(300, "till", (2,), LOGS[0], 1, ""),
        e.RecordsProduced(2000, "till", 3, 1),
    )
    assert producer.bars == (Bar(0.1, 0.3, UNASSIGNED), Bar(2, 2.5, UNASSIGNED))
    assert producer.marks == ()


def test_records_that_came_to_no_log_are_lost_and_others_only_given_up() -> None:
    producer = lane(
        "producer till",
        e.RecordsProduced(100, "till", 0, 4),
        e.RecordsAppended(150, LOGS[0], 2, 10, "till", (3,)),
        e.ProduceEnded(200, "till", (0,), LOGS[0], 1, ""),
        e.ProduceLost(250, "till", (0,), LOGS[0], "broker 2 does not answer"),
        e.ProduceEnded(300, "till", (1, 2), LOGS[0], 5, "RequestTimedOut"),
        e.ProduceEnded(400, "till", (3,), LOGS[0], 5, "RequestTimedOut"),
    )
    assert producer.marks == (Mark(0.25, LOSS), Mark(0.3, LOSS), Mark(0.4, REFUSED_YET_WRITTEN))
    assert producer.marks[1].note == "producer till · numbers 1, 2 · log orders/0 · attempts 5 · error RequestTimedOut"


def test_a_sink_shows_each_commit_and_what_was_rolled_back() -> None:
    row = ((LOGS[0], 0, 0),)
    sink = lane(
        "sink totals",
        e.SinkWritten(1050, "totals", "insert", ("a",), row, 1000),
        e.SinkRolledBack(1060, "totals", 3, "OperationalError: locked", row, 1000),
        e.OffsetsCommitted(1070, "totals", "sink", ((LOGS[0], 10),), 0, "store_offsets"),
    )
    assert [(mark.time_s, mark.kind) for mark in sink.marks] == [(1.05, WRITTEN), (1.06, ROLLED_BACK), (1.07, COMMIT)]


def test_offsets_beside_the_rows_are_not_a_consumer_group() -> None:
    beside = e.OffsetsCommitted(2070, "a sink", "sink", ((LOGS[0], 10),), 0, "store_offsets")
    assert lane("group totals", beside) == lane("group totals")
    with pytest.raises(KeyError, match="group a sink"):
        lane("group a sink", beside)


def test_a_long_list_is_told_by_its_beginning() -> None:
    keys = tuple(f"k{number}" for number in range(1000))
    [mark] = lane("sink totals", e.SinkWritten(1050, "totals", "upsert", keys, (), 1000)).marks
    assert "keys k0, k1, k2, k3, k4, k5, k6, k7, … · origins -" in mark.note


def test_a_run_without_kafka_has_none_of_these_lanes() -> None:
    facts = Facts(WordCount().trace())
    assert [*kafka_lanes.kafka_lanes(facts), *kafka_lanes.sink_lanes(facts)] == []


def test_every_mark_has_words_and_a_shape_of_its_own() -> None:
    kinds = {*KINDS.values(), LEADER, UNCLEAN, REFUSED_YET_WRITTEN, lanes.ERROR, lanes.DISCONNECT, lanes.LOSS}
    shapes = dict(re.findall(r'^  "([^"]+)": \{ (path: .+) \},$', script(), re.MULTILINE))
    assert shapes.keys() == kinds
    assert len(set(shapes.values())) == len(kinds)
    for words in WORDS.values():
        assert len({words[f"mark.{kind}"] for kind in kinds}) == len(kinds)
