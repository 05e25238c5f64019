"""Output operations, transform and union, and the streams they stand on."""

from datetime import datetime

import pytest

from sparksim.core.errors import IllegalArgumentError, SparkException, SparkJobError
from sparksim.trace.events import BatchSubmitted

RULE = "-" * 43


def test_pprint_prints_as_pyspark_does(app, capsys):
    app = app(batch=0.5)
    app.ssc.queueStream([[1, "a", None], [("k", 2)]]).pprint(2)
    app.run(1.7)
    assert capsys.readouterr().out == (
        f"{RULE}\nTime: 1970-01-01 00:00:00.500000\n{RULE}\n1\na\n...\n\n"
        f"{RULE}\nTime: 1970-01-01 00:00:01\n{RULE}\n('k', 2)\n\n"
        f"{RULE}\nTime: 1970-01-01 00:00:01.500000\n{RULE}\n\n"
    )


@pytest.mark.parametrize("num", [-1, "10", 2.0, True, None])
def test_pprint_wants_a_whole_number(app, num):
    with pytest.raises(IllegalArgumentError) as error:
        app().ssc.queueStream([]).pprint(num)
    assert str(error.value) == f"num={num!r}: give the number of records to print, 0 or more"


def test_foreachrdd_takes_the_rdd_or_the_time_and_the_rdd(app):
    app = app()
    stream, seen = app.ssc.queueStream([[1, 2]]), []
    stream.foreachRDD(lambda rdd: seen.append(rdd.collect()))
    stream.foreachRDD(lambda time, rdd: seen.append((time, rdd.collect())))
    stream.foreachRDD(lambda time, rdd=None: seen.append((time, rdd.collect())))
    stream.foreachRDD(lambda *given: seen.append(len(given)))
    stream.foreachRDD(seen.append)
    app.run(1.9)
    at_1 = datetime(1970, 1, 1, 0, 0, 1)
    assert seen[:4] == [[1, 2], (at_1, [1, 2]), (at_1, [1, 2]), 2]
    assert seen[4].collect() == [1, 2]


@pytest.mark.parametrize("wrong", [lambda: 0, lambda a, b, c: 0])
def test_a_function_of_another_form_is_refused_at_once(app, wrong):
    stream = app().ssc.queueStream([])
    with pytest.raises(IllegalArgumentError, match=r"arguments; give one of \(rdd\) or \(time, rdd\)"):
        stream.foreachRDD(wrong)
    with pytest.raises(IllegalArgumentError, match=r"transform\(5\): give a function of \(rdd\) or \(time, rdd\)"):
        stream.transform(5)


def test_a_transform_runs_on_the_driver_when_the_batch_is_generated(app):
    app = app()
    seen = []

    def note(time, rdd):
        seen.append((time.second, app.clock.now_ms))
        return rdd.map(lambda x: x + 1)

    batches = app.collect(app.ssc.queueStream([[1], [2]]).transform(note))
    app.run(2.9)
    assert batches == [(1000, [2]), (2000, [3])]
    assert seen == [(1, 1000), (2, 2000)]


@pytest.mark.parametrize(("keep", "calls"), [(lambda stream: stream, 2), (lambda stream: stream.cache(), 1)])
def test_a_transform_runs_for_every_stream_made_from_it_unless_it_is_kept(app, keep, calls):
    app, seen = app(), []
    transformed = keep(app.ssc.queueStream([[1, 2]]).transform(lambda rdd: seen.append(rdd.id()) or rdd))
    app.collect(transformed)
    odd = app.collect(transformed.filter(lambda x: x % 2))
    app.run(1.9)
    assert len(seen) == calls
    assert odd == [(1000, [1])]


def test_a_transform_must_give_an_rdd(app):
    app = app()
    app.ssc.queueStream([[1]]).transform(lambda rdd: rdd.collect()).pprint()
    app.ssc.start()
    with pytest.raises(SparkException, match="a transform function must return an RDD or None, not a list"):
        app.ssc.awaitTermination()


def test_where_one_of_two_streams_has_no_rdd_it_counts_as_empty(app):
    app = app()
    gaps = app.ssc.queueStream([[1], [2]]).transform(lambda time, rdd: rdd if time.second == 2 else None)
    batches = app.collect(gaps.union(app.ssc.queueStream([[10], [20]])))
    app.run(2.9)
    assert batches == [(1000, [10]), (2000, [2, 20])]


def test_a_union_of_many_streams_wants_all_of_them(app):
    app = app()
    gaps = app.ssc.queueStream([[1]]).transform(lambda rdd: None)
    app.ssc.union(gaps, app.ssc.queueStream([[10]])).pprint()
    app.ssc.start()
    with pytest.raises(SparkException, match="Couldn't generate RDD from parent at time 1000 ms"):
        app.ssc.awaitTermination()


def test_union_adds_records_and_partitions(app):
    app = app()
    streams = [app.ssc.queueStream([app.sc.parallelize([n], 1)]) for n in range(3)]
    seen = []
    app.ssc.union(*streams).foreachRDD(lambda rdd: seen.append((rdd.getNumPartitions(), sorted(rdd.collect()))))
    app.run(1.9)
    assert seen == [(3, [0, 1, 2])]
    assert app.ssc._graph.inputs[2].stream_id == 2


def test_union_refuses_what_does_not_fit(app):
    ssc = app().ssc
    with pytest.raises(ValueError, match="should have at least one DStream to union"):
        ssc.union()
    stream = ssc.queueStream([])
    assert ssc.union(stream) is stream
    with pytest.raises(IllegalArgumentError, match="give at least one DStream"):
        ssc.transform([], lambda rdds: rdds[0])


@pytest.mark.parametrize(
    ("rdds", "options", "expected"),
    [
        ([[1], [2]], {}, [[1], [2], []]),
        ([[1], [2, 3]], {"oneAtATime": False}, [[1, 2, 3], [], []]),
        ([[1]], {"default": [9]}, [[1], [9], [9]]),
        ([], {}, [[], [], []]),
    ],
)
def test_a_queue_stream_gives_its_rdds_then_the_default(app, rdds, options, expected):
    app = app()
    batches = app.collect(app.ssc.queueStream(rdds, **options))
    app.run(3.9)
    assert [records for _, records in batches] == expected


def test_counts_of_empty_batches_follow_pyspark(app):
    """An RDD with an empty partition counts 0; one without partitions gives no element at all."""
    app = app()
    batches = app.collect(app.ssc.queueStream([app.sc.emptyRDD(), app.sc.parallelize([], 1)]).count())
    app.run(2.9)
    assert batches == [(1000, []), (2000, [0])]


def test_a_record_that_breaks_a_function_fails_its_batch_with_the_users_traceback(app):
    app = app()
    batches = app.collect(app.ssc.queueStream([["1"], ["two"], ["3"]]).map(int))
    app.ssc.start()
    with pytest.raises(SparkJobError) as error:
        app.ssc.awaitTermination()
    assert "ValueError: invalid literal for int() with base 10: 'two'" in str(error.value)
    app.clock.sleep(1500)
    assert [records for _, records in batches][:2] == [[1], [3]]


def test_a_function_that_cannot_be_sent_fails_its_batch_and_names_the_variable(app):
    import threading

    app, lock = app(), threading.Lock()
    app.collect(app.ssc.queueStream([[1]]).map(lambda x: (x, lock)))
    app.ssc.start()
    with pytest.raises(SparkException, match="'lock'"):
        app.ssc.awaitTermination()


def test_batches_are_saved_in_directories_named_after_their_time(app, tmp_path):
    app = app()
    app.ssc.queueStream([app.sc.parallelize(["a", "b"], 1)]).saveAsTextFiles(str(tmp_path / "words"), "txt")
    app.run(2.9)
    assert (tmp_path / "words-1000.txt" / "part-00000").read_text() == "a\nb\n"
    assert [event.batch_time_ms for event in app.of(BatchSubmitted)] == [1000, 2000]


def test_a_stream_in_a_closure_is_explained(app):
    app = app()
    stream = app.ssc.queueStream([[1]])
    app.collect(stream.map(lambda x: stream))
    app.ssc.start()
    with pytest.raises(SparkException, match="'stream'"):
        app.ssc.awaitTermination()
