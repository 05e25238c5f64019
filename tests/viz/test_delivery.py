"""The picture of delivery: each record is in its lane and column, what went wrong is found, no label hides another."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import (
    Event,
    ProduceEnded,
    ProducerStarted,
    RecordsAppended,
    RecordsDeleted,
    RecordsProduced,
    RecordsSent,
    RecordsTruncated,
    SinkRolledBack,
)
from sparksim.viz import delivery_figure
from sparksim.viz.palette import GREEN, ORANGE, VERMILION
from sparksim.viz.strip_page import LOOK
from sparksim.viz.strips import FAILURE, GONE, NOWHERE, ONCE, SEVERAL, SKIP, UNKNOWN, WAITS, Span, Strip, strips
from tests.trace.test_kafka_delivery import LOG, account, allotted, died, in_log, processed, ran, written


def story(records: int) -> list[Event]:
    """A fifth each: expired, processed once, in a failed batch, processed twice, pending. And one that no log has."""
    fifth = records // 5
    numbers = tuple(range(records))
    ends = [(each * fifth, (each + 1) * fifth - 1) for each in range(5)]
    return [
        ProducerStarted(0, "shop", (("acks", "1"), ("retries", "0"))),
        RecordsProduced(100, "shop", 0, records + 1),
        RecordsAppended(110, LOG, 1, 0, "shop", numbers),
        RecordsSent(115, LOG, 0, records),
        ProduceEnded(120, "shop", numbers, LOG, 1, ""),
        ProduceEnded(121, "shop", (records,), LOG, 3, "KafkaTimeout: no answer"),
        RecordsDeleted(500, ((LOG, *ends[0]),), "retention.ms=300"),
        *processed(1000, *ends[1]),
        *(written("insert", offset, 1050) for offset in range(ends[1][0], ends[1][1] + 1)),
        allotted(2000, *ends[2]),
        *ran(2000, failure="ValueError: bad"),
        *processed(3000, *ends[3]),
        died(3500),
        *ran(3000, at=4000),
        *(written("insert", offset, at) for at in (3050, 4050) for offset in range(ends[3][0], ends[3][1] + 1)),
    ]


def drawn(figure: Figure, strip: str) -> dict[str, int]:
    """How many bars of each kind a strip has."""
    [axes] = [axes for axes in figure.axes if axes.get_gid() == strip]
    return {each.get_gid(): len(each.get_paths()) for each in axes.collections if each.get_gid()}


def labels(figure: Figure) -> list[Any]:
    return [text for axes in figure.axes for text in axes.texts if text.get_gid() == "note"]


def test_a_strip_says_where_each_record_came_and_what_became_of_it_there() -> None:
    log, none = strips(Delivery(story(10)))
    assert (log.label, log.numbers, none.label, none.numbers) == (LOG, list(range(10)), "in no log", [10])
    producer, in_the_log, batches, sink = log.lanes
    assert producer == [Span(0, 9, ONCE)]
    assert in_the_log == [Span(0, 1, GONE), Span(2, 9, ONCE)]
    assert [span.state for span in batches] == [NOWHERE, ONCE, FAILURE, SEVERAL, WAITS]
    assert [span.state for span in sink] == [NOWHERE, ONCE, NOWHERE, SEVERAL, NOWHERE]
    assert log.batches == [Span(2, 3, "1 s"), Span(6, 7, "3 s")]
    assert [lane[0].state for lane in none.lanes] == [GONE, NOWHERE, NOWHERE, NOWHERE]


def test_five_thousand_records_are_as_many_spans_as_ten() -> None:
    [few, _], [many, _] = strips(Delivery(story(10))), strips(Delivery(story(5000)))
    assert [len(lane) for lane in few.lanes] == [len(lane) for lane in many.lanes]


def test_each_anomaly_is_noted_once_at_its_first_record_and_where_it_shows() -> None:
    log, none = strips(Delivery(story(10)))
    assert [(note.column, note.lane, note.text) for note in log.notes] == [
        (0, 1, "expired: 2 (retention.ms=300)"),
        (4, 2, "lost with its batch: 2 (batch 2 s failed: ValueError: bad)"),
        (6, 2, "duplicate: 2 (the driver's checkpoint, written before the output: its batch runs again)"),
        (6, 3, "doubled row: 2 (insert; an upsert by a key of the record writes the same row)"),
        (8, 2, "unobserved: 2 (the end of the run: in the log, and in no batch yet)"),
    ]
    assert [note.text.partition(":")[0] for note in none.notes] == ["failed write"]


def test_logs_are_in_order_of_their_numbers_and_those_of_several_producers_are_parted() -> None:
    logs = [(log, who) for log in ("orders/10", "orders/2") for who in ("shop", "web")][1:]
    given = [RecordsProduced(100, who, 0, 3) for who in ("shop", "web")]
    written = [RecordsAppended(110, log, 1, at, who, (at,)) for at, (log, who) in enumerate(logs)]
    assert [strip.label for strip in strips(account(given, written))] == [
        "orders/2, shop",
        "orders/2, web",
        "orders/10",
        "in no log",
    ]


def test_the_legend_stays_on_the_page() -> None:
    figure = delivery_figure(Delivery(story(50)), width=8)
    figure.canvas.draw()
    [box] = [legend.get_window_extent() for legend in figure.legends]
    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1


def only(*events: Any) -> Strip:
    [strip] = strips(account(*events))
    return strip


def test_what_was_truncated_skipped_or_undone_is_lost_in_its_lane() -> None:
    gone = RecordsTruncated(500, (LOG, 1, 1), "broker 2, the new leader, never had them")
    assert only(in_log(2), gone).lanes[1] == [Span(0, 0, ONCE), Span(1, 1, GONE)]
    assert only(in_log(2), processed(1000, 1, 1)).lanes[2] == [Span(0, 0, SKIP), Span(1, 1, ONCE)]
    undone = SinkRolledBack(1060, "totals", 1, "executor 1 died", ((LOG, 0, 0),), 1000)
    assert only(in_log(1), processed(1000, 0, 0), undone).lanes[3] == [Span(0, 0, GONE)]


def test_what_nobody_has_told_is_unknown() -> None:
    assert only(processed(1000, 0, 1)).lanes[0] == [Span(0, 1, UNKNOWN)]
    assert only(processed(1000, 0, 1)).lanes[3] == [Span(0, 1, UNKNOWN)]
    texts = [text.get_text() for text in delivery_figure(account(processed(1000, 0, 1))).axes[0].texts]
    assert "the trace does not say who produced them" in texts
    assert "no sink says which records are behind its rows" in texts


def test_where_producers_are_unknown_the_numbers_make_room_for_what_says_so() -> None:
    texts = delivery_figure(account(processed(1000, 0, 1))).axes[0].texts
    lanes = {text.get_text(): int(text.get_position()[1]) for text in texts}
    assert lanes["the trace does not say who produced them"] == 0
    assert {lanes["0"], lanes["1"]} == {1}


@pytest.mark.parametrize("records", [10, 50, 5000])
def test_every_span_is_a_bar(records: int) -> None:
    figure = delivery_figure(Delivery(story(records)))
    assert drawn(figure, LOG) == {
        "producer/once": 1,
        "log/lost": 1,
        "log/once": 1,
        "batches/not there": 1,
        "batches/once": 1,
        "batches/its batch failed": 1,
        "batches/several times": 1,
        "batches/waits": 1,
        "sink/not there": 3,
        "sink/once": 1,
        "sink/several times": 1,
    }


def test_few_records_have_their_numbers_and_many_have_an_axis() -> None:
    def numbers(axes: Axes) -> list[str]:
        return [text.get_text() for text in axes.texts if text.get_text().isdigit()]

    few, many = (delivery_figure(Delivery(story(records))).axes[0] for records in (50, 5000))
    assert numbers(few) == [str(number) for number in range(50)]
    assert numbers(many) == []
    assert "1,000" in [tick.get_text() for tick in many.get_xticklabels()]


@pytest.mark.parametrize(("records", "width"), [(10, 14.0), (50, 8.0), (50, 14.0), (5000, 14.0)])
def test_no_label_covers_another_or_leaves_the_page(records: int, width: float) -> None:
    figure = delivery_figure(Delivery(story(records)), width=width)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in labels(figure)]
    assert len(boxes) == 6
    page = figure.bbox
    for box in boxes:
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1
        assert box.y1 <= page.y1
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_one_lost_record_among_five_thousand_is_wide_enough_to_see() -> None:
    figure = delivery_figure(account(in_log(5000), processed(1000, 1, 4999)))
    axes = figure.axes[0]
    [lost] = [each for each in axes.collections if each.get_gid() == "batches/skipped"]
    extent = axes.transData.transform_bbox(lost.get_paths()[0].get_extents())
    assert extent.width / figure.dpi > 0.03
    assert lost.get_zorder() > min(each.get_zorder() for each in axes.collections)


def test_colour_is_never_alone() -> None:
    marked = {state: look for state, look in LOOK.items() if look[0] in (ORANGE, VERMILION)}
    assert len({hatch for _, hatch in marked.values()}) == len(marked)
    assert LOOK[ONCE] == (GREEN, "")


def test_the_legend_names_what_occurs() -> None:
    figure = delivery_figure(account(in_log(2), processed(1000, 0, 1)))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["once", "one batch to the next"]
    assert figure.texts[0].get_text() == "2 records: 2 once"


def test_a_run_draws_its_delivery() -> None:
    run = Run(Trace(story(10)))
    assert len(run.delivery.figure().axes) == 2
    assert len(run.delivery.of_stream(0).figure(width=8).axes) == 2


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="no producer and no log occurs in this run"):
        delivery_figure(account(RecordsSent(0, "localhost:9999", 0, 3)))
    with pytest.raises(ValueError, match="width=3 inches leaves no room"):
        delivery_figure(Delivery(story(10)), width=3)
