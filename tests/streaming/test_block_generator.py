"""The buffer is cut into blocks by a timer, and blocks are pushed by a thread of their own."""

import pytest

from sparksim import SparkConf
from sparksim.cluster.virtual_clock import VirtualClock
from sparksim.core.errors import IllegalArgumentError, SparkException
from sparksim.streaming.block_generator import BlockGenerator, State, block_interval_ms, block_queue_size
from tests.streaming.fakes import reach


class Listener:
    """Notes what it is told; pushing a block takes `push_ms`, and fails for blocks with a record "bad"."""

    def __init__(self, clock, push_ms=0):
        self.clock = clock
        self.push_ms = push_ms
        self.calls, self.pushed, self.errors = [], [], []

    def on_add_data(self, record, metadata):
        self.calls.append(("add", record, metadata))

    def on_generate_block(self, block):
        self.calls.append(("generate", block.block_id))

    def on_push_block(self, block):
        self.clock.sleep(self.push_ms)
        if "bad" in block.records:
            raise OSError("disk full")
        self.pushed.append((self.clock.now_ms, block.block_id, block.records))

    def on_error(self, message, error):
        self.errors.append(str(error))


@pytest.fixture
def clock():
    return VirtualClock()


def started(clock, listener, **settings):
    conf = SparkConf().setAll([(f"spark.streaming.{name}", str(value)) for name, value in settings.items()])
    generator = BlockGenerator(clock, conf, 0, listener, lambda: ())
    generator.start()
    return generator


def feed(clock, generator, *records):
    """Add (time in ms, record) from a thread of its own."""

    def add():
        for moment, record in records:
            clock.sleep(moment - clock.now_ms)
            generator.add_data(record)

    return clock.spawn("feeder", add)


def test_a_block_is_named_after_the_start_of_its_interval(clock):
    listener = Listener(clock)
    feed(clock, started(clock, listener), (10, "a"), (150, "b"), (450, "c"))
    reach(clock, 1000)
    assert listener.pushed == [(200, "input-0-0", ["a", "b"]), (600, "input-0-400", ["c"])]


def test_an_empty_buffer_makes_no_block(clock):
    listener = Listener(clock)
    started(clock, listener)
    reach(clock, 5000)
    assert listener.calls == []


def test_ticks_lie_on_multiples_of_the_interval_wherever_it_starts(clock):
    reach(clock, 330)
    listener = Listener(clock)
    feed(clock, started(clock, listener, blockInterval="100ms"), (340, "a"))
    reach(clock, 1000)
    assert listener.pushed == [(400, "input-0-300", ["a"])]


def test_all_elements_added_together_land_in_one_block(clock):
    listener = Listener(clock)
    generator = started(clock, listener, **{"receiver.maxRate": 10})

    def add():
        generator.add_multiple_data_with_callback(["a", "b", "c", "d"], "offset 4")

    clock.spawn("feeder", add)
    reach(clock, 1000)
    assert listener.pushed == [(400, "input-0-200", ["a", "b", "c", "d"])]
    assert listener.calls == [("add", ["a", "b", "c", "d"], "offset 4"), ("generate", "input-0-200")]


def test_a_callback_hears_of_each_record_and_plain_records_make_none(clock):
    listener = Listener(clock)
    generator = started(clock, listener)
    generator.add_data_with_callback("a", 7)
    generator.add_data("b")
    reach(clock, 200)
    assert listener.calls == [("add", "a", 7), ("generate", "input-0-0")]
    assert listener.pushed == [(200, "input-0-0", ["a", "b"])]


def test_a_full_queue_holds_the_timer_up_and_the_next_block_is_bigger(clock):
    """One block is being pushed, ten wait, one more is in the timer's hands: the buffer grows until there is room."""
    listener = Listener(clock, push_ms=10_000)
    feed(clock, started(clock, listener), *((100 + 200 * i, i) for i in range(40)))
    reach(clock, 8100)
    assert [call for call in listener.calls if call[0] == "generate"][-1] == ("generate", "input-0-2200")
    assert len(listener.calls) == 12
    reach(clock, 400_000)
    assert [records for _, _, records in listener.pushed][:12] == [[i] for i in range(12)]
    assert listener.pushed[12][1:] == ("input-0-2400", list(range(12, 40)))


def test_the_queue_size_is_a_setting(clock):
    listener = Listener(clock, push_ms=10_000)
    feed(clock, started(clock, listener, blockQueueSize=2), *((100 + 200 * i, i) for i in range(20)))
    reach(clock, 4000)
    assert len(listener.calls) == 4


def test_an_exception_while_pushing_ends_the_pushing_for_good(clock):
    listener = Listener(clock)
    feed(clock, started(clock, listener), (100, "a"), (300, "bad"), (500, "c"), (700, "d"))
    reach(clock, 2000)
    assert listener.errors == ["disk full"]
    assert [records for _, _, records in listener.pushed] == [["a"]]
    assert [call[1] for call in listener.calls] == ["input-0-0", "input-0-200", "input-0-400", "input-0-600"]


def test_stop_flushes_the_buffer_and_waits_for_the_push(clock):
    listener = Listener(clock, push_ms=1000)
    generator = started(clock, listener)
    feed(clock, generator, (50, "a"))
    reach(clock, 60)
    stopping = clock.spawn("stop", generator.stop)
    reach(clock, 150)
    assert generator.state is State.STOPPED_ADDING_DATA
    reach(clock, 450)
    assert generator.state is State.STOPPED_GENERATING_BLOCKS
    clock.wait(stopping.done)
    assert listener.pushed == [(1200, "input-0-0", ["a"])]
    assert generator.state is State.STOPPED_ALL


def test_a_stopped_generator_takes_no_record(clock):
    generator = started(clock, Listener(clock))
    clock.wait(clock.spawn("stop", generator.stop).done)
    with pytest.raises(SparkException) as error:
        generator.add_data("late")
    assert str(error.value) == (
        "nothing can be stored now: the receiver's BlockGenerator is StoppedAll, and it takes records only between the "
        "start and the stop of its receiver"
    )


def test_a_record_that_waits_for_its_permit_while_the_generator_stops_is_refused(clock):
    generator = started(clock, Listener(clock), **{"receiver.maxRate": 1})
    late = feed(clock, generator, (10, "a"), (20, "b"))
    reach(clock, 30)
    clock.spawn("stop", generator.stop)
    reach(clock, 3000)
    with pytest.raises(SparkException, match="nothing can be stored now"):
        clock.wait(late.done)


def test_it_starts_once_and_stopping_twice_is_harmless(clock):
    generator = started(clock, Listener(clock))
    with pytest.raises(SparkException, match="can be started once, when it is Initialized; this one is Active"):
        generator.start()
    clock.wait(clock.spawn("stop", generator.stop).done)
    clock.wait(clock.spawn("stop again", generator.stop).done)
    with pytest.raises(SparkException, match="this one is StoppedAll"):
        generator.start()


def test_records_wait_for_the_rate_limit(clock):
    listener = Listener(clock)
    feed(clock, started(clock, listener, **{"receiver.maxRate": 10}), *((50, i) for i in range(7)))
    reach(clock, 2000)
    assert [records for _, _, records in listener.pushed] == [[0, 1], [2, 3], [4, 5], [6]]
    assert [moment for moment, _, _ in listener.pushed] == [200, 400, 600, 800]


@pytest.mark.parametrize("text", ["0", "0ms", "-5ms"])
def test_the_block_interval_must_be_positive(text):
    with pytest.raises(IllegalArgumentError) as error:
        block_interval_ms(SparkConf().set("spark.streaming.blockInterval", text))
    assert str(error.value) == (
        f"spark.streaming.blockInterval={text!r}: the block interval must be positive, such as 200ms"
    )


def test_the_queue_must_have_room():
    with pytest.raises(IllegalArgumentError, match=r"blockQueueSize=0: at least one block must fit into the queue"):
        block_queue_size(SparkConf().set("spark.streaming.blockQueueSize", "0"))
