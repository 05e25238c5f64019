"""What became of every record: processed once, several times, lost and why, or still on its way.

Read from the trace alone. A record's way goes source → block → batch → output operations (`trace/fates.py`). It counts
as processed when every output operation of its batch that reads its stream succeeded; as lost when an event says so, or
when one of them failed; as pending when the run ended before either. A driver that starts again may run a batch again:
what was processed stays processed, and is processed once more if its block was still there.

Two kinds of source keep what they send. A message that a queue delivered again may be in two blocks, and counts as
often as both were processed. What a batch reads of a log directly is in no block: its range is followed like one.
Where Kafka is in the run, the account begins before the log and ends behind the batch: `trace/kafka_delivery.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sparksim.core.language import Text
from sparksim.trace.anomalies import AnomalyRow, anomaly_rows
from sparksim.trace.entries import Ledger
from sparksim.trace.events import Event
from sparksim.trace.fates import LOST, ONCE, PENDING, REPEATED
from sparksim.trace.kafka_delivery import KafkaDelivery, ProducedRow
from sparksim.trace.story import StoryRow, story_of
from sparksim.trace.table import Table
from sparksim.trace.words import OUTCOMES, fates

SENT = Text("{} records sent: ", "已发送 {} 条记录：")

STORY_WIDTH = 1000
"""Stories are shown whole."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One record. `times` counts how often it was processed, `reads` how many task attempts pulled it."""

    source: str
    record: int
    stream_id: int | None
    block_id: str
    batch_time_ms: int | None
    outcome: str
    times: int
    reads: int
    reason: str


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """Records of one source with the same outcome for the same reason."""

    source: str
    outcome: str
    records: int
    share: str
    reason: str


@dataclass(frozen=True, slots=True)
class LossRow:
    """A run of lost records, `first` to `last`, both included."""

    source: str
    first: int
    last: int
    records: int
    reason: str


class Delivery:
    """The account of a run. `sent` is how many records the sources sent; every one of them is in exactly one row."""

    def __init__(self, trace: Iterable[Event], stream: int | None = None) -> None:
        self._events = list(trace)
        ledger = Ledger(stream)
        for number, event in enumerate(self._events):
            ledger.follow(number, event)
        self._entries = ledger.entries()
        self.records: Table[RecordRow] = Table(RecordRow, self._rows())

    def of_stream(self, stream_id: int) -> Delivery:
        """The account as this input stream alone has it.

        A log that several streams read is otherwise told by the one that fared worst with each record.
        """
        return Delivery(self._events, stream_id)

    @property
    def sent(self) -> int:
        """Records that the sources sent."""
        return len(self.records)

    def count(self, outcome: str) -> int:
        """Records with this outcome: "once", "n times", "lost" or "pending"."""
        return sum(row.outcome == outcome for row in self.records)

    @property
    def summary(self) -> Table[SummaryRow]:
        """How many records of each source ended how, and why."""
        totals: dict[str, int] = {}
        groups: dict[tuple[str, str, str], int] = {}
        for row in self.records:
            totals[row.source] = totals.get(row.source, 0) + 1
            key = (row.source, row.outcome, row.reason)
            groups[key] = groups.get(key, 0) + 1
        order = {outcome: position for position, outcome in enumerate((ONCE, REPEATED, LOST, PENDING))}
        ordered = sorted(groups.items(), key=lambda each: (each[0][0], order[each[0][1]], each[0][2]))
        return Table(
            SummaryRow,
            [
                SummaryRow(source, outcome, records, f"{100 * records / totals[source]:.1f} %", reason)
                for (source, outcome, reason), records in ordered
            ],
        )

    @property
    def lost(self) -> Table[LossRow]:
        """The lost records, as ranges."""
        ranges: list[LossRow] = []
        for row in self.records.where(outcome=LOST):
            last = ranges[-1] if ranges else None
            if last and (last.source, last.reason, last.last) == (row.source, row.reason, row.record - 1):
                ranges[-1] = LossRow(last.source, last.first, row.record, last.records + 1, last.reason)
            else:
                ranges.append(LossRow(row.source, row.record, row.record, 1, row.reason))
        return Table(LossRow, ranges)

    @cached_property
    def kafka(self) -> KafkaDelivery:
        """The account from producers to sinks, from which `produced` and `anomalies` are made."""
        return KafkaDelivery(self._events, self._entries)

    @cached_property
    def produced(self) -> Table[ProducedRow]:
        """One row per record that a producer was given; of logs with unknown producers, one per record of the log."""
        return Table(ProducedRow, (case.row for case in self.kafka.cases()))

    @cached_property
    def anomalies(self) -> Table[AnomalyRow]:
        """One row per kind of anomaly (`sparksim.trace.anomalies.Anomaly`) that occurs in `produced`."""
        return Table(AnomalyRow, anomaly_rows(self.kafka, self._events), width=STORY_WIDTH)

    def story(self, source: str, number: int) -> Table[StoryRow]:
        """All that happened to one record: `story("orders/0", 17)` by log and offset, or by producer and number.

        Where the log gave the offset more than once, it is the story of all these records. Raises `ValueError` for a
        record that does not exist.
        """
        return Table(StoryRow, story_of(source, number, self.kafka, self._events), width=STORY_WIDTH)

    def __str__(self) -> str:
        counts = fates({outcome: self.count(outcome) for outcome in OUTCOMES})
        return f"{SENT.of().format(self.sent)}{counts}\n{self.summary}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.summary._repr_html_()

    def _rows(self) -> Iterator[RecordRow]:
        for (source, _), entries in self._entries.items():
            for number, entry in entries.items():
                yield RecordRow(
                    source,
                    number,
                    entry.stream_id,
                    entry.block_id,
                    entry.batch_time_ms,
                    entry.outcome,
                    entry.times,
                    entry.reads,
                    entry.reason,
                )
