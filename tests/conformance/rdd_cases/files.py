"""Text files in and out."""

import gzip

from tests.conformance.cases import case
from tests.conformance.probes import directory, spark_refuses


def _written(path):
    """Names and texts of the files an action wrote, checksums aside."""
    return sorted(
        (file.name, file.read_text(encoding="utf-8")) for file in path.iterdir() if not file.name.startswith(".")
    )


@case
def save_as_text_file_writes_a_part_per_partition(sc):
    with directory() as path:
        sc.parallelize(["a", "b", "c"], 2).saveAsTextFile(str(path / "out"))
        return _written(path / "out")


@case
def save_as_text_file_writes_the_text_of_records(sc):
    with directory() as path:
        sc.parallelize([1, 2.5, ("k", None), "ü", [1], True], 1).saveAsTextFile(str(path / "out"))
        return _written(path / "out")


@case
def save_as_text_file_writes_empty_parts(sc):
    with directory() as path:
        sc.parallelize([1], 2).saveAsTextFile(str(path / "out"))
        return _written(path / "out")


@case
def save_as_text_file_refuses_an_existing_directory(sc):
    with directory() as path:
        return spark_refuses(lambda: sc.parallelize([1], 1).saveAsTextFile(str(path)), "already exists")


@case
def text_file_lines(sc):
    with directory() as path:
        (path / "in.txt").write_text("one\ntwo\n\nfour\n", encoding="utf-8")
        return sc.textFile(str(path / "in.txt")).collect()


@case
def text_file_without_a_last_newline(sc):
    with directory() as path:
        (path / "in.txt").write_text("one\ntwo", encoding="utf-8")
        return sc.textFile(str(path / "in.txt")).collect()


@case
def text_file_line_ends(sc):
    with directory() as path:
        (path / "in.txt").write_bytes(b"a\r\nb\rc\nd\x0be\xc2\x85f\n")
        return sc.textFile(str(path / "in.txt"), 1).collect()


@case
def text_file_of_no_bytes(sc):
    with directory() as path:
        (path / "in.txt").write_text("", encoding="utf-8")
        lines = sc.textFile(str(path / "in.txt"))
        return lines.collect()


@case
def text_file_default_partitions(sc):
    with directory() as path:
        (path / "in.txt").write_text("".join(f"line {i}\n" for i in range(10)), encoding="utf-8")
        return sc.textFile(str(path / "in.txt")).glom().collect()


@case
def text_file_in_three_parts(sc):
    with directory() as path:
        (path / "in.txt").write_text("a\nbb\nccc\ndddd\neeeee\nffffff\n", encoding="utf-8")
        return sc.textFile(str(path / "in.txt"), 3).glom().collect()


@case
def text_file_of_a_directory(sc):
    with directory() as path:
        for name in ("b.txt", "a.txt", "_hidden", ".hidden"):
            (path / name).write_text(f"from {name}\n", encoding="utf-8")
        return sorted(sc.textFile(str(path)).collect())


@case
def text_file_of_a_pattern(sc):
    with directory() as path:
        for name in ("a1.txt", "a2.txt", "b1.txt"):
            (path / name).write_text(f"{name}\n", encoding="utf-8")
        return sorted(sc.textFile(f"{path}/a*.txt").collect())


@case
def text_file_of_several_paths(sc):
    with directory() as path:
        for name in ("x", "y"):
            (path / name).write_text(f"{name}\n", encoding="utf-8")
        return sc.textFile(f"{path}/x,{path}/y", 1).collect()


@case
def text_file_that_is_missing(sc):
    with directory() as path:
        missing = sc.textFile(str(path / "nothing"))
        return spark_refuses(missing.collect, "Input path does not exist")


@case
def text_file_of_gzip(sc):
    with directory() as path:
        (path / "in.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
        lines = sc.textFile(str(path / "in.gz"), 3)
        return [lines.getNumPartitions(), lines.collect()]


@case
def text_file_round_trip(sc):
    with directory() as path:
        sc.parallelize(range(6), 3).saveAsTextFile(str(path / "out"))
        return sorted(sc.textFile(str(path / "out")).map(int).collect())


@case
def text_file_with_utf_8(sc):
    with directory() as path:
        (path / "in.txt").write_text("grün\n日本\n", encoding="utf-8")
        return sc.textFile(str(path / "in.txt"), 1).collect()


@case
def whole_text_files(sc):
    with directory() as path:
        for name in ("b", "a"):
            (path / name).write_text(f"{name}\n{name}\n", encoding="utf-8")
        return sorted((name.rpartition("/")[2], text) for name, text in sc.wholeTextFiles(str(path)).collect())


@case
def pickle_file_round_trip(sc):
    with directory() as path:
        sc.parallelize([1, "a", (2, None)], 2).saveAsPickleFile(str(path / "out"))
        return sorted(map(repr, sc.pickleFile(str(path / "out")).collect()))
