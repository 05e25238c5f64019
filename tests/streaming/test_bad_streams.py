"""What is given in place of a stream, a state or a function, and the words it is told."""

from __future__ import annotations

from math import nan

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming import StateSpec, StreamingContext

NO_STREAM = "give another DStream; for an RDD: stream.transform(lambda rdd: rdd.join(other))"


def counted(key, value, state):
    return key, value


def total(values, state):
    return sum(values) + (state or 0)


@pytest.mark.parametrize(
    "use",
    [
        lambda stream, other: stream.union(other),
        lambda stream, other: stream.join(other),
        lambda stream, other: stream.cogroup(other),
        lambda stream, other: stream.transformWith(lambda ours, theirs: ours, other),
    ],
)
def test_the_other_stream_is_a_stream(app, use):
    app = app()
    with pytest.raises(IllegalArgumentError) as error:
        use(app.ssc.queueStream([]), [("a", 1)])
    assert str(error.value) == f"other=[('a', 1)]: {NO_STREAM}"
    with pytest.raises(IllegalArgumentError, match=r"^other=.*RDD.*: give another DStream; for an RDD"):
        use(app.ssc.queueStream([]), app.sc.parallelize([("a", 1)]))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda s: s.updateStateByKey(total, initialRDD=5), "initialRDD=5: give an RDD or a list of (key, state)"),
        (
            lambda s: s.updateStateByKey(total, initialRDD=[("a", 1), "b"]),
            "initialRDD holds 'b': give an RDD or a list of (key, state)",
        ),
        (
            lambda s: s.mapWithState(StateSpec.function(counted).initialState([1, 2])),
            "initialState holds 1: give an RDD or a list of (key, state)",
        ),
        (
            lambda s: s.mapWithState(StateSpec.function(7)),
            "StateSpec.function(7): give a function of (key, value, state)",
        ),
        (
            lambda s: s.updateStateByKey(counted),
            "updateStateByKey(counted): give a function of two arguments, (new values, last state or None)",
        ),
        (
            lambda s: s.context().transform([s], 1),
            "transformFunc=1: give a function of the list of RDDs",
        ),
        (lambda s: s.context().checkpoint(""), "directory='': give the path of a directory, such as 'checkpoint'"),
        (
            lambda s: s.context().awaitTermination("5"),
            "timeout='5': give a number of seconds, or None to wait for the end",
        ),
        (
            lambda s: s.context().awaitTerminationOrTimeout(nan),
            "timeout=nan: give a number of seconds, or None to wait for the end",
        ),
    ],
)
def test_states_functions_and_settings(app, use, message):
    with pytest.raises(IllegalArgumentError) as error:
        use(app().ssc.queueStream([]))
    assert str(error.value) == message


def test_a_setup_function_is_callable():
    with pytest.raises(
        TypeError, match=r"^setupFunc=7 should be callable: give a function that makes a StreamingContext"
    ):
        StreamingContext.getActiveOrCreate(None, 7)


@pytest.mark.parametrize("initial", [None, [("a", 1)]])
def test_a_file_stream_may_have_a_state_right_away(app, tmp_path, initial):
    stream = app().ssc.textFileStream(str(tmp_path))
    assert stream.updateStateByKey(total, initialRDD=initial).parents == (stream,)
