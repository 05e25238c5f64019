"""What a streaming program can get wrong, and the words it is told: the argument, its value, what to do instead."""

from __future__ import annotations

import os
from math import inf, nan
from operator import add, sub

import pytest

from sparksim import StorageLevel
from sparksim.core.errors import IllegalArgumentError, IllegalStateError, InvalidInput, SparkException, SparkJobError
from sparksim.sim.files import SimulatedFiles, SimulatedFileSystem
from sparksim.streaming import StateSpec
from sparksim.trace.events import BatchCompleted
from tests.streaming.fakes import reach

PAIRS = [[("a", 1)], [("a", 2)], [("b", 3)]]
POSITIVE = "give a positive number of seconds, such as 1 or 0.5"
PORT = "give a port number from 1 to 65535, as a number"
MULTIPLE = "must be multiple of the parent dstream's slide (batch) duration (1000 ms)"


def counted(key, value, state):
    state.update((state.getOption() or 0) + value)
    return key, state.get()


def total(values, state):
    return sum(values) + (state or 0)


# --- refused where it is written ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0, -1, nan, inf, "1", None, True])
@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("windowDuration", lambda ssc, stream, seconds: stream.window(seconds)),
        ("slideDuration", lambda ssc, stream, seconds: stream.countByWindow(2, 0 if seconds is None else seconds)),
        ("duration", lambda ssc, stream, seconds: ssc.remember(seconds)),
        ("interval", lambda ssc, stream, seconds: stream.checkpoint(seconds)),
        ("timeout", lambda ssc, stream, seconds: StateSpec.function(counted).timeout(seconds)),
    ],
)
def test_a_duration_is_a_positive_number_of_seconds(app, name, use, seconds):
    app = app()
    with pytest.raises(IllegalArgumentError) as error:
        use(app.ssc, app.ssc.queueStream([]), seconds)
    shown = 0 if seconds is None and name == "slideDuration" else seconds
    assert str(error.value) == f"{name}={shown!r}: {POSITIVE}"


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda s: s.window(1.5), f"windowDuration {MULTIPLE}: 1500 ms is not"),
        (lambda s: s.window(3, 1.5), f"slideDuration {MULTIPLE}: 1500 ms is not"),
        (lambda s: s.reduceByKeyAndWindow(add, sub, 5, 2.5), f"slideDuration {MULTIPLE}: 2500 ms is not"),
        (lambda s: s.countByValueAndWindow(0.5, 1), f"windowDuration {MULTIPLE}: 500 ms is not"),
        (lambda s: s.groupByKeyAndWindow(2, 0.1), f"slideDuration {MULTIPLE}: 100 ms is not"),
    ],
)
def test_windows_and_slides_are_whole_batches(app, use, message):
    with pytest.raises(IllegalArgumentError) as error:
        use(app().ssc.queueStream([]))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda ssc: ssc.socketTextStream("", 9999), "hostname='': give the name of the server, such as 'localhost'"),
        (lambda ssc: ssc.queueStream(5), "rdds=5: give a list of RDDs, or of lists of records, one for each batch"),
        (lambda ssc: ssc.queueStream([[1], 2]), "rdds[1]=2: give an RDD or a list of records"),
        (lambda ssc: ssc.queueStream([], default=0), "default=0: give an RDD or a list of records"),
        (lambda ssc: ssc.socketTextStream(7, 9999), "hostname=7: give the name of the server, such as 'localhost'"),
        (lambda ssc: ssc.socketTextStream("localhost", "9999"), f"port='9999': {PORT}"),
        (lambda ssc: ssc.socketTextStream("localhost", 0), f"port=0: {PORT}"),
        (lambda ssc: ssc.rawSocketStream("localhost", 65536), f"port=65536: {PORT}"),
        (lambda ssc: ssc.binaryRecordsStream("in", 0), "recordLength=0: give the bytes of one record, 1 or more"),
        (lambda ssc: ssc.binaryRecordsStream("in", "4"), "recordLength='4': give the bytes of one record, 1 or more"),
        (
            lambda ssc: ssc.textFileStream(7),
            "directory=7: give the path of a directory, such as 'data/in' or 'memory://in'; it may be a glob of "
            "directories",
        ),
        (
            lambda ssc: ssc.receiverStream("localhost"),
            "receiver='localhost': give an object of a class that extends sparksim.streaming.Receiver",
        ),
        (
            lambda ssc: ssc.addStreamingListener(print),
            "streamingListener=<built-in function print>: give an object of a class that extends "
            "sparksim.streaming.StreamingListener",
        ),
    ],
)
def test_sources_and_listeners(app, use, message):
    app = app()
    with pytest.raises(IllegalArgumentError) as error:
        use(app.ssc)
    assert str(error.value) == message
    assert app.ssc._graph.inputs == []


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda s: s.foreachRDD(lambda: None), "foreachRDD: the function takes 0 arguments; give one of"),
        (lambda s: s.foreachRDD(lambda a, b, c: None), "foreachRDD: the function takes 3 arguments; give one of"),
        (lambda s: s.foreachRDD("print"), "foreachRDD('print'): give a function of"),
        (lambda s: s.transform(lambda a, b, c: a), "transform: the function takes 3 arguments; give one of"),
    ],
)
def test_functions_of_a_batch_take_the_rdd_or_the_time_and_the_rdd(app, use, message):
    with pytest.raises(IllegalArgumentError) as error:
        use(app().ssc.queueStream([]))
    assert str(error.value) == f"{message} (rdd) or (time, rdd)"


def test_an_update_function_of_another_form_is_named(app):
    def update(values):
        return sum(values)

    with pytest.raises(IllegalArgumentError) as error:
        app().ssc.queueStream(PAIRS).updateStateByKey(update)
    assert "update" in str(error.value)
    assert str(error.value).endswith("give a function of two arguments, (new values, last state or None)")


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (
            lambda: StateSpec.function(lambda key, value: value),
            "StateSpec.function: the function takes 2 arguments; give one of (key, value, state) or "
            "(time, key, value, state)",
        ),
        (
            lambda: StateSpec.function(counted).numPartitions(0),
            "numPartitions(0): give a whole number, 1 or more",
        ),
        (
            lambda: StateSpec.function(counted).numPartitions(1.5),
            "numPartitions(1.5): give a whole number, 1 or more",
        ),
        (lambda: StateSpec.function(counted).timeout(-30), f"timeout=-30: {POSITIVE}"),
    ],
)
def test_a_state_specification(use, message):
    with pytest.raises(IllegalArgumentError) as error:
        use()
    assert str(error.value) == message


def test_map_with_state_wants_a_specification(app):
    with pytest.raises(
        IllegalArgumentError, match=r"^mapWithState\(<function counted .*: give StateSpec.function\(f\)"
    ):
        app().ssc.queueStream(PAIRS).mapWithState(counted)


def test_a_storage_level_is_one_of_its_class(app):
    app = app()
    app.collect(app.ssc.queueStream([[1]]).persist("MEMORY_ONLY"))
    with pytest.raises(TypeError, match=r"such as StorageLevel.MEMORY_ONLY, got 'MEMORY_ONLY'"):
        app.run(1.9)
    assert StorageLevel.MEMORY_ONLY.useMemory


# --- refused at the start -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda s: s.updateStateByKey(total),
        lambda s: s.mapWithState(StateSpec.function(counted)),
        lambda s: s.reduceByKeyAndWindow(add, sub, 2, 1),
        lambda s: s.countByWindow(2, 1),
        lambda s: s.countByValueAndWindow(2, 1),
        lambda s: s.groupByKeyAndWindow(2, 1),
        lambda s: s.reduceByWindow(add, sub, 2, 1),
    ],
)
def test_state_and_inverse_windows_need_a_checkpoint_directory(app, use):
    app = app()
    use(app.ssc.queueStream(PAIRS)).pprint()
    with pytest.raises(IllegalArgumentError) as error:
        app.ssc.start()
    assert str(error.value) == (
        "The checkpoint directory has not been set. Please set it by StreamingContext.checkpoint(directory)."
    )
    with pytest.raises(IllegalStateError, match="make a new one to start again"):
        app.ssc.start()


# --- found out while it runs ----------------------------------------------------------------------------------------


@pytest.fixture
def stateful(app, tmp_path):
    app = app("sim[1,1]")
    app.sc.setCheckpointDir(str(tmp_path))
    return app


def test_an_update_function_that_raises_fails_the_batch_with_its_own_traceback(stateful):
    def update(values, state):
        return values["a"]

    stateful.collect(stateful.ssc.queueStream(PAIRS).updateStateByKey(update))
    with pytest.raises(SparkJobError) as error:
        stateful.run(2)
    assert "in update" in str(error.value)
    assert "TypeError: list indices must be integers or slices, not str" in str(error.value)


def test_a_function_of_map_with_state_that_raises_fails_the_batch(stateful):
    def broken(key, value, state):
        state.remove()
        state.update(value)

    stateful.collect(stateful.ssc.queueStream(PAIRS).mapWithState(StateSpec.function(broken)))
    with pytest.raises(SparkJobError, match="Cannot update the state after it has been removed"):
        stateful.run(2)


@pytest.mark.parametrize(
    "use",
    [
        lambda s: s.reduceByKey(add),
        lambda s: s.updateStateByKey(total),
        lambda s: s.mapWithState(StateSpec.function(counted)),
    ],
)
def test_records_that_are_no_pairs_fail_the_batch(stateful, use):
    stateful.collect(use(stateful.ssc.queueStream([[1]])))
    with pytest.raises(SparkJobError, match=r"TypeError: .*int"):
        stateful.run(2)


def test_a_transform_that_gives_no_rdd(app):
    app = app()
    app.ssc.queueStream([[1]]).transform(lambda rdd: rdd.collect()).pprint()
    with pytest.raises(SparkException, match=r"^a transform function must return an RDD or None, not a list$"):
        app.run(2)


@pytest.mark.parametrize(("returned", "kind"), [(5, "int"), ([1], "list"), ("done", "str")])
def test_a_function_of_foreachrdd_that_returns_something_is_warned_of_as_pyspark_would_fail(app, returned, kind):
    app = app()
    app.ssc.queueStream([[1], [2]]).foreachRDD(lambda rdd: returned)
    app.run(2.9)
    assert app.warnings() == [
        f"the function of foreachRDD returned a value of type {kind}: PySpark fails such a batch, so let it return "
        "nothing"
    ]
    assert [event.failed for event in app.of(BatchCompleted)] == [False, False]


@pytest.mark.parametrize("returned", [None, 0, [], "rdd"])
def test_nothing_and_an_rdd_may_be_returned(app, returned):
    app = app()
    app.ssc.queueStream([[1]]).foreachRDD(lambda rdd: rdd if returned == "rdd" else returned)
    app.run(1.9)
    assert app.warnings() == []


def test_an_inverse_that_is_none_counts_wrong_and_nobody_can_tell(stateful):
    batches = stateful.collect(
        stateful.ssc.queueStream([[("a", 1)]] * 7).reduceByKeyAndWindow(add, lambda total, gone: total, 5, 1)
    )
    stateful.run(7.9)
    assert [batch for _, batch in batches] == [[("a", total)] for total in (1, 2, 3, 4, 5, 6, 7)]


@pytest.mark.parametrize("method", ["saveAsTextFiles", "saveAsObjectFiles", "saveAsHadoopFiles"])
def test_where_nothing_can_be_written_the_batch_fails_and_names_the_directory(app, tmp_path, method):
    app = app()
    (tmp_path / "file").write_text("")
    getattr(app.ssc.queueStream(PAIRS), method)(f"{tmp_path}/file/out")
    with pytest.raises(SparkException) as error:
        app.run(2)
    assert str(error.value) == (
        f"cannot make the output directory {tmp_path}/file/out-1000: NotADirectoryError: [Errno 20] Not a directory: "
        f"'{tmp_path}/file/out-1000'. Save where this program may write, and below no file"
    )
    assert [event.failed for event in app.of(BatchCompleted)] == [True]


# --- files that cannot be read --------------------------------------------------------------------------------------


def test_a_file_without_permission_to_read_fails_its_batch_and_the_stream_goes_on(app, monkeypatch, request):
    def deny(self, path, mode="rb", **options):
        raise PermissionError(13, "Permission denied", path)

    app = app()
    files = SimulatedFiles(app.clock, {"sim://in/secret.txt": (0.5, "nobody reads this")})
    files.mount()
    request.addfinalizer(files.unmount)
    monkeypatch.setattr(SimulatedFileSystem, "_open", deny)
    app.collect(app.ssc.textFileStream("sim://in"))
    with pytest.raises(SparkJobError, match=r"PermissionError: \[Errno 13\] Permission denied: .*in/secret.txt"):
        app.run(3.9)
    reach(app.clock, 3900)
    assert [event.failed for event in app.of(BatchCompleted)] == [True, False, False]


def test_a_file_of_half_a_record_fails_its_batch(app, tmp_path):
    app = app()
    put(tmp_path / "r.bin", b"abcde", 0.5)
    app.collect(app.ssc.binaryRecordsStream(str(tmp_path), 2))
    with pytest.raises(SparkJobError, match=r"r\.bin ends with 1 bytes, which is no whole record of 2 bytes"):
        app.run(2)


def test_of_a_half_written_text_file_what_comes_later_is_never_read(app, tmp_path):
    app = app()
    put(tmp_path / "a.txt", b"first\nsec", 0.5)
    batches = app.collect(app.ssc.textFileStream(str(tmp_path)))
    app.run(1.9)
    put(tmp_path / "a.txt", b"first\nsecond\n", 1.95)
    app.run(3.9)
    assert [batch for _, batch in batches if batch] == [["first", "sec"]]


def test_a_file_that_vanishes_before_its_batch_is_made(app, tmp_path):
    app = app()
    put(tmp_path / "a.txt", b"gone", 0.5)

    def accept(url):
        (tmp_path / "a.txt").unlink()
        return True

    app.collect(app.ssc.fileStream(str(tmp_path), filter=accept))
    with pytest.raises(InvalidInput, match=r"^Input path does not exist: .*/a\.txt"):
        app.run(2)


def put(path, data, modified_s):
    path.write_bytes(data)
    os.utime(path, (modified_s, modified_s))
