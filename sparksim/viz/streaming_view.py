"""What the Streaming page draws, as one JSON value: four charts, the input streams, the batches.

The definitions are those of Spark's page (StreamingPage, AllBatchesTable): the input rate of a batch is its records by
the batch interval, averages are plain means over the batches that are kept, the delays share one scale, and histograms
have ten bins from 0 to the top of the scale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sparksim.core.language import language
from sparksim.trace import Trace
from sparksim.trace.trace import EPOCH_MS
from sparksim.viz.delays import CURVES
from sparksim.viz.palette import BLUE, GREEN, ORANGE, PINK
from sparksim.viz.streaming_status import Batch, StreamingStatus
from sparksim.viz.streaming_words import streaming_words

BINS = 10

_CHARTS = (
    ("input rate", ORANGE, "diamond", ""),
    ("scheduling delay", PINK, "circle", ""),
    ("processing time", BLUE, "square", "6 3"),
    ("total delay", GREEN, "triangle", "2 3"),
)
"""Colour, marker and dashes of each chart's curve; the delays are drawn as in the timeline's figure."""

HOLLOW_FROM = 5
"""Markers of the timeline's figure that are larger than this are hollow there."""

_MARKERS = {"^": "triangle", "s": "square", "o": "circle"}
_DASHES = {":": "2 3", "--": "6 3", "-": ""}


def streaming_view(status: StreamingStatus, lang: str | None = None, live: bool = False) -> dict[str, Any]:
    """Everything on the page, in the language `lang`, by default the set one. Times are ms on the run's clock.

    Raises `ValueError` for a language that there is not.
    """
    lang = language(lang)
    words = streaming_words(lang)
    batches = sorted([*status.ended, *status.active.values()], key=lambda batch: batch.batch_time_ms)
    batch_ms = status.started.batch_ms if status.started else 0
    return {
        "lang": lang,
        "words": words,
        "live": live and not status.stopped,
        "app": status.app_name,
        "master": status.master,
        "on_wall_clock": (status.first_ms or 0.0) > EPOCH_MS,
        "started_ms": status.first_ms,
        "now_ms": status.now_ms,
        "batch_ms": batch_ms,
        "completed": status.completed,
        "records": status.records,
        "times_ms": [batch.batch_time_ms for batch in batches],
        "charts": _charts(batches, batch_ms),
        "streams": _streams(status, batches, batch_ms),
        "active": [_row(batch) for batch in reversed(batches) if batch.status in ("queued", "processing")],
        "done": [_row(batch) for batch in reversed(batches) if batch.status == "completed"],
        "abandoned": [_row(batch) for batch in reversed(batches) if batch.status == "abandoned"],
    }


def delays_of(trace: Trace, lang: str | None = None) -> dict[str, Any]:
    """What the delay plot draws: a curve for each delay, in seconds per batch, and the batch interval.

    Times are ms since the run's origin. Raises `ValueError` for a language that there is not.
    """
    words = streaming_words(lang)
    status = StreamingStatus.of(trace, retained=max(1, len(trace)))
    batches = sorted([*status.ended, *status.active.values()], key=lambda batch: batch.batch_time_ms)
    origin_ms = (status.first_ms or 0.0) if trace.on_wall_clock else 0.0
    series = [
        {
            "name": words[label],
            "colour": colour,
            "marker": _MARKERS[marker],
            "dash": _DASHES[dashes],
            "hollow": size > HOLLOW_FROM,
            "values": _seconds([getattr(batch, column) for batch in batches]),
        }
        for column, label, colour, marker, size, dashes in CURVES
    ]
    interval = {"value": status.started.batch_ms / 1000, "name": words["batch interval"]} if status.started else None
    return {
        "times_ms": [batch.batch_time_ms - origin_ms for batch in batches],
        "series": series,
        "level": interval,
        "words": {"label": words["delays"]},
    }


def _charts(batches: Sequence[Batch], batch_ms: int) -> list[dict[str, Any]]:
    values: dict[str, list[float | None]] = {
        "input rate": [_rate(_records(batch), batch_ms) for batch in batches],
        "scheduling delay": _seconds([batch.scheduling_delay_ms for batch in batches]),
        "processing time": _seconds([batch.processing_time_ms for batch in batches]),
        "total delay": _seconds([batch.total_delay_ms for batch in batches]),
    }
    rate_top = top_of(values["input rate"])
    delay_top = top_of([batch_ms / 1000, *(value for kind in list(values)[1:] for value in values[kind])])
    return [
        {
            "kind": kind,
            "colour": colour,
            "marker": marker,
            "dash": dash,
            "values": values[kind],
            "average": average(values[kind]),
            "level": batch_ms / 1000 if kind == "processing time" and batch_ms else None,
            "top": (top := rate_top if kind == "input rate" else delay_top),
            "histogram": histogram(values[kind], top),
        }
        for kind, colour, marker, dash in _CHARTS
    ]


def _streams(status: StreamingStatus, batches: Sequence[Batch], batch_ms: int) -> list[dict[str, Any]]:
    top = top_of([_rate(_records(batch), batch_ms) for batch in batches])
    ids = sorted({*status.receivers, *(stream_id for batch in batches for stream_id, _ in batch.records)})
    streams = []
    for stream_id in ids:
        receiver = status.receivers.get(stream_id)
        rates = [_rate(dict(batch.records).get(stream_id, 0), batch_ms) for batch in batches]
        streams.append(
            {
                "id": stream_id,
                "name": f"Stream {stream_id}" if receiver is None else receiver.name,
                "receiver": receiver is not None,
                "active": receiver is not None and receiver.active,
                "executor": "" if receiver is None else f"{receiver.executor_id} / {receiver.host}",
                "error_ms": None if receiver is None else receiver.error_ms,
                "error": "" if receiver is None else receiver.error,
                "rates": rates,
                "average": average(rates),
                "top": top,
                "histogram": histogram(rates, top),
            }
        )
    return streams


def _row(batch: Batch) -> dict[str, Any]:
    return {
        "batch_time_ms": batch.batch_time_ms,
        "records": _records(batch),
        "scheduling_delay_ms": batch.scheduling_delay_ms,
        "processing_time_ms": batch.processing_time_ms,
        "total_delay_ms": batch.total_delay_ms,
        "succeeded_ops": batch.succeeded_ops,
        "output_ops": batch.output_ops,
        "status": batch.status,
        "failure": batch.failure.strip().splitlines()[-1] if batch.failure.strip() else "",
    }


def _records(batch: Batch) -> int:
    return sum(count for _, count in batch.records)


def _rate(records: int, batch_ms: int) -> float | None:
    return records * 1000 / batch_ms if batch_ms else None


def _seconds(values_ms: Sequence[float | None]) -> list[float | None]:
    return [None if value_ms is None else value_ms / 1000 for value_ms in values_ms]


def average(values: Sequence[float | None]) -> float | None:
    """The plain mean of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def top_of(values: Iterable[float | None]) -> float:
    """The upper end of a scale from 0 on which all of these values are; 1 where there is nothing to show."""
    return max((value for value in values if value is not None), default=0.0) or 1.0


def histogram(values: Sequence[float | None], top: float, bins: int = BINS) -> dict[str, list[Any]]:
    """How many values lie in each of `bins` equal spans from 0 to `top`; a span has its lower edge, the last both."""
    counts = [0] * bins
    for value in values:
        if value is not None:
            counts[min(bins - 1, int(value / top * bins))] += 1
    return {"edges": [top * number / bins for number in range(bins + 1)], "counts": counts}
