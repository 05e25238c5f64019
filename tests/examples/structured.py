"""What the structured examples are given and what they print in the end, on any engine.

A console prints a table for each batch. Where batches end is a matter of time, so a story is judged by all rows that
were printed in append mode, and by the last table in complete mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.cli.process import REPOSITORY

FOLDER = REPOSITORY / "examples" / "structured"
KAFKA = ("10_kafka_source", "11_kafka_batch", "12_kafka_sink", "13_kafka_batch_write")
Cells = tuple[str, ...]


@dataclass(frozen=True)
class Story:
    """Lines that arrive on sockets, step by step, and rows that are printed then.

    `steps`: for each step the lines of each socket. `rows`: of the last table, or of all if `is_append`. `shown`: what
    has to be printed after each step before the next may come, unless any table will do.
    """

    name: str
    steps: Sequence[Sequence[Sequence[str]]]
    rows: frozenset[Cells]
    is_append: bool = False
    args: Sequence[str] = ()
    shown: Sequence[str] = ()
    skipped: int = 0
    """So many columns at the beginning depend on the present."""


LINE_OF_AN_EVENT = "1,{},2024-01-01,1 Main St,Ulm,BW,DE,48.4,10.0"
USERS = {"events_1.csv": "a", "events_2.csv": "a", "events_3.csv": "b"}
COUNTS_OF_USERS = {("a", "2"), ("b", "1")}

WORDS = [[["to be or", "not to be"]], [["or not"]]]
EVENTS = [[["2024-01-01 10:02:00 to be"]], [["2024-01-01 10:25:00 or"]], [["2024-01-01 10:03:00 to"]]]
SENT = [[["a,2024-01-01 10:00:00", "b,2024-01-01 10:00:01"]], [["a,2024-01-01 10:00:02", "a,2024-01-01 10:00:00"]]]
TEN, TWENTY_PAST = "2024-01-01 10:00:00", "2024-01-01 10:20:00"
SHOWN = [[[f"7,{TEN}", f"8,{TEN}"], [f"9,{TWENTY_PAST}"]], [[], [f"7,{TWENTY_PAST}"]]]

STORIES = [
    Story("02_windowed_word_count", [[["to"]]], frozenset({("to", "1")}), skipped=1),
    Story("01_word_count", WORDS, frozenset({("to", "2"), ("be", "2"), ("or", "2"), ("not", "2")})),
    Story(
        "03_watermark",
        EVENTS,
        frozenset(
            (f"{{2024-01-01 {begin}:00, 2024-01-01 {end}:00}}", word, "1")
            for begin, end in (("09:55", "10:05"), ("10:00", "10:10"))
            for word in ("to", "be")
        ),
        is_append=True,
        shown=("Batch: ", "|{2024", "Batch: "),
    ),
    Story("04_dataframe_operations", WORDS, frozenset({("not", "1")}), is_append=True),
    Story("05_sql_view", WORDS, frozenset({("8", "to")})),
    Story("06_sums_by_first_letter", WORDS, frozenset({("t", "2.0"), ("b", "2.0"), ("o", "2.0"), ("n", "2.0")})),
    Story("07_join_streams", SHOWN, frozenset({("7", TEN, "7", TWENTY_PAST)}), is_append=True),
    Story("08_drop_duplicates", SENT, frozenset({("a", TEN), ("b", "2024-01-01 10:00:01")}), is_append=True),
    Story(
        "08_drop_duplicates",
        SENT,
        frozenset({("a", TEN), ("b", "2024-01-01 10:00:01"), ("a", "2024-01-01 10:00:02")}),
        is_append=True,
        args=("both",),
    ),
]


def tables(printed: str) -> list[list[Cells]]:
    """The rows of each table that a console printed, without the names of the columns."""
    found: list[list[Cells]] = []
    for line in printed.splitlines():
        if line.startswith("Batch: "):
            found.append([])
        elif line.startswith("|") and found:
            found[-1].append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return [rows[1:] for rows in found]


def rows_of(story: Story, printed: str) -> frozenset[Cells]:
    """What the story is judged by."""
    shown = tables(printed)
    return frozenset(row[story.skipped :] for table in (shown if story.is_append else shown[-1:]) for row in table)
