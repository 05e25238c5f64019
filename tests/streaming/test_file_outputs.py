"""What a batch leaves in files: one directory per batch, one file per partition."""

from __future__ import annotations

import pickle

import pytest

from sparksim.core.errors import FileAlreadyExists, IllegalArgumentError, SparkJobError
from sparksim.streaming.output_files import output_directory, tabbed_lines


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_text_files_are_named_by_prefix_time_and_suffix(app, tmp_path):
    app = app()
    app.ssc.queueStream([app.sc.parallelize(["a", b"b", 3], 2)]).saveAsTextFiles(f"{tmp_path}/out", "txt")
    app.run(1.9)
    assert names(tmp_path) == ["out-1000.txt"]
    assert contents(tmp_path / "out-1000.txt") == {"_SUCCESS": b"", "part-00000": b"a\n", "part-00001": b"b\n3\n"}


def test_without_a_suffix_there_is_no_dot(app, tmp_path):
    app = app()
    app.ssc.queueStream([["a"], ["b"]]).saveAsTextFiles(f"{tmp_path}/out")
    app.run(2.9)
    assert names(tmp_path) == ["out-1000", "out-2000"]


def test_an_empty_batch_leaves_a_directory_too(app, tmp_path):
    app = app()
    app.ssc.queueStream([], default=app.sc.emptyRDD()).saveAsObjectFiles(f"{tmp_path}/out")
    app.run(1.9)
    assert contents(tmp_path / "out-1000") == {"_SUCCESS": b""}


@pytest.mark.parametrize("method", ["saveAsTextFiles", "saveAsObjectFiles", "saveAsHadoopFiles"])
def test_in_a_directory_that_exists_parts_are_replaced_and_other_files_stay(app, tmp_path, method):
    app = app()
    (tmp_path / "out-1000").mkdir()
    (tmp_path / "out-1000" / "part-00000").write_text("before")
    (tmp_path / "out-1000" / "notes").write_text("mine")
    getattr(app.ssc.queueStream([app.sc.parallelize([("a", 1)], 1)]), method)(f"{tmp_path}/out")
    app.run(1.9)
    assert names(tmp_path / "out-1000") == ["_SUCCESS", "notes", "part-00000"]
    assert (tmp_path / "out-1000" / "part-00000").read_bytes() != b"before"
    assert (tmp_path / "out-1000" / "notes").read_text() == "mine"


def test_an_rdd_may_be_saved_into_a_directory_that_exists_inside_a_batch_only(app, tmp_path):
    app = app()
    app.ssc.queueStream([["a"], ["b"]]).foreachRDD(lambda rdd: rdd.coalesce(1).saveAsTextFile(f"{tmp_path}/out"))
    app.run(2.9)
    assert (tmp_path / "out" / "part-00000").read_text() == "b\n"
    with pytest.raises(FileAlreadyExists):
        app.sc.parallelize(["c"]).saveAsTextFile(f"{tmp_path}/out")


def test_object_files_hold_one_pickled_list_per_partition(app, tmp_path):
    app = app()
    records = [{"a": 1}, ("b", 2), None]
    app.ssc.queueStream([app.sc.parallelize(records, 3)]).saveAsObjectFiles(f"{tmp_path}/out", "pickle")
    app.run(1.9)
    parts = sorted((tmp_path / "out-1000.pickle").glob("part-*"))
    assert [pickle.loads(part.read_bytes()) for part in parts] == [[record] for record in records]


def test_hadoop_files_hold_a_key_a_tab_and_a_value(app, tmp_path):
    app = app()
    pairs = app.sc.parallelize([("a", 1), ("b", [2, 3])], 1)
    app.ssc.queueStream([pairs]).saveAsHadoopFiles(f"{tmp_path}/out", "tsv")
    app.run(1.9)
    assert (tmp_path / "out-1000.tsv" / "part-00000").read_text() == "a\t1\nb\t[2, 3]\n"


def test_hadoop_leaves_out_what_is_none():
    assert tabbed_lines(iter([("a", 1), (None, 2), ("c", None), (None, None), ["d", b"x"]])) == b"a\t1\n2\nc\nd\tx\n"


@pytest.mark.parametrize("record", ["ab", 1, ("a",), ("a", 1, 2)])
def test_a_record_that_is_no_pair_is_named(record):
    with pytest.raises(
        IllegalArgumentError, match=r"writes \(key, value\) pairs, and met the record .*: map the stream"
    ):
        tabbed_lines(iter([record]))


def test_a_record_that_is_no_pair_fails_the_batch(app, tmp_path):
    app = app()
    app.ssc.queueStream([["word"]]).saveAsHadoopFiles(f"{tmp_path}/out")
    with pytest.raises(
        SparkJobError, match=r"saveAsHadoopFiles writes \(key, value\) pairs, and met the record 'word'"
    ):
        app.run(2)


@pytest.mark.parametrize(
    ("prefix", "suffix", "name"),
    [("p", "s", "p-7.s"), ("p", "", "p-7"), ("", "s", "7.s"), ("", "", "7"), ("a/b", "", "a/b-7")],
)
def test_names_of_directories(prefix, suffix, name):
    assert output_directory(prefix, suffix, 7) == name


@pytest.mark.parametrize("method", ["saveAsTextFiles", "saveAsObjectFiles", "saveAsHadoopFiles"])
def test_a_prefix_that_is_no_text_is_refused(app, method):
    app = app()
    stream = app.ssc.queueStream([])
    with pytest.raises(
        IllegalArgumentError, match=r"^prefix=7: give the beginning of the path of each batch's directory"
    ):
        getattr(stream, method)(7)
    assert app.ssc._graph.outputs == []


def test_a_suffix_that_is_no_text_is_refused(app):
    stream = app().ssc.queueStream([])
    with pytest.raises(IllegalArgumentError, match=r"^suffix=None: give the end of the path of each batch's directory"):
        stream.saveAsObjectFiles("out", None)
