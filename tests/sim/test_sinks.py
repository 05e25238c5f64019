"""A sink outlives whoever writes to it; a transaction counts whole or not at all, and says so when it does not."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from sparksim.core.context import SparkContext
from sparksim.core.errors import IllegalArgumentError, IllegalStateError
from sparksim.core.serializer import dumps, loads
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.sim import (
    Cluster,
    CostModel,
    DriverCrash,
    ExecutorCrash,
    OffsetConflict,
    Replay,
    Run,
    Simulation,
    sink,
    work,
)
from sparksim.sim.sink_tables import SinkRow
from sparksim.streaming.context import StreamingContext
from sparksim.streaming.offset_ranges import OffsetRange
from sparksim.trace import check_trace
from sparksim.trace.events import OffsetsCommitted, SinkRolledBack, SinkWritten

RANGE, NEXT = OffsetRange("orders", 0, 0, 3), OffsetRange("orders", 0, 3, 5)


class Message(NamedTuple):
    topic: str
    partition: int
    offset: int


def driver_program(body: Callable[[], None]) -> Run:
    """`body` runs once, in the program itself, with a SparkContext."""
    return Simulation(lambda ssc: (body(), ssc.queueStream([]).pprint())[1]).run(0.5)


def two_blocks(write: Callable[[Iterator[Any]], None], *faults: Any, until: float = 4.0) -> Run:
    """Records "a" to "d", two in each of two blocks of one batch, which starts at second 2; `write` gets a block."""

    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("source", 9000).foreachRDD(lambda rdd: rdd.foreachPartition(write))

    network = {"source:9000": Replay([(1.1, "a"), (1.2, "b"), (1.3, "c"), (1.4, "d")])}
    simulation = Simulation(
        program, network=network, block=0.25, cluster=Cluster(2, 2), cost=CostModel(), faults=faults
    )
    return simulation.run(until)


def keys(run: Run, name: str = "out") -> list[Any]:
    return run.sink(name).rows.column("key")


def test_inserts_add_rows_and_upserts_write_the_same_row_again() -> None:
    def body() -> None:
        totals = sink("totals")
        totals.insert("a", 1)
        totals.upsert("a", 2)
        totals.insert("a", 3)
        totals.upsert("b", [4])
        assert totals.get("a") == 3
        assert totals.get("b") == [4]
        assert totals.get("c", 0) == 0

    table = driver_program(body).sink("totals")
    assert [(row.key, row.value, row.writes) for row in table.rows] == [("a", 2, 2), ("a", 3, 1), ("b", [4], 1)]
    assert table.get("a") == 3


def test_each_write_is_an_event_that_names_the_record_behind_it() -> None:
    def body() -> None:
        out = sink("out")
        out.insert("r", 1, origin=ConsumerRecord("orders", 0, 7, 0, None, b""))
        out.insert("m", 1, origin=Message("orders", 1, 8))
        out.upsert(("o", 2), 1, origin=RANGE)
        out.upsert("t", 1, origin=("lines", 4, 5))
        out.insert("?", 1)

    run = driver_program(body)
    assert [(event.operation, event.keys, event.origins) for event in run.trace.of(SinkWritten)] == [
        ("insert", ("r",), (("orders/0", 7, 7),)),
        ("insert", ("m",), (("orders/1", 8, 8),)),
        ("upsert", ("('o', 2)",), (("orders/0", 0, 2),)),
        ("upsert", ("t",), (("lines", 4, 5),)),
        ("insert", ("?",), (("", -1, -1),)),
    ]
    assert run.sink("out").rows[0] == SinkRow("r", 1, ("orders/0", 7, 7), 1, 0.0)
    assert run.sink("out").rows[-1].origin is None


def test_tasks_write_too_and_the_event_names_the_batch() -> None:
    def write(records: Iterator[str]) -> None:
        for record in records:
            sink("out").insert(record, 1)

    run = two_blocks(write)
    assert keys(run) == ["a", "b", "c", "d"]
    assert {event.batch_time_ms for event in run.trace.of(SinkWritten)} == {2000}
    assert check_trace(run.trace) == []


def test_a_transaction_counts_from_its_end_on_and_is_one_event() -> None:
    def body() -> None:
        out = sink("out")
        with out.transaction():
            out.insert("a", 1)
            out.insert("b", 2)
            out.store_offsets(RANGE)
            assert out.rows.column("key") == ["a", "b"]
            assert out.get("b") == 2
            assert out.offsets() == {TopicPartition("orders", 0): 3}
            out.insert("c", 3)
            assert out.get("c") == 3

    run = driver_program(body)
    assert [event.keys for event in run.trace.of(SinkWritten)] == [("a", "b", "c")]
    [stored] = run.trace.of(OffsetsCommitted)
    assert (stored.group, stored.storage, stored.offsets) == ("out", "sink", (("orders/0", 3),))


def test_others_do_not_see_what_is_not_committed() -> None:
    def write(records: Iterator[str]) -> None:
        out = sink("out")
        with out.transaction():
            for record in records:
                seen = len(out.rows)
                out.insert(record, seen)
                work(0.01)

    rows = two_blocks(write).sink("out").rows
    assert [(row.key, row.value) for row in rows] == [("a", 0), ("b", 1), ("c", 0), ("d", 1)]


def test_an_exception_rolls_back_and_says_so() -> None:
    def body() -> None:
        out = sink("out")

        def write() -> None:
            with out.transaction():
                out.insert("a", 1, origin=("lines", 0, 0))
                out.store_offsets(RANGE)
                raise ValueError("no such customer")

        with pytest.raises(ValueError, match="no such customer"):
            write()
        assert len(out.rows) == 0
        assert out.offsets() == {}

    run = driver_program(body)
    [rolled_back] = run.trace.of(SinkRolledBack)
    assert (rolled_back.sink, rolled_back.rows, rolled_back.reason) == (
        "out",
        1,
        "ValueError: no such customer",
    )
    assert rolled_back.origins == (("lines", 0, 0),)
    assert run.trace.of(SinkWritten) == []


def slowly_in_a_transaction(records: Iterator[str]) -> None:
    out = sink("out")
    with out.transaction():
        for record in records:
            out.insert(record, 1)
            work(0.2)


def test_an_executor_that_dies_in_the_midst_leaves_nothing_and_the_next_attempt_writes_all() -> None:
    run = two_blocks(slowly_in_a_transaction, ExecutorCrash("other", at=2.3))
    [rolled_back] = run.trace.of(SinkRolledBack)
    assert (rolled_back.time_ms, rolled_back.rows, rolled_back.batch_time_ms) == (2300.0, 2, 2000)
    assert "executor" in rolled_back.reason
    assert sorted(keys(run)) == ["a", "b", "c", "d"]


def test_without_a_transaction_half_a_partition_stays_and_is_written_again() -> None:
    def write(records: Iterator[str]) -> None:
        for record in records:
            sink("out").insert(record, 1)
            work(0.2)

    assert sorted(keys(two_blocks(write, ExecutorCrash("other", at=2.3)))) == ["a", "a", "b", "b", "c", "d"]


@pytest.mark.parametrize("restart_after", [0.5, None])
def test_a_driver_that_dies_takes_open_transactions_along_and_not_the_rows(restart_after: float | None) -> None:
    def write(records: Iterator[str]) -> None:
        sink("out").insert("began", 1)
        slowly_in_a_transaction(records)

    run = two_blocks(write, DriverCrash(at=2.3, restart_after=restart_after))
    told = [(event.time_ms, event.rows, event.reason) for event in run.trace.of(SinkRolledBack)]
    assert told == [(2300.0, 2, "the driver died")] * 2
    assert keys(run) == ["began", "began"]


def test_what_a_driver_left_behind_the_next_one_finds() -> None:
    def program(ssc: StreamingContext) -> None:
        lives = sink("lives")
        lives.insert(len(lives.rows) + 1, lives.get("last", "none"))
        lives.upsert("last", "here")
        ssc.queueStream([]).pprint()

    run = Simulation(program, faults=[DriverCrash(at=1.5, restart_after=0.5)]).run(3)
    assert [(row.key, row.value) for row in run.sink("lives").rows] == [(1, "none"), ("last", "here"), (3, "here")]


def test_every_run_begins_with_empty_sinks() -> None:
    def body() -> None:
        assert len(sink("out").rows) == 0
        sink("out").insert("a", 1)

    assert keys(driver_program(body)) == keys(driver_program(body)) == ["a"]
    assert len(sink("out").rows) == 0


def test_offsets_are_stored_with_the_rows_and_a_batch_that_runs_again_is_noticed() -> None:
    def again() -> None:
        with sink("out").transaction():
            sink("out").insert("twice", 1)
            sink("out").store_offsets([RANGE])

    def body() -> None:
        out = sink("out")
        assert out.offsets() == {}
        assert not out.holds([RANGE])
        out.store_offsets([RANGE])
        assert out.holds([RANGE])
        assert not out.holds([RANGE, NEXT])
        with pytest.raises(OffsetConflict, match="offsets 0 to 3 of orders/0 do not begin at 3"):
            again()
        with out.transaction():
            out.insert("next", 1)
            out.store_offsets([NEXT])
            with pytest.raises(OffsetConflict):
                out.store_offsets([NEXT])

    run = driver_program(body)
    assert run.sink("out").offsets() == {("orders", 0): 5}
    assert keys(run) == ["next"]
    assert [event.reason.split(":")[0] for event in run.trace.of(SinkRolledBack)] == ["OffsetConflict"]


def test_what_two_transactions_store_is_checked_when_they_end() -> None:
    def write(records: Iterator[str]) -> None:
        out = sink("out")
        with out.transaction():
            out.insert(next(records), 1)
            out.store_offsets(RANGE)
            work(0.1)

    run = two_blocks(write)
    assert keys(run) == ["a"]
    assert {event.reason.partition(":")[0] for event in run.trace.of(SinkRolledBack)} == {"OffsetConflict"}


def test_what_was_stored_is_not_changed_by_whoever_holds_it() -> None:
    def body() -> None:
        value = [1]
        sink("out").insert("a", value)
        value.append(2)
        sink("out").get("a").append(3)
        assert sink("out").get("a") == [1]

    driver_program(body)


def test_a_live_program_has_the_same_sinks_in_its_memory() -> None:
    lasting = sink("live test")
    with SparkContext("local[2]") as sc:
        sc.parallelize(range(4), 2).foreach(lambda number: sink("live test").upsert(number % 2, number))
        with pytest.raises(ZeroDivisionError), lasting.transaction():
            lasting.insert("never", 1 / 0)
        assert sorted(lasting.rows.column("writes")) == [2, 2]
        assert len(sc._backend.trace.of(SinkWritten)) == 4
    assert sorted(lasting.rows.column("key")) == [0, 1]


def test_a_sink_is_only_a_name() -> None:
    assert loads(dumps(lambda: sink("out")))() == sink("out") == pickle.loads(pickle.dumps(sink("out")))
    run = driver_program(lambda: sink("out").insert("a", 1))
    assert pickle.loads(pickle.dumps(run.sink("out"))) == run.sink("out")
    assert repr(run.sink("out")).startswith("sink 'out', 1 rows\nkey  value")


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: sink(""), "name='': give the name of a sink, such as 'totals'"),
        (lambda: sink(3), "name=3"),
        (lambda: sink("out").insert(None, 1), r"insert\(key=None, ...\): give a key that can be looked up"),
        (lambda: sink("out").upsert(["a"], 1), r"upsert\(key=\['a'\], ...\): give a key"),
        (lambda: sink("out").upsert((["a"],), 1), "give a key"),
        (lambda: sink("out").insert("a", (x for x in "ab")), "the value cannot be serialised.*give plain data"),
        (lambda: sink("out").insert("a", 1, origin=7), "origin=7: give the record itself"),
        (lambda: sink("out").insert("a", 1, origin=("orders/0", 7)), "origin="),
        (lambda: sink("out").store_offsets(5), "ranges=5: give what offsetRanges"),
        (lambda: sink("out").holds([("orders", 0)]), "give what offsetRanges"),
    ],
)
def test_bad_input_is_refused_in_clear_words(call: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(IllegalArgumentError, match=complaint):
        call()


def test_a_transaction_inside_a_transaction_is_refused() -> None:
    def body() -> None:
        with sink("out").transaction(), sink("other").transaction():
            with pytest.raises(IllegalStateError, match="a transaction inside a transaction"):
                sink("out").transaction().__enter__()
            sink("out").insert("a", 1)

    assert keys(driver_program(body)) == ["a"]


def test_without_a_context_one_can_read_and_not_write() -> None:
    assert len(sink("nobody's").rows) == 0
    for write in (sink("nobody's").transaction().__enter__, lambda: sink("nobody's").insert("a", 1)):
        with pytest.raises(IllegalStateError, match="there is none"):
            write()


def test_a_run_knows_its_sinks() -> None:
    sink("named")
    run = driver_program(lambda: sink("out").insert("a", 1))
    assert len(run.sink("named").rows) == 0
    with pytest.raises(IllegalArgumentError, match=r"no program has used a sink of this name; there are: .*'out'"):
        run.sink("oot")
    with pytest.raises(IllegalArgumentError, match="this run was read from its trace"):
        Run(run.trace).sink("out")
