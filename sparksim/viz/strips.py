"""The delivery of a run before it is drawn: for each log a strip of four lanes, each record a column, as plain values.

From top to bottom a strip shows a record at its producer, in its log, in the batches and in the sinks. Neighbours that
look alike are one span, so five thousand records that fared well are one. `sparksim.viz.delivery` only draws it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from sparksim.trace.anomalies import Anomaly, AnomalyRow, kinds_of
from sparksim.trace.delivery import Delivery
from sparksim.trace.fates import BATCH, LOG, LOST, PENDING, PRODUCER, RECEIVER, SKIPPED
from sparksim.trace.kafka_delivery import Case
from sparksim.trace.words import REASONS, anomaly_name
from sparksim.viz.figure_words import figure_words
from sparksim.viz.words import Words

ONCE, SEVERAL, WAITS, NOWHERE, UNKNOWN = "once", "several times", "waits", "not there", "unknown"
GONE, SKIP, BUFFER, FAILURE = "lost", "skipped", "lost in the receiver", "its batch failed"

LANES = ("producer", "log", "batches", "sink")
IN_NO_LOG = "in no log"


@dataclass(frozen=True, slots=True)
class Span:
    """Columns `first` to `last`, both included, that look alike."""

    first: int
    last: int
    state: str


@dataclass(frozen=True, slots=True)
class Note:
    """An anomaly, written at the column of its example. `lane` is where one sees it."""

    column: int
    lane: int
    text: str


@dataclass(slots=True)
class Strip:
    """The records of one log, in the order in which they were produced.

    `numbers` are theirs, by column. `batches` are spans of columns whose state is the batch time, in seconds, that
    processed them first. `reordered` are columns.
    """

    label: str
    numbers: list[int] = field(default_factory=list)
    lanes: list[list[Span]] = field(default_factory=list)
    batches: list[Span] = field(default_factory=list)
    reordered: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def strips(delivery: Delivery, lang: str | None = None) -> list[Strip]:
    """One per log and producer, in order of topic and partition, and one for all records that are in no log.

    Labels and notes are in the language `lang`, by default the set one.
    """
    words = figure_words(lang)
    by_log: dict[tuple[str, str], list[Case]] = {}
    for case in delivery.kafka.cases():
        places = case.given.places
        key = (places[0].lane[0], case.given.producer) if places else (IN_NO_LOG, "")
        by_log.setdefault(key, []).append(case)
    texts = {row.anomaly: _told(row, words, lang) for row in delivery.anomalies}
    logs = [log for log, _ in by_log]
    made = []
    for (log, producer), cases in sorted(by_log.items(), key=lambda each: _rank(*each[0])):
        label = words["in no log"] if log == IN_NO_LOG else f"{log}, {producer}" if logs.count(log) > 1 else log
        made.append(_strip(label, cases, _notes(cases, texts, delivery)))
    return made


def _told(row: AnomalyRow, words: Words, lang: str | None) -> str:
    name, decided_by = anomaly_name(row.anomaly, lang), REASONS.of(row.decided_by, lang)
    return words["anomaly"].format(anomaly=name, records=f"{row.records:,}", decided_by=decided_by)


def _rank(log: str, producer: str) -> tuple[bool, str, int, str]:
    topic, _, partition = log.rpartition("/")
    return log == IN_NO_LOG, topic, int(partition) if partition.isdigit() else 0, producer


def _strip(label: str, cases: list[Case], notes: list[Note]) -> Strip:
    states = [_states(case) for case in cases]
    lanes = [list(_spans(state[lane] for state in states)) for lane in range(len(LANES))]
    batches = [span for span in _spans(map(_first_batch, cases)) if span.state]
    reordered = [column for column, case in enumerate(cases) if case.row.reordered]
    return Strip(label, [case.row.record for case in cases], lanes, batches, reordered, notes)


def _notes(cases: list[Case], texts: dict[str, str], delivery: Delivery) -> list[Note]:
    """Each kind is noted once in the figure: where it occurs first."""
    notes = []
    for column, case in enumerate(cases):
        for kind in kinds_of(case, delivery.kafka) if texts else ():
            text = texts.pop(kind.value, None)
            if text is not None:
                notes.append(Note(column, LANE_OF[kind], text))
    return notes


LANE_OF = {
    Anomaly.FAILED_WRITE: 0,
    Anomaly.LOST_WRITE: 1,
    Anomaly.PRODUCED_TWICE: 1,
    Anomaly.REORDERED: 1,
    Anomaly.ABORTED_READ: 2,
    Anomaly.PHANTOM: 1,
    Anomaly.EXPIRED: 1,
    Anomaly.SKIPPED: 2,
    Anomaly.COMMITTED_UNPROCESSED: 2,
    Anomaly.LOST_IN_RECEIVER: 2,
    Anomaly.LOST_WITH_BATCH: 2,
    Anomaly.DUPLICATE: 2,
    Anomaly.DOUBLED_ROW: 3,
    Anomaly.ROLLED_BACK: 3,
    Anomaly.UNOBSERVED: 2,
}


def _states(case: Case) -> tuple[str, str, str, str]:
    return _at_producer(case), _in_log(case), _in_batches(case), _in_sinks(case)


def _at_producer(case: Case) -> str:
    row, ended = case.row, case.given.ended
    if row.outcome == LOST and row.where == PRODUCER:
        return GONE
    if ended is None:
        return UNKNOWN if row.producer in (place.lane[0] for place in case.given.places) else WAITS
    return GONE if ended.error else ONCE


def _in_log(case: Case) -> str:
    if not case.given.places:
        return NOWHERE
    standing = [gone for gone in case.gone if gone is None or not gone.truncated]
    if not standing or (case.row.outcome == LOST and case.row.where == LOG):
        return GONE
    return ONCE if len(standing) == 1 else SEVERAL


def _in_batches(case: Case) -> str:
    row = case.row
    if row.times:
        return ONCE if row.times == 1 else SEVERAL
    if row.outcome == PENDING:
        return WAITS if case.given.places and row.where != PRODUCER else NOWHERE
    return {SKIPPED: SKIP, RECEIVER: BUFFER, BATCH: FAILURE}.get(row.where, NOWHERE)


def _in_sinks(case: Case) -> str:
    rows = case.row.rows
    if rows is None:
        return UNKNOWN if case.given.places else NOWHERE
    if rows == 0:
        return GONE if case.was_rolled_back else NOWHERE
    return ONCE if rows == 1 else SEVERAL


def _first_batch(case: Case) -> str:
    times = [entry.first_batch_ms for entry in case.entries if entry and entry.first_batch_ms is not None]
    return f"{min(times) / 1000:g} s" if times else ""


def _spans(states: Iterable[str]) -> Iterator[Span]:
    column = 0
    for state, group in groupby(states):
        length = sum(1 for _ in group)
        yield Span(column, column + length - 1, state)
        column += length
