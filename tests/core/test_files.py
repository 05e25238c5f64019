"""Files are split as Hadoop splits them; every line belongs to exactly one split."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, InvalidInput, SparkException, SparkJobError
from sparksim.core.files import find_files


def test_line_ends_and_splits(sc: SparkContext, tmp_path: Path) -> None:
    path = tmp_path / "u.txt"
    path.write_bytes(b"a\r\nb\rc\n\nd")
    assert sc.textFile(str(path), 1).glom().collect() == [["a", "b", "c", "", "d"]]
    for least in (2, 3, 4, 5, 9):
        assert sc.textFile(str(path), least).collect() == ["a", "b", "c", "", "d"]
    assert sc.textFile(str(path), use_unicode=False).collect() == [b"a", b"b", b"c", b"", b"d"]


def test_splits_follow_the_wanted_number(sc: SparkContext, tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("".join(f"line {i:02d} é\n" for i in range(100)), encoding="utf-8")
    assert [len(part) for part in sc.textFile(str(path)).glom().collect()] == [51, 49]
    assert [sc.textFile(str(path), least).getNumPartitions() for least in (1, 2, 3, 7)] == [1, 2, 3, 7]
    for least in (1, 3, 7, 50):
        assert sc.textFile(str(path), least).map(len).sum() == 900


def test_lines_longer_than_a_split(sc: SparkContext, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("x" * 200_000 + "\n" + "y" * 10)
    assert sc.textFile(str(path), 8).map(lambda line: (line[0], len(line))).collect() == [("x", 200_000), ("y", 10)]


def test_directories_globs_and_lists(sc: SparkContext, tmp_path: Path) -> None:
    for name, text in (("a.txt", "a1"), ("b.txt", "b1\nb2\n"), ("_hidden", "x"), (".h", "y"), ("empty", "")):
        (tmp_path / name).write_text(text)
    assert sc.textFile(str(tmp_path), 1).glom().collect() == [["a1"], ["b1", "b2"]]
    assert sc.textFile(f"{tmp_path}/?.txt").collect() == ["a1", "b1", "b2"]
    assert sc.textFile(f"{tmp_path}/{{b,a}}.txt").collect() == ["a1", "b1", "b2"]
    assert sc.textFile(f"{tmp_path}/b.txt,{tmp_path}/a.txt").collect() == ["b1", "b2", "a1"]
    assert sc.textFile(f"file:{tmp_path}/a.txt").name() == f"file:{tmp_path}/a.txt"
    assert sc.textFile(f"file:{tmp_path}/a.txt").collect() == ["a1"]


def test_compressed_files(sc: SparkContext, tmp_path: Path) -> None:
    lines = [f"g{i}" for i in range(50)]
    (tmp_path / "z.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (tmp_path / "z.bz2").write_bytes(bz2.compress("\n".join(lines).encode()))
    assert sc.textFile(f"{tmp_path}/z.gz", 3).glom().collect() == [lines]
    assert sc.textFile(f"{tmp_path}/z.bz2", 2).collect() == lines


def test_byte_order_mark_and_broken_text(sc: SparkContext, tmp_path: Path) -> None:
    (tmp_path / "bom.txt").write_bytes(b"\xef\xbb\xbfa\nb\xff")
    assert sc.textFile(f"{tmp_path}/bom.txt", 1).collect() == ["a", "b\ufffd"]


def test_other_file_systems(sc: SparkContext) -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe("/in/a.txt", b"one\ntwo\n")
    assert sc.textFile("memory://in/a.txt").collect() == ["one", "two"]
    assert sc.wholeTextFiles("memory://in").collect() == [("memory:///in/a.txt", "one\ntwo\n")]
    sc.parallelize([1, 2], 1).saveAsTextFile("memory://out")
    assert sc.textFile("memory://out").collect() == ["1", "2"]


def test_missing_files_are_noticed_when_partitions_are_needed(sc: SparkContext, tmp_path: Path) -> None:
    lines = sc.textFile(f"{tmp_path}/none").map(len)
    with pytest.raises(InvalidInput, match=r"Input path does not exist: .*none"):
        lines.collect()
    with pytest.raises(FileNotFoundError):
        lines.distinct()
    with pytest.raises(InvalidInput, match="matches no file"):
        sc.textFile(f"{tmp_path}/*.csv").getNumPartitions()


def test_directories_are_read_one_level_deep(sc: SparkContext, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(SparkException, match=r"not a file: .*inner. Directories are read one level deep"):
        find_files(str(tmp_path))


def test_whole_files_share_partitions(sc: SparkContext, tmp_path: Path) -> None:
    for name, text in (("a", "a1"), ("b", "b1\nb2\n"), ("e", "")):
        (tmp_path / name).write_text(text)
    a, b, e = ((f"file:{tmp_path}/{name}", (tmp_path / name).read_text()) for name in "abe")
    assert sc.wholeTextFiles(str(tmp_path)).glom().collect() == [[a, b], [e]]
    assert sc.wholeTextFiles(str(tmp_path), 5).glom().collect() == [[a], [b], [e]]
    assert sc.binaryFiles(str(tmp_path), 5).glom().collect() == [[(path, text.encode()) for path, text in (a, b, e)]]
    assert sc.wholeTextFiles(str(tmp_path), use_unicode=False).values().first() == b"a1"


def test_binary_records(sc: SparkContext, tmp_path: Path) -> None:
    (tmp_path / "r.bin").write_bytes(b"abcdefgh")
    assert sc.binaryRecords(f"{tmp_path}/r.bin", 2).collect() == [b"ab", b"cd", b"ef", b"gh"]
    with pytest.raises(SparkJobError, match="ends with 2 bytes, which is no whole record of 3 bytes"):
        sc.binaryRecords(f"{tmp_path}/r.bin", 3).collect()
    with pytest.raises(IllegalArgumentError, match="recordLength must be positive, got 0"):
        sc.binaryRecords(f"{tmp_path}/r.bin", 0)
