"""Sweeps: every combination of knobs becomes one row, whatever the number of processes."""

import os
import signal
import subprocess
import sys
import time
from threading import Lock

import pytest

from sparksim.core.errors import IllegalArgumentError, NotSerializable, SparkException
from sparksim.sim import Burst, Cluster, Constant, CostModel, Poisson, Replay, Simulation, Steps, sweep
from sparksim.sim.loads import Acknowledged, Retained
from tests.sim.programs import word_count

COST = CostModel(record_ms=10)


def pass_through(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.foreach(lambda line: None))


def simulation(program=pass_through, load=None, **arguments):
    """One receiver and one core that processes 100 records per second, at no other cost."""
    network = {"localhost:9999": load or Constant(50, "x")}
    return Simulation(program, network=network, cluster=Cluster(1, 2), cost=COST, **arguments)


def swept(*arguments, **knobs):
    return sweep(*arguments, progress=False, **{"until": 5, "processes": 1, **knobs})


def pairs(table, *columns):
    return list(zip(*(table.column(name) for name in columns), strict=True))


# --- knobs ------------------------------------------------------------------------------------------------------------


def test_a_turned_simulation_is_a_new_one_and_the_old_one_stays_as_it_was():
    slow = simulation()
    fast = slow.with_(rate=80, batch=2, executors=2, conf={"spark.app.name": "other"})
    assert [len(each.run(10).batches) for each in (slow, fast)] == [10, 5]
    assert [each.run(10).delivery.sent for each in (slow, fast)] == [501, 801]
    assert [len(each.run(10).executors) for each in (slow, fast)] == [1, 2]


def test_settings_are_laid_over_those_that_are_there():
    both = simulation(conf={"spark.streaming.receiver.maxRate": 10}).with_(conf={"spark.speculation": True})
    assert both._settings["spark.streaming.receiver.maxRate"] == "10"
    assert both._settings["spark.speculation"] == "true"


def test_cores_turn_beside_executors_and_on_top_of_a_cluster():
    turned = simulation().with_(cores=3).with_(executors=4)
    assert turned._settings["spark.master"] == "sim[4,3]"
    assert simulation().with_(cluster=Cluster(5, 5), cores=1)._settings["spark.master"] == "sim[5,1]"


@pytest.mark.parametrize("load", [Constant(1), Poisson(1), Burst(1, at=0, duration=100)])
def test_the_rate_goes_to_every_load_that_has_one(load):
    mixed = Simulation(pass_through, network={"localhost:9999": load, "other:1": Replay([(0, "x")])})
    network = mixed.with_(rate=30)._surroundings.network
    assert network["localhost:9999"].rate == 30
    assert network["other:1"] == Replay([(0, "x")])


@pytest.mark.parametrize("wrapped", [Acknowledged(Constant(1)), Retained(Constant(1), partitions=2)])
def test_the_rate_reaches_a_load_that_another_one_wraps(wrapped):
    turned = Simulation(pass_through, network={"mq:1": wrapped}).with_(rate=30)._surroundings.network["mq:1"]
    assert (type(turned), turned.load) == (type(wrapped), Constant(30))
    with pytest.raises(IllegalArgumentError, match="no load of this simulation has a rate"):
        Simulation(pass_through, network={"mq:1": Acknowledged(Replay([]))}).with_(rate=30)


def test_a_rate_without_a_load_that_has_one_is_refused():
    with pytest.raises(IllegalArgumentError, match="rate=30: no load of this simulation has a rate"):
        simulation(load=Steps([(1, 5)])).with_(rate=30)


def test_an_unknown_knob_is_refused_by_name():
    with pytest.raises(IllegalArgumentError, match=r"no knob 'batches'; it has program, .*executors, cores, rate"):
        simulation().with_(batches=2)
    with pytest.raises(IllegalArgumentError, match="no knob 'batches'"):
        swept(simulation(), batches=[2])


# --- the table --------------------------------------------------------------------------------------------------------


def test_one_row_per_combination_with_the_last_knob_varying_fastest():
    table = swept(simulation(), until=10, batch=[1, 2], rate=[20, 50])
    assert table.knobs == ("batch", "rate")
    assert pairs(table, "batch", "rate", "batches", "sent") == [
        (1, 20, 9, 201), (1, 50, 9, 501), (2, 20, 4, 201), (2, 50, 4, 501),
    ]  # fmt: skip


def test_the_measures_are_those_of_the_run():
    # 2 s batches of 120 records at 10 ms each take 1.2 s; the first is short of what came while no receiver listened.
    [row] = swept(simulation(), until=41.5, batch=[2], rate=[60])
    assert (row.batches, row.failed) == (20, 0)
    assert (row.processing_time_ms, row.processing_time_p95_ms) == (1200, 1200)
    assert (row.scheduling_delay_ms, row.scheduling_delay_p95_ms) == (0, 0)
    assert (row.total_delay_ms, row.total_delay_p95_ms) == (1200, 1200)
    assert row.sent == row.processed + row.lost + row.pending == 2491
    assert (row.repeated, row.stable) == (0, True)


def test_records_of_a_failed_batch_are_lost_and_the_batch_is_counted():
    def failing(ssc):
        def fail(time, rdd):
            if time.second == 2:
                raise ValueError("boom")

        ssc.socketTextStream("localhost", 9999).foreachRDD(fail)

    [row] = swept(simulation(failing), seed=[0])
    assert (row.batches, row.failed) == (5, 1)
    assert row.lost >= 50


def test_settings_of_spark_are_varied_by_name():
    table = swept(simulation(), conf={"spark.streaming.receiver.maxRate": [10, 20]}, rate=[50])
    assert table.knobs == ("spark_streaming_receiver_maxRate", "rate")
    assert table.column("spark_streaming_receiver_maxRate") == [10, 20]
    few, more = table.column("processed")
    assert few < more


def test_programs_and_faults_can_be_knobs_and_functions_stand_by_name():
    table = swept(simulation(), program=[pass_through, word_count], faults=[()])
    assert pairs(table, "program", "faults") == [("pass_through", ()), ("word_count", ())]


def test_a_measure_adds_columns_and_is_none_where_a_run_has_none():
    def measure(run):
        return {"tasks": len(run.tasks), **({"second": run.batches[1].records} if len(run.batches) > 1 else {})}

    table = swept(simulation(), until=3.5, batch=[1, 2], measure=measure)
    assert table.columns[-2:] == ("tasks", "second")
    assert table.column("second") == [50, None]


def test_a_short_run_gets_no_verdict():
    assert swept(simulation(), until=19, batch=[1]).column("stable") == [None]
    assert swept(simulation(), until=20, batch=[1]).column("stable") == [True]


def test_the_table_prints_and_becomes_a_data_frame():
    table = swept(simulation(), rate=[20, 50])
    assert str(table).splitlines()[0].split()[:3] == ["rate", "batches", "failed"]
    assert list(table.to_pandas()["rate"]) == [20, 50]


def test_values_may_be_any_numbers_in_any_series():
    numpy = pytest.importorskip("numpy")
    table = swept(simulation(), until=2, rate=numpy.arange(10, 30, 10), executors=range(1, 2))
    assert pairs(table, "rate", "executors") == [(10, 1), (20, 1)]
    assert [type(rate) for rate in table.column("rate")] == [int, int]


# --- processes --------------------------------------------------------------------------------------------------------


def test_two_processes_give_the_table_of_one_for_closures_and_lambdas_too():
    seen = []

    def keeping(ssc):
        ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: seen.append(rdd.count()))

    # What a program keeps stays in its own copy, so that no combination sees what another one left.
    knobs = {"rate": [20, 50, 80], "measure": lambda run: {"left": len(seen)}}
    alone = swept(simulation(keeping), **knobs)
    assert alone == swept(simulation(keeping), processes=2, **knobs)
    assert seen == []


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_names_its_combination(processes):
    def broken(ssc):
        stream = ssc.socketTextStream("localhost", 9999)
        stream.foreachRDD(lambda rdd: None)
        if ssc.sparkContext.getConf().get("spark.executor.memory") == "2g":
            raise KeyError("no such thing")

    with pytest.raises(
        SparkException, match="rate=20, spark_executor_memory=2g failed: KeyError: 'no such thing'"
    ) as e:
        swept(simulation(broken), processes=processes, rate=[20], conf={"spark.executor.memory": ["1g", "2g"]})
    assert "in broken" in str(e.value.__cause__)


def test_a_process_that_dies_is_named_too():
    def deadly(ssc):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(SparkException, match="the process that simulated rate=10 died"):
        swept(simulation(deadly), processes=2, rate=[10, 20])


def test_a_program_that_cannot_travel_is_refused():
    lock = Lock()
    with pytest.raises(NotSerializable, match=r"rate=10 cannot be sent to another process.*lock"):
        swept(simulation(lambda ssc: lock), rate=[10])


ENDLESS = """
import os, pathlib
from sparksim.sim import Constant, Simulation, sweep

def endless(ssc):
    pathlib.Path(f"{os.getpid()}.pid").touch()
    ssc.socketTextStream("localhost", 9999).pprint()

sweep(Simulation(endless, network={"localhost:9999": Constant(1)}), until=1e7, processes=2, rate=[1, 2])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to interrupt")
def test_ctrl_c_leaves_no_process_behind(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(ENDLESS)
    process = subprocess.Popen(
        [sys.executable, str(script)], cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    try:
        workers = _wait_for_workers(tmp_path, process)
        os.killpg(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert "KeyboardInterrupt" in error
        assert [pid for pid in workers if _is_alive(pid)] == []
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def _wait_for_workers(folder, process):
    for _ in range(600):
        names = list(folder.glob("*.pid"))
        if len(names) == 2:
            return [int(path.stem) for path in names]
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.1)
    raise AssertionError("the workers did not start")


def _is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"rate": []}, "rate=.*: an empty list leaves nothing to simulate"),
        ({"rate": 100}, r"rate=100: give a list of the values to try, such as rate=\[100\]"),
        ({"cost": "teaching"}, r"cost='teaching': give a list"),
        ({"conf": [{}]}, "give the values of each setting by its name"),
        ({"conf": {"spark.speculation": True}}, r"conf\['spark.speculation'\]=True: give a list"),
        ({"until": 0}, "until=0: give a positive number of seconds"),
        ({"until": -1}, "until=-1"),
        ({"processes": 0}, "processes=0: give a whole number, 1 or more"),
        ({"executors": [0]}, "executors=0"),
        ({"rate": [-5]}, "rate=-5"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(knobs, message):
    with pytest.raises(IllegalArgumentError, match=message):
        swept(simulation(), **knobs)


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda run: 5, "gave 5: let it return a mapping"),
        (lambda run: {"two words": 5}, "'two words': columns have names like those of variables"),
        (lambda run: {"sent": 5}, "'sent', which is a column already"),
        (lambda run: {"rate": 5}, "'rate', which is a column already"),
    ],
)
def test_a_measure_that_makes_no_columns_is_refused(measure, message):
    with pytest.raises(SparkException, match=message):
        swept(simulation(), until=2, rate=[5], measure=measure)


def test_a_sweep_of_nothing_is_the_simulation_itself():
    [row] = swept(simulation())
    assert row.batches == 4


# --- the figure -------------------------------------------------------------------------------------------------------


def legend_of(figure):
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_the_figure_has_a_line_per_value_of_the_second_knob():
    figure = swept(simulation(), rate=[20, 50], cores=[2, 3], seed=[1]).figure("processing_time_p95_ms")
    [axes] = figure.axes
    assert axes.get_xlabel() == "rate (records per second)"
    assert axes.get_ylabel() == "processing time p95 (ms)"
    assert legend_of(figure) == ["cores = 2", "cores = 3"]


def test_runs_that_were_not_stable_are_marked_in_the_figure():
    table = swept(simulation(), until=20, rate=[50, 150])
    assert "not sustained" in legend_of(table.figure())


def test_a_third_knob_has_to_be_fixed_before_drawing():
    table = swept(simulation(), until=2, rate=[20, 50], cores=[2, 3], seed=[1, 2])
    with pytest.raises(ValueError, match="choose one value of seed first"):
        table.figure()
    assert table.where(seed=2).figure().axes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measure": "speed"}, "no column 'speed'"),
        ({"over": "program"}, "'program' has values that are no numbers"),
        ({"by": "who"}, "no column 'who'"),
    ],
)
def test_a_figure_of_what_is_not_there_is_refused(arguments, message):
    table = swept(simulation(), until=2, program=[pass_through], rate=[20, 50])
    with pytest.raises(ValueError, match=message):
        table.figure(**arguments)
