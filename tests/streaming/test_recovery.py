"""What a restarted driver knows and what it does first: several lives of one program, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import fsspec
import pytest

from sparksim.cluster.faults import Victim
from sparksim.core.errors import InvalidInput, SparkException
from sparksim.sim import Constant, DriverCrash, Replay
from sparksim.streaming import StreamingContext
from sparksim.trace.events import (
    BatchSubmitted,
    CheckpointWritten,
    DriverDied,
    FaultInjected,
    JobEnd,
    RecordsLost,
    StreamingRecovered,
    StreamingStarted,
    Warned,
)
from tests.streaming.lives import NOTES, live, note, one, remember, running_count, story, total

# --- batches ----------------------------------------------------------------------------------------------------------


def test_the_batch_of_the_checkpoint_runs_again_then_those_that_were_missed() -> None:
    run = live(running_count, (3.5, 2.0), until=7.5, files=story("abacaba"))
    [recovered] = run.trace.of(StreamingRecovered)
    assert (recovered.checkpoint_ms, recovered.restart_ms, recovered.batches) == (3000, 6000, (3000, 4000, 5000))
    states = ["a", "ab", "aab", "aab", "aabc", "aaabc", "aaabbc", "aaaabbc"]
    counts = [sorted((letter, each.count(letter)) for letter in set(each)) for each in states]
    assert counts == NOTES


def test_a_batch_that_was_not_finished_is_pending() -> None:
    run = live(slow, (3.5, 0.1), until=3.7, files=story("ab"), cost="teaching")
    [recovered] = run.trace.of(StreamingRecovered)
    assert recovered.pending == (1000, 2000, 3000)
    assert recovered.batches == recovered.pending


def slow(ssc: StreamingContext) -> None:
    ssc.textFileStream("sim://in").foreachRDD(lambda rdd: ssc_sleep(rdd, 10))


def ssc_sleep(rdd: Any, seconds: float) -> None:
    rdd.context._backend.clock.sleep(seconds * 1000)


def test_batches_that_run_again_report_no_records() -> None:
    run = live(lambda ssc: lines(ssc).foreachRDD(note), (2.5, 0.1), until=4.5, network={"localhost:9999": Constant(10)})
    again = [event.records for event in run.trace.of(BatchSubmitted) if event.batch_time_ms == 2000]
    assert again == [((0, 10),), ()]


def lines(ssc: StreamingContext) -> Any:
    return ssc.socketTextStream("localhost", 9999)


def test_the_grid_of_batches_goes_on() -> None:
    run = live(running_count, (2.9, 0.35), until=6, batch=0.7, files=story("abc"))
    times = sorted({event.batch_time_ms for event in run.trace.of(BatchSubmitted)})
    assert times == list(range(700, 6001, 700))


def test_five_hundred_missed_batches() -> None:
    run = live(running_count, (3.5, 500.0), until=505.5, files=story("ab"))
    [recovered] = run.trace.of(StreamingRecovered)
    assert len(recovered.batches) == 501
    assert NOTES[-1] == [("a", 1), ("b", 1)]
    assert all(event.succeeded for event in run.trace.of(JobEnd))


def test_a_driver_that_restarts_at_once_is_not_struck_again() -> None:
    run = live(running_count, (2.5, 0.0), until=4.5, files=story("abc"))
    assert len(run.trace.of(FaultInjected)) == len(run.trace.of(DriverDied)) == 1


def test_a_driver_that_dies_while_it_recovers() -> None:
    run = live(running_count, (3.5, 1.0), (4.55, 1.0), until=8.5, files=story("abacaba"), cost="teaching")
    assert [event.checkpoint_ms for event in run.trace.of(StreamingRecovered)] == [3000, 3000]
    assert NOTES[-1] == [("a", 4), ("b", 2), ("c", 1)]


# --- what is lost -----------------------------------------------------------------------------------------------------


def test_what_a_receiver_had_brought_is_lost_and_the_account_says_so() -> None:
    run = live(lambda ssc: lines(ssc).foreachRDD(note), (2.5, 0.1), until=5.5, network={"localhost:9999": Constant(10)})
    account = run.delivery
    assert account.sent == sum(account.count(outcome) for outcome in ("once", "lost", "pending"))
    reasons = {row.reason for row in account.lost}
    assert "its block was lost when the driver died, and its executors with it" in reasons
    assert all(reasons)


def test_without_a_checkpoint_what_the_log_names_is_lost_aloud() -> None:
    run = live(lambda ssc: lines(ssc).foreachRDD(note), (0.9, 0.1), until=3.5, network={"localhost:9999": Constant(20)})
    lost = [event for event in run.trace.of(RecordsLost) if "left no checkpoint to go on from" in event.reason]
    assert lost
    assert any("begins anew without them" in event.message for event in run.trace.of(Warned))


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_that_came_while_the_driver_was_down_belong_to_the_batches_it_missed() -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.textFileStream("sim://in").foreachRDD(note)

    live(program, (2.6, 2.0), until=5.5, files=story("abcde"))
    assert NOTES == [["a"], ["b"], ["b"], ["c"], ["d"], ["e"]]


@dataclass(frozen=True)
class Vanishes:
    """A file is deleted in second `at`."""

    path: str
    at: float

    def strike(self, victim: Victim) -> Iterator[Any]:
        yield victim.clock.env.timeout(self.at * 1000 - victim.clock.now_ms)
        files, path = fsspec.core.url_to_fs(self.path)
        files.rm(path)


def test_a_file_that_a_batch_had_taken_is_gone() -> None:
    faults = [Vanishes("sim://in/1", 2.55), DriverCrash(2.6, 0.1)]
    with pytest.raises(InvalidInput, match=r"does not exist: sim:.*in/1"):
        live(running_count, until=5.5, files=story("abc"), faults=faults)


# --- state ------------------------------------------------------------------------------------------------------------


def with_initial_state(ssc: StreamingContext) -> None:
    words = ssc.textFileStream("sim://in").map(one)
    words.updateStateByKey(total, initialRDD=[("a", 10)]).foreachRDD(note)


def test_an_initial_state_is_gone_until_a_state_is_checkpointed() -> None:
    with pytest.raises(SparkException, match="the initial state RDD of this stream did not survive"):
        live(with_initial_state, (2.5, 0.1), until=4.5, files=story("abc"))


def test_a_checkpointed_state_has_the_initial_one_in_it() -> None:
    live(with_initial_state, (11.5, 0.1), until=13.5, files=story("abc"))
    assert NOTES[-1] == [("a", 11), ("b", 1), ("c", 1)]


def words_saved_before_they_are_counted(ssc: StreamingContext) -> None:
    words = ssc.socketTextStream("localhost", 9999).map(one)
    words.checkpoint(1)
    words.updateStateByKey(total).foreachRDD(note)


def test_a_batch_without_partitions_is_saved_and_read_back_as_well() -> None:
    lines = {"localhost:9999": Replay([(0.3, "a"), (2.3, "b")])}  # nothing in the batch of second 2
    live(words_saved_before_they_are_counted, (4.5, 0.1), until=6.5, network=lines)
    assert NOTES[-1] == [("a", 1), ("b", 1)]


def test_graceful_stop_leaves_a_checkpoint_without_pending_batches() -> None:
    run = live(stopping, until=9, files=story("ab"))
    assert run.trace.of(CheckpointWritten)[-1].pending == ()


def stopping(ssc: StreamingContext) -> None:
    running_count(ssc)
    ssc._clock.spawn("stopper", stop_later, ssc)


def stop_later(ssc: StreamingContext) -> None:
    ssc._clock.sleep(3500)
    ssc.stop(stopSparkContext=False, stopGraceFully=True)


# --- driver variables -------------------------------------------------------------------------------------------------


def counting(ssc: StreamingContext) -> None:
    seen = ssc.sparkContext.accumulator(0)

    def count(rdd: Any) -> None:
        rdd.foreach(lambda _: seen.add(1))
        remember(seen.value)

    ssc.textFileStream("sim://in").foreachRDD(count)


def test_an_accumulator_begins_at_its_first_value_again() -> None:
    live(counting, (3.5, 0.1), until=5.5, files=story("abcde"))
    assert NOTES == [1, 2, 3, 1, 2, 3]


def test_a_broadcast_variable_is_gone() -> None:
    def program(ssc: StreamingContext) -> None:
        stop_words = ssc.sparkContext.broadcast({"a"})
        ssc.textFileStream("sim://in").filter(lambda word: word not in stop_words.value).foreachRDD(note)

    with pytest.raises(SparkException, match=r"Broadcast\(\d+\) does not exist any more"):
        live(program, (2.5, 0.1), until=4.5, files=story("abc"))


def stop_words(sc: Any) -> Any:
    """Made where it is used first, in each life of the driver."""
    if "the_stop_words" not in globals():
        globals()["the_stop_words"] = sc.broadcast({"a"})
    return globals()["the_stop_words"]


def without_stop_words(ssc: StreamingContext) -> None:
    def keep(rdd: Any) -> None:
        words = stop_words(rdd.context)
        note(rdd.filter(lambda word: word not in words.value))

    ssc.textFileStream("sim://in").foreachRDD(keep)


def test_a_singleton_made_on_demand_helps() -> None:
    live(without_stop_words, (2.5, 0.1), until=5.5, files=story("abacb"))
    assert NOTES == [[], ["b"], ["b"], [], ["c"], ["b"]]


# --- the program around it --------------------------------------------------------------------------------------------


def test_a_stream_outside_the_setup_function_is_not_initialised(monkeypatch: pytest.MonkeyPatch) -> None:
    create = StreamingContext.getOrCreate.__func__  # type: ignore[attr-defined]  # a class method's function

    def and_more(cls: Any, path: str, setup: Any) -> StreamingContext:
        ssc = create(cls, path, setup)
        ssc.textFileStream("sim://other").foreachRDD(note)
        return ssc

    monkeypatch.setattr(StreamingContext, "getOrCreate", classmethod(and_more))
    with pytest.raises(SparkException, match="has not been initialized"):
        live(running_count, (2.5, 0.1), until=4.5, files=story("abc"))


def test_the_setup_function_is_called_once_and_the_listener_is_told_the_rest() -> None:
    run = live(counted_setup, (2.5, 0.1), (4.5, 0.1), until=6.5, files=story("abc"))
    assert NOTES.count("setup") == 1
    assert len(run.trace.of(StreamingStarted)) == 3


def counted_setup(ssc: StreamingContext) -> None:
    NOTES.append("setup")
    running_count(ssc)


def test_without_a_checkpoint_directory_every_life_begins_anew() -> None:
    run = live(counted_setup_without_state, (2.5, 0.1), until=4.5, files=story("abc"), checkpoint=None)
    assert NOTES.count("setup") == 2
    assert not run.trace.of(StreamingRecovered)


def counted_setup_without_state(ssc: StreamingContext) -> None:
    NOTES.append("setup")
    ssc.textFileStream("sim://in").foreachRDD(note)


def test_the_setup_function_must_give_a_context() -> None:
    with pytest.raises(SparkException, match=r"setupFunc\(\)=None: let the function return"):
        StreamingContext.getOrCreate("memory://nothing-here", lambda: None)  # type: ignore[arg-type,return-value]
