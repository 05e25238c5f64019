"""The life of a StreamingContext, and what it refuses."""

import pytest

from sparksim.core.errors import IllegalArgumentError, IllegalStateError, SparkException, UnsupportedOperation
from sparksim.streaming import StreamingContext
from sparksim.trace.events import BatchStarted, OutputOperationStarted, StreamingStarted, StreamingStopped
from tests.streaming.fakes import Scripted, at, every


@pytest.mark.parametrize("wrong", [0, -1, "1", float("nan"), True])
def test_the_batch_interval_must_be_a_positive_number(app, wrong):
    with pytest.raises(IllegalArgumentError) as error:
        app(batch=wrong)
    assert str(error.value) == f"batchDuration={wrong!r}: give a positive number of seconds, such as 1 or 0.5"


def test_the_batch_interval_and_the_spark_context_must_be_given(app):
    sc = app().sc
    with pytest.raises(IllegalArgumentError, match=r"^batchDuration=None: give the batch interval in seconds"):
        StreamingContext(sc)
    with pytest.raises(IllegalArgumentError, match=r"^sparkContext='local\[2\]': give a SparkContext"):
        StreamingContext("local[2]", 1)
    sc.stop()
    with pytest.raises(IllegalStateError, match="this SparkContext is stopped"):
        StreamingContext(sc, 1)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("blockInterval", "0", "blockInterval='0': the block interval must be positive, such as 200ms"),
        ("blockInterval", "0.5s", "fractions are not allowed"),
        ("blockInterval", "fast", "expected a time such as 200ms"),
        ("blockQueueSize", "0", "blockQueueSize=0: at least one block must fit into the queue, such as 10"),
        ("concurrentJobs", "0", "concurrentJobs=0: at least one output operation must be able to run"),
        ("concurrentJobs", "two", "expected a whole number without a unit"),
        ("receiverRestartDelay", "2s", "expected a whole number without a unit"),
        ("receiverRestartDelay", "-1", "receiverRestartDelay=-1: give a pause of 0 ms or more"),
        ("receiver.maxRate", "1.5", "expected a whole number without a unit"),
        ("unpersist", "maybe", "expected true or false"),
    ],
)
def test_a_wrong_setting_is_named_when_the_context_is_made(app, key, value, message):
    with pytest.raises(IllegalArgumentError) as error:
        app(settings={f"spark.streaming.{key}": value})
    assert str(error.value).startswith(f"spark.streaming.{key}=")
    assert message in str(error.value)


@pytest.mark.parametrize("port", [0, -1, 65536, "9999", None, True, 99.0])
def test_a_wrong_port_is_named(app, port):
    with pytest.raises(IllegalArgumentError) as error:
        app().ssc.socketTextStream("localhost", port)
    assert str(error.value) == f"port={port!r}: give a port number from 1 to 65535, as a number"


@pytest.mark.parametrize("host", ["", None, 7])
def test_a_wrong_host_is_named(app, host):
    with pytest.raises(IllegalArgumentError, match=r"give the name of the server, such as 'localhost'"):
        app().ssc.socketTextStream(host, 9999)


def test_a_context_without_an_output_operation_cannot_start_and_is_over(app):
    app = app()
    stream = app.ssc.queueStream([[1]])
    with pytest.raises(IllegalArgumentError) as error:
        app.ssc.start()
    assert str(error.value) == (
        "No output operations registered, so nothing to execute. End at least one stream with an output operation "
        "before start(), for example counts.pprint() or counts.foreachRDD(write)."
    )
    with pytest.raises(IllegalStateError, match="already been stopped"):
        app.ssc.start()
    with pytest.raises(IllegalStateError, match="after stopping a context is not supported"):
        stream.pprint()
    again = StreamingContext(app.sc, 1)
    again.queueStream([[1]]).pprint()
    again.start()
    again.stop(stopSparkContext=False)


def test_starting_twice_is_a_warning(app):
    app = app()
    app.collect(app.ssc.queueStream([[1]]))
    app.ssc.start()
    app.ssc.start()
    assert "this StreamingContext has already been started; start() does nothing" in app.warnings()
    assert len(app.of(StreamingStarted)) == 1


def test_a_stopped_context_stays_stopped(app):
    app = app()
    app.collect(app.ssc.queueStream([[1]]))
    app.run(2)
    app.ssc.stop(stopSparkContext=False)
    app.ssc.stop(stopSparkContext=False)
    with pytest.raises(IllegalStateError) as error:
        app.ssc.start()
    assert str(error.value) == "StreamingContext has already been stopped: make a new one to start again"
    assert app.ssc.awaitTerminationOrTimeout(1) is True
    assert len(app.of(StreamingStopped)) == 1
    assert app.sc.parallelize([1, 2]).count() == 2, "the SparkContext lives on"


def test_nothing_can_be_added_after_the_start(app):
    app = app()
    stream = app.ssc.queueStream([[1]])
    app.collect(stream)
    app.ssc.start()
    text = "Adding new inputs, transformations, and output operations after starting a context is not supported"
    for add in (stream.cache, lambda: stream.checkpoint(10)):
        with pytest.raises(UnsupportedOperation, match="after streaming context has started"):
            add()
    for add in (stream.pprint, lambda: stream.map(str), lambda: app.ssc.queueStream([])):
        with pytest.raises(IllegalStateError, match=text):
            add()


def test_one_context_is_active_at_a_time(app):
    app = app()
    first, second = app.ssc, StreamingContext(app.sc, 1)
    for ssc in (first, second):
        ssc.queueStream([[1]]).pprint()
    assert StreamingContext.getActive() is None
    first.start()
    assert StreamingContext.getActive() is first
    with pytest.raises(IllegalStateError, match="Only one StreamingContext may be started in this process"):
        second.start()
    first.stop(stopSparkContext=False)
    second.start()
    assert StreamingContext.getActiveOrCreate(None, lambda: first) is second
    second.stop(stopSparkContext=False)
    assert StreamingContext.getActiveOrCreate(None, lambda: first) is first


def test_a_context_whose_spark_context_was_stopped_is_not_active(app):
    one = app()
    one.collect(one.ssc.queueStream([[1]]))
    one.ssc.start()
    one.sc.stop()
    assert StreamingContext.getActive() is None
    one.ssc.stop()
    two = app()
    two.collect(two.ssc.queueStream([[1]]))
    two.run(2)
    assert two.of(BatchStarted)


def test_waiting_ends_with_the_time_or_with_the_context(app):
    app = app()
    app.collect(app.ssc.queueStream([[1]]))
    app.ssc.start()
    assert app.ssc.awaitTerminationOrTimeout(1.5) is False
    assert app.clock.now_ms == 1500
    assert app.ssc.awaitTerminationOrTimeout(-1) is False
    assert app.ssc.awaitTermination(0.5) is None
    app.ssc.stop(stopSparkContext=False)
    assert app.ssc.awaitTermination() is None


def test_remember_is_said_once(app):
    app = app()
    app.ssc.remember(3)
    with pytest.raises(IllegalArgumentError, match=r"Remember duration already set as 3000 ms. Cannot set it again"):
        app.ssc.remember(4)


@pytest.mark.parametrize(
    ("interval", "message"),
    [
        (0.5, "lower than its slide time (1000 ms). Please set it to at least 1000 ms."),
        (1.5, "not a multiple of its slide time (1000 ms). Please set it to a multiple of 1000 ms."),
    ],
)
def test_a_checkpoint_interval_must_fit_the_slide(app, tmp_path, interval, message):
    app = app()
    app.sc.setCheckpointDir(str(tmp_path))
    app.collect(app.ssc.queueStream([[1]]).checkpoint(interval))
    with pytest.raises(IllegalArgumentError) as error:
        app.ssc.start()
    assert str(error.value).startswith("The checkpoint interval for QueueInputDStream has been set to ")
    assert str(error.value).endswith(message)
    assert StreamingContext.getActive() is None


def test_a_checkpointed_stream_needs_a_directory(app):
    app = app()
    app.collect(app.ssc.receiverStream(Scripted(at())).checkpoint(2))
    with pytest.raises(IllegalArgumentError) as error:
        app.ssc.start()
    assert str(error.value) == (
        "The checkpoint directory has not been set. Please set it by StreamingContext.checkpoint(directory)."
    )
    assert app.ssc._state.name == "STOPPED"


def test_a_stream_has_no_batches_before_the_start(app):
    stream = app().ssc.queueStream([[1]])
    with pytest.raises(SparkException, match="has not been initialized: its context was not started"):
        stream.slice(0, 1)


def test_a_context_in_a_closure_is_explained(app):
    app = app()
    ssc = app.ssc
    with pytest.raises(SparkException, match="'ssc'"):
        app.sc.parallelize([1]).map(lambda x: ssc).collect()


# --- too few cores --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("master", ["local", "local[1]"])
def test_one_local_core_is_warned_of(app, master):
    assert app(master).warnings() == [
        f"the master is {master}: with one core, a receiver leaves none to process what it receives. Use local[2] or "
        "more if the program has a receiver"
    ]


def test_receivers_on_all_cores_leave_none_to_process_and_the_warning_says_so(app, capsys):
    app = app("sim[1,2]")
    one, two = (app.ssc.receiverStream(Scripted(every(0.1))) for _ in range(2))
    one.count().pprint()
    two.foreachRDD(lambda rdd: rdd.count())
    app.run(6)
    assert (
        "2 receivers on sim[1,2]: each receiver holds one core for ever, and there are 2. No core is left to process "
        "batches, so nothing will be processed. Use at least 3 cores"
    ) in app.warnings()
    assert capsys.readouterr().out == ""
    assert len(app.of(OutputOperationStarted)) == 1, "the first batch waits for a core, for ever"


def test_headers_of_batches_without_a_block_still_print(app, capsys):
    app = app("sim[1,1]")
    app.ssc.receiverStream(Scripted(at())).pprint()
    app.run(2.5)
    rule = "-" * 43
    assert capsys.readouterr().out == f"{rule}\nTime: 1970-01-01 00:00:02\n{rule}\n\n"
    assert "1 receiver on sim[1,1]: each receiver holds one core for ever, and there is 1." in app.warnings()[0]
