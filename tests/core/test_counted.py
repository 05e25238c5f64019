"""Records that stand for many are counted as what they stand for."""

import pytest

from sparksim.core import counted
from sparksim.core.counted import CountedRecords, how_many, rows_of_pairs


class Chunk:
    def __init__(self, rows):
        self.rows = rows


@pytest.fixture(autouse=True)
def chunks(monkeypatch):
    monkeypatch.setitem(counted.ROWS, Chunk, lambda chunk: chunk.rows)


@pytest.mark.parametrize(
    ("pairs", "rows"),
    [
        ([], 0),
        ([(1, "a"), (2, "b")], 2),
        ([(0, Chunk(3)), (1, Chunk(4))], 7),
        ([(0, Chunk(0))], 0),
        ([(Chunk(5), "a chunk is no key")], 1),
    ],
)
def test_a_pair_with_a_chunk_stands_for_its_rows(pairs, rows):
    assert rows_of_pairs(pairs) == rows


def test_records_without_content_are_as_many_as_they_say():
    assert how_many([CountedRecords(3), CountedRecords(4)]) == 7
    assert how_many(["a", "b"]) == 2
