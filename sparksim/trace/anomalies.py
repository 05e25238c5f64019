"""What can go wrong between a producer and a sink, by name, with an example of each and the line that decides it.

The names follow those that checkers of Kafka use (Jepsen's and Maelstrom's workloads): lost writes, reads of aborted
writes, skips, duplicates, reorderings, unobserved records. A record may show several of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from sparksim.trace.events import (
    Event,
    OffsetsCommitted,
    RecordsRedelivered,
    RecordsSent,
    SinkRolledBack,
    TaskEnd,
)
from sparksim.trace.fates import BATCH, LOG, LOST, PENDING, PRODUCER, RECEIVER, SKIPPED
from sparksim.trace.kafka_delivery import Case, KafkaDelivery
from sparksim.trace.story import Story


class Anomaly(str, Enum):
    """The kinds, in the order in which a record can meet them on its way."""

    FAILED_WRITE = "failed write"
    """In no log, and its producer was told so: the program that produced it has to do something."""
    LOST_WRITE = "lost write"
    """Its producer believes that it is written, and no reader will ever see it."""
    PRODUCED_TWICE = "produced twice"
    """It was sent again, and stands in its log at two offsets."""
    REORDERED = "reordered"
    """It stands in its log behind one that was produced later, or was processed after one of a higher offset."""
    ABORTED_READ = "aborted read"
    """Its producer was told that it failed, and it was processed all the same."""
    PHANTOM = "phantom"
    """It was processed, and then it was gone from its log: nobody else will ever see it."""
    EXPIRED = "expired"
    """Its log gave it up before it was read: retention, compaction, or the deletion of the topic."""
    SKIPPED = "skipped"
    """Its reader began, or went on, behind it: a hole."""
    COMMITTED_UNPROCESSED = "committed, not processed"
    """Its offset was stored before it was processed; the next driver began behind it."""
    LOST_IN_RECEIVER = "lost in the receiver"
    """Only a process that died had it, and its source believes that it has arrived."""
    LOST_WITH_BATCH = "lost with its batch"
    """Its batch failed, and no batch takes it again."""
    DUPLICATE = "duplicate"
    """It was processed more than once."""
    DOUBLED_ROW = "doubled row"
    """It stands in a sink more than once."""
    ROLLED_BACK = "rolled back"
    """Its write to a sink was undone, and no later one came."""
    UNOBSERVED = "unobserved"
    """The run ended before anything was decided."""


@dataclass(frozen=True, slots=True)
class AnomalyRow:
    """One kind. `wrong_rows` says how many of these records are not in exactly one row of the sinks; None: unknown.

    `example` tells of the first of them, times in seconds; `decided_by` is the setting or the code that decides it.
    """

    anomaly: str
    records: int
    wrong_rows: int | None
    decided_by: str
    example: str


def kinds_of(case: Case, delivery: KafkaDelivery) -> Iterator[Anomaly]:
    """What is wrong with a record."""
    row, given = case.row, case.given
    standing = [left for left in case.gone if left is None or not left.truncated]
    if row.outcome == LOST:
        yield _kind_of_loss(case, delivery)
    elif row.outcome == PENDING:
        yield Anomaly.UNOBSERVED
    if len(standing) > 1:
        yield Anomaly.PRODUCED_TWICE
    if row.reordered:
        yield Anomaly.REORDERED
    if row.times and given.ended is not None and given.ended.error:
        yield Anomaly.ABORTED_READ
    if row.times and not standing:
        yield Anomaly.PHANTOM
    if row.times > 1:
        yield Anomaly.DUPLICATE
    if row.rows is not None and row.rows > 1:
        yield Anomaly.DOUBLED_ROW
    if case.was_rolled_back and row.writes == 0:
        yield Anomaly.ROLLED_BACK


def _kind_of_loss(case: Case, delivery: KafkaDelivery) -> Anomaly:
    where = case.row.where
    truncated = any(left is not None and left.truncated for left in case.gone)
    if where == PRODUCER or (where == LOG and truncated):
        believes = case.given.acknowledged or case.given.lost is not None
        return Anomaly.LOST_WRITE if believes else Anomaly.FAILED_WRITE
    if where == SKIPPED:
        return Anomaly.SKIPPED if stored_before(case, delivery) is None else Anomaly.COMMITTED_UNPROCESSED
    return {LOG: Anomaly.EXPIRED, RECEIVER: Anomaly.LOST_IN_RECEIVER, BATCH: Anomaly.LOST_WITH_BATCH}[where]


def stored_before(case: Case, delivery: KafkaDelivery) -> OffsetsCommitted | None:
    """The commit that passed a record before it was lost."""
    lost_ms = max((entry.lost_ms for entry in case.entries if entry and entry.lost_ms is not None), default=None)
    if lost_ms is None:
        return None
    commits = (delivery.first_commit_behind(place) for place in case.given.places)
    return next((commit for commit in commits if commit is not None and commit.time_ms <= lost_ms), None)


class Finding:
    """The records of one kind; `examples` are the first of each way in which it came about."""

    def __init__(self) -> None:
        self.examples: dict[tuple[str, bool], Case] = {}
        self.records = 0
        self.wrong_rows: int | None = None

    def add(self, case: Case) -> None:
        self.records += 1
        twice_in_log = sum(1 for entry in case.entries if entry is not None and entry.times) > 1
        self.examples.setdefault((case.row.where, twice_in_log), case)
        if case.row.rows is not None:
            self.wrong_rows = (self.wrong_rows or 0) + (case.row.rows != 1)


def findings(delivery: KafkaDelivery) -> dict[Anomaly, Finding]:
    """All kinds that occur, in order, each with its records."""
    found: dict[Anomaly, Finding] = {}
    for case in delivery.cases():
        for kind in kinds_of(case, delivery):
            found.setdefault(kind, Finding()).add(case)
    return {kind: found[kind] for kind in Anomaly if kind in found}


def anomaly_rows(delivery: KafkaDelivery, events: Sequence[Event]) -> Iterator[AnomalyRow]:
    """One row per kind that occurs."""
    for kind, finding in findings(delivery).items():
        stories = [(case, Story.of(case.given, delivery).tell(events)) for case in finding.examples.values()]
        decided_by = dict.fromkeys(DECIDERS[kind](case, story.events, delivery) for case, story in stories)
        example = _sentence(*stories[0])
        yield AnomalyRow(kind.value, finding.records, finding.wrong_rows, "; or ".join(decided_by), example)


def _sentence(case: Case, story: Story) -> str:
    """The story without what happens to every record."""
    unsaid = (RecordsSent.__name__, TaskEnd.__name__)
    told = [f"{row.time_ms / 1000:.3f} s {row.what}" for row in story.rows if row.event not in unsaid]
    end = case.row.reason and f" ({case.row.outcome}: {case.row.reason})"
    return f"record {case.given.number} of {case.given.producer}: {'; '.join(told)}{end}"


# --- the line that decides -------------------------------------------------------------------------------------------

Decider = Callable[[Case, Sequence[Event], KafkaDelivery], str]


def _settings(case: Case, delivery: KafkaDelivery, *names: str) -> str:
    """These settings of its producer, as far as the trace knows them."""
    known: Mapping[str, str] = delivery.producers.settings.get(case.given.producer, {})
    return ", ".join(f"{name}={known[name]}" if name in known else name for name in names)


def _of_lost_write(case: Case, _story: Sequence[Event], delivery: KafkaDelivery) -> str:
    settings = _settings(case, delivery, "acks")
    return "unclean.leader.election.enable=true" if settings == "acks=all" else settings


def _of_failed_write(case: Case, _story: Sequence[Event], delivery: KafkaDelivery) -> str:
    return f"{_settings(case, delivery, 'acks', 'retries')}, delivery.timeout.ms, and whoever hears of the error"


def _of_order(case: Case, _story: Sequence[Event], delivery: KafkaDelivery) -> str:
    if case.is_late:
        return _settings(case, delivery, "max.in.flight.requests.per.connection", "enable.idempotence")
    return "what was read and not stored is delivered again, behind what was stored"


def _of_loss(case: Case, _story: Sequence[Event], delivery: KafkaDelivery) -> str:
    commit = stored_before(case, delivery)
    if commit is not None:
        return f"{commit.cause}, before the record was processed"
    if case.row.where == RECEIVER:
        return "spark.streaming.receiver.writeAheadLog.enable=false"
    return case.row.reason


def _of_duplicate(case: Case, story: Sequence[Event], delivery: KafkaDelivery) -> str:
    if sum(1 for entry in case.entries if entry is not None and entry.times) > 1:
        return _settings(case, delivery, "enable.idempotence")
    if any(isinstance(event, RecordsRedelivered) for event in story):
        return "the offset is stored after the block: at least once"
    commits = [event for event in story if isinstance(event, OffsetsCommitted)]
    if commits:
        return f"{commits[0].cause}, after the output"
    return "the driver's checkpoint, written before the output: its batch runs again"


def _of_rollback(_case: Case, story: Sequence[Event], _delivery: KafkaDelivery) -> str:
    [*_, last] = [event for event in story if isinstance(event, SinkRolledBack)]
    return last.reason


DECIDERS: dict[Anomaly, Decider] = {
    Anomaly.FAILED_WRITE: _of_failed_write,
    Anomaly.LOST_WRITE: _of_lost_write,
    Anomaly.PRODUCED_TWICE: lambda case, story, delivery: _settings(case, delivery, "enable.idempotence"),
    Anomaly.REORDERED: _of_order,
    Anomaly.ABORTED_READ: lambda case, story, delivery: (
        f"{_settings(case, delivery, 'retries')}, delivery.timeout.ms: no answer is not a refusal"
    ),
    Anomaly.PHANTOM: lambda case, story, delivery: "unclean.leader.election.enable=true",
    Anomaly.EXPIRED: _of_loss,
    Anomaly.SKIPPED: _of_loss,
    Anomaly.COMMITTED_UNPROCESSED: _of_loss,
    Anomaly.LOST_IN_RECEIVER: _of_loss,
    Anomaly.LOST_WITH_BATCH: _of_loss,
    Anomaly.DUPLICATE: _of_duplicate,
    Anomaly.DOUBLED_ROW: lambda case, story, delivery: "insert; an upsert by a key of the record writes the same row",
    Anomaly.ROLLED_BACK: _of_rollback,
    Anomaly.UNOBSERVED: lambda case, story, delivery: f"the end of the run: {case.row.reason}",
}
