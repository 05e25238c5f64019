"""Numbers that the texts of lessons 1, 2, 4 and 5 state and their cells do not confirm."""

from __future__ import annotations

import pytest

from sparksim.sim import Acknowledged, Cluster, Constant, Load, Replay, Run, Simulation, SourceOutage
from sparksim.streaming import Receiver
from sparksim.streaming.file_dstream import is_in_window
from sparksim.streaming.queue_receiver import QueueReceiver


def lengths(ssc) -> None:
    ssc.socketTextStream("localhost", 9999).map(len).pprint()


def takings(ssc) -> None:
    pairs = ssc.socketTextStream("localhost", 9999).map(lambda order: order.split())
    pairs.map(lambda order: (order[0], int(order[1]))).reduceByKey(lambda a, b: a + b).pprint()


def simulated(program, load: Load, until: float, batch: float = 2.0, **more) -> Run:
    return Simulation(
        program, network={"localhost:9999": load}, batch=batch, cluster=Cluster(3, 2), seed=1, **more
    ).run(until=until)


def test_lesson_1_with_batches_of_a_tenth_of_a_second_orders_wait_longer_than_with_batches_of_eight() -> None:
    short = simulated(takings, Constant(20, "tea 4"), 40, batch=0.1).batches.where(status="completed")
    assert short[-1].total_delay_ms > 3 * 4500  # half an interval of 8 s, and half a second


@pytest.mark.parametrize(("arrival_s", "batch_s"), [(6.79, 7), (6.81, 8)])
def test_lesson_2_lines_a_fiftieth_of_a_second_apart_join_different_batches(arrival_s: float, batch_s: int) -> None:
    run = simulated(lengths, Replay([(arrival_s, "line")]), 9, batch=1.0)
    assert run.delivery.records[0].batch_time_ms == batch_s * 1000


def test_lesson_2_at_the_moment_that_the_text_names_two_blocks_wait_and_the_buffer_is_empty() -> None:
    typed = Replay([(0.50, "to"), (0.55, "be"), (1.10, "or"), (1.15, "not"), (1.70, "to be"), (2.95, "that")])
    blocks = simulated(lengths, typed, 9).blocks
    known = [block.block_id for block in blocks if (block.added_ms or 0) <= 1650 < (block.batch_time_ms or 0)]
    assert known == ["input-0-400", "input-0-1000"]
    assert [block.records for block in blocks] == [2, 2, 1, 1]


def test_lesson_2_one_line_a_second_makes_ten_tasks_in_ten_seconds() -> None:
    run = simulated(lengths, Constant(1), 35, batch=10.0)
    assert [batch.blocks for batch in run.batches][1:] == [10, 10]


@pytest.mark.parametrize(("modified_s", "is_read"), [(-5 * 60, False), (5 * 60, False), (9.5 * 60, True)])
def test_lesson_4_of_three_files_moved_in_after_ten_minutes_one_is_read(modified_s: float, is_read: bool) -> None:
    assert is_in_window(int(modified_s * 1000), 600_000, 60_000, 0) is is_read


class Lines(Receiver):
    def onStart(self) -> None:
        self.start_thread(self.receive)

    def onStop(self) -> None:
        pass

    def receive(self) -> None:
        try:
            connection = self.connect("localhost", 9999)
            while (line := connection.read()) is not None:
                self.store(line)
        except OSError as error:
            self.restart("cannot connect", error)
        else:
            self.restart("the server has hung up")


def test_lesson_5_a_server_that_is_away_for_two_and_a_half_seconds_is_read_again_after_four() -> None:
    def count(ssc) -> None:
        ssc.receiverStream(Lines()).count().pprint()

    run = simulated(count, Constant(10), 13, faults=[SourceOutage("localhost:9999", at=5, duration=2.5)])
    assert [int(life.started_ms) for life in run.receivers] == [350, 7000, 9000]


def test_lesson_5_a_rate_limit_does_not_hold_for_lists() -> None:
    def count(ssc) -> None:
        ssc.receiverStream(QueueReceiver("localhost", 9999)).count().pprint()

    limit = {"spark.streaming.receiver.maxRate": 10}
    run = simulated(count, Acknowledged(Constant(100)), 9, conf=limit)
    assert min(run.batches.column("records")[1:]) > 150  # 2 s of 100 a second, in blocks of about 20
