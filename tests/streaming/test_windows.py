"""Windows in virtual time: which batches a window sees, what it costs, what is kept for it."""

from operator import add, sub

import pytest

from sparksim import SparkContext
from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming import StreamingContext

ONE_PER_BATCH = [[number] for number in range(6)]
LETTERS = [["a"], ["a", "b"], [], ["b"], [], [], []]


def run(build, batches, inputs, checkpoint_dir=None):
    """The records of each batch of `build(stream)`, sorted, with a batch interval of one second."""
    with SparkContext("sim[1,2]", "windows") as sc:
        ssc = StreamingContext(sc, 1)
        if checkpoint_dir is not None:
            ssc.checkpoint(str(checkpoint_dir))
        out, source = [], ssc.queueStream(inputs)
        source.foreachRDD(lambda rdd: None)  # or batches that no window asks for would leave their RDD in the queue
        build(source).foreachRDD(lambda rdd: out.append(sorted(rdd.collect())))
        ssc.start()
        ssc.awaitTerminationOrTimeout(batches + 0.9)
        ssc.stop(stopSparkContext=False)
        return out


def pairs(stream):
    return stream.map(lambda letter: (letter, 1))


def test_a_window_sees_the_last_batches_and_starts_partial():
    assert run(lambda s: s.window(2), 6, ONE_PER_BATCH) == [[0], [0, 1], [1, 2], [2, 3], [3, 4], [4, 5]]


def test_a_slide_skips_batches():
    assert run(lambda s: s.window(4, 2), 6, ONE_PER_BATCH) == [[0, 1], [0, 1, 2, 3], [2, 3, 4, 5]]
    assert run(lambda s: s.window(2, 3), 6, ONE_PER_BATCH) == [[1, 2], [4, 5]]


def test_a_window_of_a_window():
    assert run(lambda s: s.window(2).window(4, 2), 4, ONE_PER_BATCH) == [[0, 0, 1], [0, 0, 1, 1, 2, 2, 3]]


def test_a_plain_reduced_window_needs_no_checkpoint_directory_and_forgets_keys():
    counts = run(lambda s: pairs(s).reduceByKeyAndWindow(add, None, 2), 5, LETTERS)
    assert counts == [[("a", 1)], [("a", 2), ("b", 1)], [("a", 1), ("b", 1)], [("b", 1)], [("b", 1)]]


def test_an_inverse_window_keeps_keys_at_zero_without_a_filter(tmp_path):
    counts = run(lambda s: pairs(s).reduceByKeyAndWindow(add, sub, 5, 1), 7, [["a"]], tmp_path)
    assert counts == [[("a", 1)]] * 5 + [[("a", 0)]] * 2


def test_a_filter_drops_keys_from_the_state_too(tmp_path):
    def alive(pair):
        return pair[1] > 0

    counts = run(lambda s: pairs(s).reduceByKeyAndWindow(add, sub, 5, 1, filterFunc=alive), 7, [["a"]], tmp_path)
    assert counts == [[("a", 1)]] * 5 + [[]] * 2


def test_counts_by_window(tmp_path):
    assert run(lambda s: s.countByWindow(5, 1), 7, LETTERS, tmp_path) == [[1], [3], [3], [4], [4], [3], [1]]
    values = run(lambda s: s.countByValueAndWindow(5, 1), 7, LETTERS, tmp_path)
    assert values[3] == [("a", 2), ("b", 2)]
    assert values[6] == [("b", 1)]


def test_groups_by_window_keep_the_order_of_arrival(tmp_path):
    groups = run(
        lambda s: s.map(lambda n: (n % 2, n)).groupByKeyAndWindow(5, 1).mapValues(list), 6, ONE_PER_BATCH, tmp_path
    )
    assert groups[4] == [(0, [0, 2, 4]), (1, [1, 3])]
    assert groups[5] == [(0, [2, 4]), (1, [1, 3, 5])]


def records_read(window_s, inverse, tmp_path):
    """Records that the tasks of the last batch pull from caches and shuffles."""
    with SparkContext("sim[1,2]", "cost") as sc:
        ssc = StreamingContext(sc, 1)
        ssc.checkpoint(str(tmp_path))
        stream = ssc.queueStream([list(range(10))] * (window_s + 20))
        counted = stream.map(lambda n: (n, 1)).reduceByKeyAndWindow(add, inverse, window_s, 1)
        counted.foreachRDD(lambda rdd: rdd.foreach(lambda pair: None))
        ssc.start()
        # Not at a multiple of ten seconds, where the inverse window is checkpointed.
        ssc.awaitTerminationOrTimeout(window_s + 15.9)
        ssc.stop(stopSparkContext=False)
        ends = [event for event in sc._backend.trace if type(event).__name__ == "TaskEnd"]
        last_ms = (window_s + 15) * 1000
        return sum(event.records_read + event.shuffle_read for event in ends if event.time_ms > last_ms)


def test_the_cost_of_an_inverse_window_does_not_depend_on_its_length(tmp_path):
    assert records_read(30, sub, tmp_path) == records_read(60, sub, tmp_path)
    assert records_read(60, None, tmp_path) > 1.8 * records_read(30, None, tmp_path)


def test_the_parent_remembers_what_the_window_needs():
    with SparkContext("sim[1,2]", "memory") as sc:
        ssc = StreamingContext(sc, 1)
        source = ssc.queueStream(ONE_PER_BATCH)
        window = source.window(3)
        window.foreachRDD(lambda rdd: rdd.count())
        ssc.start()
        assert (window.remember_duration_ms, source.remember_duration_ms) == (1000, 4000)
        ssc.awaitTerminationOrTimeout(8.9)
        assert (sorted(window.generated), sorted(source.generated)) == ([8000], [5000, 6000, 7000, 8000])
        ssc.stop(stopSparkContext=False)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda s: s.window(1.5), "windowDuration must be multiple of the parent dstream's slide (batch) duration"),
        (lambda s: s.window(2, 0.5), "slideDuration must be multiple of the parent dstream's slide (batch) duration"),
        (lambda s: s.window(0), "windowDuration=0: give a positive number of seconds"),
    ],
)
def test_bad_windows_say_what_is_wrong(build, words):
    with SparkContext("sim[1,2]", "bad") as sc:
        stream = StreamingContext(sc, 1).queueStream([])
        with pytest.raises(IllegalArgumentError) as raised:
            build(stream)
        assert words in str(raised.value)


def test_an_inverse_window_needs_a_checkpoint_directory():
    with pytest.raises(IllegalArgumentError, match="checkpoint directory has not been set"):
        run(lambda s: pairs(s).reduceByKeyAndWindow(add, sub, 2), 1, LETTERS)
