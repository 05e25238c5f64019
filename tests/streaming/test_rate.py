"""Backpressure: what the estimator answers, when a controller asks it, and how a receiver obeys."""

import pickle

import pytest

from sparksim import SparkConf
from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.listener import BatchInfo, StreamInputInfo, Told
from sparksim.streaming.rate import PIDRateEstimator, create_estimator
from sparksim.streaming.rate_controller import RateController, ReceiverRateController, receiver_rate_controller
from sparksim.trace.events import BlockGenerated, RateUpdated
from tests.streaming.fakes import Scripted, at

BACKPRESSURE = {"spark.streaming.backpressure.enabled": "true"}


def pid(proportional=1.0, integral=0.0, derivative=0.0, min_rate=1.0, batch_ms=1000):
    return PIDRateEstimator(batch_ms, proportional, integral, derivative, min_rate)


# --- the estimator ----------------------------------------------------------------------------------------------------


def test_the_first_batch_only_says_where_to_begin():
    estimator = pid(proportional=0.5)
    assert estimator.compute(1000, 1000, 1000, 0) is None
    assert estimator.compute(2000, 500, 1000, 0) == 750


def test_with_the_default_factors_the_last_rate_is_forgotten():
    """new = processed * (1 - 0.2 * scheduling delay / batch interval)."""
    estimator = create_estimator(SparkConf(), 1000)
    estimator.compute(1000, 77777, 1000, 0)
    assert estimator.compute(4000, 1000, 2000, 500) == 450


def test_a_change_of_the_error_is_damped():
    """The error goes from 0 to 1000 - 500 within one second: 1000 - 500 - 0.1 * 500."""
    estimator = pid(derivative=0.1)
    estimator.compute(1000, 1000, 1000, 0)
    assert estimator.compute(2000, 500, 1000, 0) == 450


def test_there_is_a_floor_and_no_ceiling():
    estimator = pid(integral=1.0, min_rate=100)
    estimator.compute(1000, 1000, 1000, 0)
    assert estimator.compute(2000, 1000, 1000, 60_000) == 100
    assert estimator.compute(3000, 10**6, 1, 0) == 10**9


@pytest.mark.parametrize("useless", [(2000, 0, 10, 0), (2000, 10, 0, 0), (1000, 10, 10, 0), (900, 10, 10, 0)])
def test_a_batch_that_teaches_nothing_changes_nothing(useless):
    estimator, other = pid(proportional=0.5), pid(proportional=0.5)
    for each in estimator, other:
        each.compute(1000, 1000, 1000, 0)
    assert estimator.compute(*useless) is None
    assert estimator.compute(3000, 500, 1000, 0) == other.compute(3000, 500, 1000, 0) == 750


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"batch_ms": 0}, "batch_ms=0: the batch interval is a positive number of ms"),
        ({"proportional": -1}, "proportional=-1: spark.streaming.backpressure.pid.proportional is a number, 0 or more"),
        ({"integral": -0.1}, "integral=-0.1: spark.streaming.backpressure.pid.integral is a number, 0 or more"),
        ({"derivative": -2}, "derivative=-2: spark.streaming.backpressure.pid.derived is a number, 0 or more"),
        ({"min_rate": 0}, "min_rate=0: spark.streaming.backpressure.pid.minRate is a positive number of records"),
        ({"min_rate": float("nan")}, "min_rate=nan"),
    ],
)
def test_factors_out_of_range_are_refused(arguments, words):
    with pytest.raises(IllegalArgumentError) as error:
        pid(**arguments)
    assert str(error.value).startswith(words)


def test_factors_of_zero_are_allowed():
    """Nothing corrects the rate then: it stays what the first batch showed."""
    estimator = pid(proportional=0)
    estimator.compute(1000, 1000, 1000, 0)
    assert estimator.compute(2000, 10, 1000, 900) == 1000


def test_the_settings_make_the_estimator():
    settings = {"proportional": "0.5", "integral": "0.1", "derived": "0.2", "minRate": "7"}
    conf = SparkConf().setAll([(f"spark.streaming.backpressure.pid.{name}", text) for name, text in settings.items()])
    made, same = create_estimator(conf, 500), pid(0.5, 0.1, 0.2, 7, batch_ms=500)
    calls = [(1000, 900, 400, 10), (1500, 300, 450, 30), (2100, 20, 500, 900)]
    assert [made.compute(*call) for call in calls] == [same.compute(*call) for call in calls]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("rateEstimator", "guess", "spark.streaming.backpressure.rateEstimator='guess': unknown rate estimator"),
        ("pid.integral", "much", "spark.streaming.backpressure.pid.integral='much': expected a number"),
        ("pid.derived", "-1", "derivative=-1.0: spark.streaming.backpressure.pid.derived is a number, 0 or more"),
        ("pid.minRate", "0", "min_rate=0.0: spark.streaming.backpressure.pid.minRate is a positive number"),
    ],
)
def test_a_wrong_setting_is_named(key, value, words):
    conf = SparkConf().set(f"spark.streaming.backpressure.{key}", value)
    with pytest.raises(IllegalArgumentError) as error:
        create_estimator(conf, 1000)
    assert str(error.value).startswith(words)


def test_what_an_estimator_has_learned_can_be_pickled():
    estimator = pid(0.5, 0.1, 0.2)
    estimator.compute(1000, 1000, 800, 0)
    estimator.compute(2000, 700, 900, 100)
    restored = pickle.loads(pickle.dumps(estimator))
    assert restored.compute(3000, 500, 950, 200) == estimator.compute(3000, 500, 950, 200)


# --- the controller ---------------------------------------------------------------------------------------------------


class Answers:
    """An estimator that answers in turn and keeps what it was asked."""

    def __init__(self, *rates):
        self.rates = list(rates)
        self.asked = []

    def compute(self, *question):
        self.asked.append(question)
        return self.rates.pop(0)


class Publishing(RateController):
    """Keeps what it publishes."""

    def __init__(self, stream, estimator):
        super().__init__(stream, estimator)
        self.published = []

    def publish(self, rate_per_s):
        self.published.append(rate_per_s)


def batch(end_ms=1300, start_ms=1100, submitted_ms=1010, records=5, stream_id=0):
    inputs = {} if records is None else {stream_id: StreamInputInfo(stream_id, records)}
    return Told("batchInfo", BatchInfo(1000, inputs, submitted_ms, start_ms, end_ms))


def controller(app, *rates):
    app = app()
    return app, Publishing(app.ssc.queueStream([]), Answers(*rates))


def test_a_completed_batch_gives_a_rate_in_whole_records(app):
    app, control = controller(app, 99.9)
    assert control.latest == -1
    control.onBatchCompleted(batch())
    assert control._estimator.asked == [(1300, 5, 200, 90)]
    assert control.latest == 99
    assert control.published == [99]
    assert app.of(RateUpdated) == [RateUpdated(0, 1000, 0, 99)]


def test_no_answer_is_no_news(app):
    app, control = controller(app, 50, None)
    control.onBatchCompleted(batch())
    control.onBatchCompleted(batch())
    assert control.latest == 50
    assert len(control.published) == len(app.of(RateUpdated)) == 1


@pytest.mark.parametrize("unknown", [{"records": None}, {"stream_id": 1}, {"end_ms": -1}, {"start_ms": -1}])
def test_a_batch_of_which_not_all_is_known_is_not_learned_from(app, unknown):
    _, control = controller(app)
    control.onBatchCompleted(batch(**unknown))
    assert control._estimator.asked == []
    assert control.latest == -1


def test_a_rate_beyond_all_bounds_is_the_highest_there_is(app):
    _, control = controller(app, 1e300)
    control.onBatchCompleted(batch())
    assert control.latest == 2**63 - 1


def test_the_latest_rate_is_not_saved_but_the_estimator_is():
    control = RateController(None, pid(proportional=0.5))
    control._estimator.compute(1000, 1000, 1000, 0)
    control.latest = 77
    restored = pickle.loads(pickle.dumps(control))
    assert restored.latest == -1
    assert restored._estimator.compute(2000, 500, 1000, 0) == 750
    assert control.latest == 77


# --- receivers --------------------------------------------------------------------------------------------------------


def test_only_backpressure_gives_a_receiver_a_controller(app):
    stream = app(settings=BACKPRESSURE).ssc.receiverStream(Scripted(at()))
    assert isinstance(receiver_rate_controller(stream), ReceiverRateController)
    stream._ssc._backend.conf.set("spark.streaming.backpressure.enabled", "false")
    assert receiver_rate_controller(stream) is None


@pytest.mark.parametrize("key", ["enabled", "rateEstimator"])
def test_a_wrong_setting_of_backpressure_is_refused_where_the_stream_is_made(app, key):
    settings = {**BACKPRESSURE, f"spark.streaming.backpressure.{key}": "perhaps"}
    with pytest.raises(IllegalArgumentError, match=f"spark.streaming.backpressure.{key}='perhaps'"):
        receiver_rate_controller(app(settings=settings).ssc.receiverStream(Scripted(at())))


def test_a_rate_goes_to_the_receiver_of_its_stream(app, monkeypatch):
    ssc, sent = app(settings=BACKPRESSURE).ssc, []
    monkeypatch.setattr(ssc, "_update_rate", lambda *update: sent.append(update))
    ssc.queueStream([])
    control = receiver_rate_controller(ssc.receiverStream(Scripted(at())))
    control.onBatchCompleted(batch(end_ms=2000, start_ms=1000, records=200, stream_id=1))
    control.onBatchCompleted(batch(end_ms=3000, start_ms=2000, records=150, submitted_ms=2000, stream_id=1))
    assert sent == [(1, 150)]
    assert control.latest == 150


def test_a_receiver_obeys_the_rate_it_is_told(app):
    """Thirty records at once, at 10 a second: the first is free, the others come 100 ms apart."""

    def script(receiver):
        receiver._supervisor.clock.call(receiver._supervisor.update_rate, 10)
        for number in range(30):
            receiver.store(number)

    app = app(settings={"spark.streaming.blockInterval": "1s"})
    app.collect(app.ssc.receiverStream(Scripted(script)))
    app.run(5)
    sizes = [block.records for block in app.of(BlockGenerated)]
    assert sum(sizes) == 30
    assert sizes[1:-1] == [10] * (len(sizes) - 2)
    assert len(sizes) >= 3
