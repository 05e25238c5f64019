"""The lanes that only the widget has: sources, offsets, logs, batch intervals, stages, checkpoints."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.viz import outer_lanes
from sparksim.viz.facts import Facts
from sparksim.viz.lanes import Bar, Lane
from sparksim.viz.palette import FAILED, UNASSIGNED
from tests.trace.small import small_trace
from tests.viz.kafka_run import kafka_trace
from tests.viz.word_count import WordCount


def test_a_source_shows_its_records_in_the_colour_of_their_batch() -> None:
    [lane] = outer_lanes.source_lanes(Facts(small_trace()))
    assert (lane.label, lane.kind, lane.who) == ("source localhost:9999", "source", "localhost:9999")
    assert lane.bars == (Bar(0.4, 0.6, 0), Bar(1.4, 1.6, FAILED))
    assert [bar.fact for bar in lane.bars] == [("stretches", 0), ("stretches", 1)]


def test_records_that_were_processed_twice_say_so() -> None:
    trace = small_trace().until(1107)
    for event in (
        e.DriverDied(1200, "app-0", 1300),
        e.OutputOperationStarted(1400, 1000, 0, "pprint", (0,)),
        e.OutputOperationCompleted(1500, 1000, 0, ""),
    ):
        trace.append(event)
    [lane] = outer_lanes.source_lanes(Facts(trace))
    assert [bar.label for bar in lane.bars] == ["×2"]


def test_a_direct_stream_has_one_slot_per_log() -> None:
    [lane] = outer_lanes.range_lanes(Facts(kafka_trace()))
    assert lane.slots == 2
    assert lane.bars == (Bar(0, 1, 0, "0–9", 0), Bar(0, 1, 0, "0–4", 1), Bar(1, 2, 1, "10–19", 0))


def test_batches_stand_over_the_interval_whose_records_they_take() -> None:
    [lane] = outer_lanes.interval_lanes(Facts(small_trace()))
    assert lane.bars == (Bar(0, 1, 0, "1 s"), Bar(1, 2, 1, "2 s", in_vain=True))


def test_a_batch_that_is_run_again_stands_there_once_and_leads_to_its_last_run() -> None:
    trace = small_trace()
    trace.append(e.BatchSubmitted(3000, 2000, ((0, 20),), 1))
    [lane] = outer_lanes.interval_lanes(Facts(trace))
    assert [bar.fact for bar in lane.bars] == [("batches", 0), ("batches", 2)]


def test_stages_carry_the_call_they_come_from_and_receivers_have_none() -> None:
    [lane] = outer_lanes.stage_lanes(Facts(small_trace()))
    assert lane.bars == (Bar(1.004, 1.1055, 0, "pprint"), Bar(2.005, 2.11, FAILED, "pprint"))


def test_log_and_checkpoints_have_the_colour_of_their_batch() -> None:
    trace = small_trace()
    trace.append(e.BlockLogged(2400, "input-0-400", "1", "f", 400))
    trace.append(e.BlockLogged(2401, "of no batch", "1", "f", 400))
    trace.append(e.CheckpointWritten(2402, 2000, "checkpoint-2000", 900, (2000,)))
    known, unknown = outer_lanes.log_lanes(Facts(trace))
    assert (known.who, known.bars) == ("0", (Bar(0.6, 2.4, 0),))
    assert [bar.style for bar in unknown.bars] == [UNASSIGNED]
    [checkpoints] = outer_lanes.checkpoint_lanes(Facts(trace))
    assert checkpoints.bars == (Bar(2.402, 2.403, 1),)


@pytest.mark.parametrize("lanes_of", [outer_lanes.range_lanes, outer_lanes.log_lanes])
def test_what_a_run_does_not_have_has_no_lane(lanes_of: Callable[[Facts], list[Lane]]) -> None:
    assert lanes_of(Facts(WordCount().trace())) == []


def test_an_empty_application_has_no_outer_lanes() -> None:
    facts = Facts(Trace([e.ApplicationStart(0, "a", "n", "sim[1,1]", 0, 1), e.ApplicationEnd(1, "a")]))
    assert [*outer_lanes.source_lanes(facts), *outer_lanes.interval_lanes(facts), *outer_lanes.stage_lanes(facts)] == []
