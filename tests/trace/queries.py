"""Streaming queries by their events, written by hand: one method per fact, batches one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from sparksim.trace import Trace
from sparksim.trace import events as e

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ROW = ("ts", "word")


def at(clock: str) -> int:
    """A moment of 2024-01-01, in ms since the epoch."""
    hour, minute = map(int, clock.split(":"))
    return (datetime(2024, 1, 1, hour, minute, tzinfo=timezone.utc) - EPOCH) // timedelta(milliseconds=1)


def cell(clock: str) -> str:
    return f"2024-01-01 {clock}:00"


def window_cell(start: str, end: str) -> str:
    return f"{{{cell(start)}, {cell(end)}}}"


def window_key(start: str, end: str, *parts: str) -> str:
    return repr(((at(start) * 1000, at(end) * 1000), *parts))


class Query:
    """One run of a query; a batch takes 400 ms, one begins each second."""

    def __init__(
        self, name: str | None = "counts", mode: str = "update", run: str = "run-1", operator: str = ""
    ) -> None:
        self.run, self.operator = run, operator or "stateStoreSave"
        self.batch, self.now_ms, self.version = -1, 0.0, 0
        self.watermark_ms = 0
        started = e.QueryStarted(0, run, "query-1", name, mode, "default", ("memory",), "MemorySink")
        self.events: list[e.Event] = [started]

    def plan(self, *, data: bool = True, again: bool = False) -> Query:
        self.batch += 1
        self.now_ms = self.batch * 1000.0
        batch_ms = at("12:00") + int(self.now_ms)
        self.events.append(
            e.QueryBatchPlanned(
                self.now_ms, self.run, self.batch, batch_ms, self.watermark_ms, ("-",), ("0",), data, again
            )
        )
        return self

    def read(self, *rows: Sequence[str], source: int = 0, count: int | None = None, timed: bool = True) -> Query:
        """Rows whose first cell is their event time by the clock, unless they have none (`timed=False`)."""
        sample = tuple((cell(row[0]), *row[1:]) if timed else tuple(row) for row in rows)
        columns = ROW if timed else ("word", "n")
        times = tuple(at(row[0]) for row in rows) if timed else ()
        self.events.append(
            e.QueryRowsRead(
                self.now_ms + 100, self.run, self.batch, source, columns, count or len(rows), sample,
                0 if timed else None, times,
            )
        )  # fmt: skip
        return self

    def late(self, *rows: Sequence[str], count: int | None = None) -> Query:
        columns = tuple(f"c{number}" for number in range(len(rows[0])))
        self.events.append(
            e.QueryRowsLate(
                self.now_ms + 150, self.run, self.batch, 0, 0, self.watermark_ms, count or len(rows), columns,
                tuple(map(tuple, rows)),
            )
        )  # fmt: skip
        return self

    def keep(
        self, keys: int, *changes: tuple[str, str, str], store: str = "default", left_out: int = 0, partition: int = 0
    ) -> Query:
        self.version += 1
        gone = sum(change in ("removed", "expired") for _, change, _ in changes)
        self.events.append(
            e.QueryStateCommitted(
                self.now_ms + 200, self.run, self.batch, 0, self.operator, store, partition, self.version, keys,
                len(changes) - gone, gone, changes, left_out, f"{self.version}.delta",
            )
        )  # fmt: skip
        return self

    def write(self, columns: Sequence[str], *rows: Sequence[str], count: int | None = None) -> Query:
        number = len(rows) if count is None else count
        self.events.append(
            e.QueryRowsWritten(self.now_ms + 300, self.run, self.batch, tuple(columns), number, tuple(map(tuple, rows)))
        )
        return self

    def commit(self, watermark: str = "") -> Query:
        """`watermark` by the clock; as before without one."""
        if watermark:
            self.watermark_ms = at(watermark)
        own = (self.watermark_ms or None,)
        self.events.append(e.QueryBatchCommitted(self.now_ms + 400, self.run, self.batch, self.watermark_ms, own))
        return self

    def end(self, error: str | None = None) -> Query:
        self.events.append(e.QueryTerminated(self.now_ms + 500, self.run, error))
        return self

    def trace(self) -> Trace:
        return Trace(self.events)


NINE, TEN = ("10:00", "10:10"), ("10:10", "10:20")
RESULT = ("window", "word", "count")


def windowed_count() -> Query:
    """Ten-minute windows with a delay of ten minutes: a window that goes, and a row that is too late for it."""
    query = Query()
    query.plan().read(("10:02", "cat"), ("10:07", "dog")).keep(
        2, (window_key(*NINE, "cat"), "created", "(1,)"), (window_key(*NINE, "dog"), "created", "(1,)")
    )
    query.write(RESULT, (window_cell(*NINE), "cat", "1"), (window_cell(*NINE), "dog", "1")).commit("09:57")
    query.plan().read(("10:12", "cat"), ("10:04", "dog")).keep(
        3, (window_key(*TEN, "cat"), "created", "(1,)"), (window_key(*NINE, "dog"), "updated", "(2,)")
    )
    query.write(RESULT, (window_cell(*TEN), "cat", "1"), (window_cell(*NINE), "dog", "2")).commit("10:02")
    query.plan().read(("10:21", "owl")).keep(4, (window_key("10:20", "10:30", "owl"), "created", "(1,)"))
    query.write(RESULT, (window_cell("10:20", "10:30"), "owl", "1")).commit("10:11")
    query.plan(data=False).keep(2, (window_key(*NINE, "cat"), "expired", ""), (window_key(*NINE, "dog"), "expired", ""))
    query.write(RESULT).commit()
    query.plan().read(("10:08", "dog"), ("10:17", "cat")).late((window_cell(*NINE), "dog"))
    query.keep(2, (window_key(*TEN, "cat"), "updated", "(2,)"))
    query.write(RESULT, (window_cell(*TEN), "cat", "2")).commit()
    return query
