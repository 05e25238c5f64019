"""Constants are fitted to recordings and to event logs, with their spread."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sparksim.cluster.cost import SPARK_LOCAL, SPARK_STANDALONE, CostModel
from sparksim.core.errors import IllegalArgumentError
from sparksim.fidelity.calibrate import calibrate, load_preset, priced
from sparksim.fidelity.event_log import logged_jobs
from sparksim.fidelity.judge import on_cluster
from sparksim.fidelity.measure import Shares, measured_in, summary, values_in
from sparksim.fidelity.own import fitted_prices, own_prices
from sparksim.fidelity.recording import Measured, RecordingError, read_recording
from sparksim.fidelity.split import FITTED
from tests.fidelity.conftest import DATA, Find

EVENT_LOG = DATA / "event_log.jsonl"


def test_what_is_measured_again_is_what_the_recording_says(path_of: Find) -> None:
    recording = read_recording(path_of("A03"))
    again = summary(values_in(recording))
    for name in ("generate_ms", "job_before_first_task_ms", "task_overhead_ms", "task_overhead_later_wave_ms"):
        assert again[name].median == pytest.approx(recording.calibration[name].median, abs=1)


def test_a_run_gives_its_own_prices(path_of: Find) -> None:
    prices = own_prices(SPARK_LOCAL.with_(machine_cores=2), read_recording(path_of("A03")).calibration)
    assert prices.generate_ms == 4
    assert prices.output_op_ms + prices.job_start_ms + prices.stage_ms == 33
    assert prices.job_end_ms + prices.output_op_end_ms == 7
    assert (prices.task_ms, prices.later_wave_ms) == (21, 7)  # 30 in later waves, launched 2 ms early
    assert prices.machine_cores == 0  # what the tasks took from each other is in these figures


def test_a_run_with_a_shuffle_keeps_the_prices_of_tasks(path_of: Find) -> None:
    prices = own_prices(SPARK_LOCAL, read_recording(path_of("A09")).calibration, shuffles=True)
    assert (prices.task_ms, prices.map_ms, prices.reduce_ms) == (SPARK_LOCAL.task_ms, 43, 10)
    assert prices.generate_ms == 7


def test_too_few_values_do_not_replace_the_preset() -> None:
    assert own_prices(SPARK_LOCAL, {"job_gap_ms": Measured(1, 9, 9)}).dispatch_ms == SPARK_LOCAL.dispatch_ms
    assert own_prices(SPARK_LOCAL, {"job_gap_ms": Measured(5, 9, 9)}).dispatch_ms == 9


def test_the_spread_of_a_constant_is_that_of_the_runs(path_of: Find) -> None:
    fitted = calibrate([path_of(f"A01_steady_repeat{number}") for number in (1, 2, 3)])
    (constant,) = [each for each in fitted.constants if each.name == "job_before_first_task_ms"]
    assert (constant.value, constant.runs) == (25, 3)
    assert 24 <= constant.low < constant.value < constant.high <= 30


def test_every_second_recording_is_fitted_to() -> None:
    assert sorted(path.stem for path in DATA.glob("*.json"))[::2] == sorted(FITTED)


@pytest.mark.parametrize(("preset", "cluster"), [(SPARK_LOCAL, False), (SPARK_STANDALONE, True)])
def test_the_presets_are_what_calibrate_gives(preset: CostModel, cluster: bool) -> None:
    paths = [DATA / f"{name}.json" for name in sorted(FITTED)]
    prices = calibrate([path for path in paths if on_cluster(read_recording(path)) is cluster], SPARK_LOCAL).prices
    assert priced(prices.with_(noise=0)) == pytest.approx(priced(preset.with_(noise=0)), abs=0.6)
    assert prices.noise == pytest.approx(preset.noise, abs=0.006)


def test_three_on_two_cores_have_two_thirds_each() -> None:
    shares = Shares([[(0, 30)], [(0, 30)], [(0, 30), (40, 50)]], cores=2)
    assert shares.of(0, 30) == pytest.approx(20)
    assert shares.of(40, 50) == 10
    assert Shares([[(0, 30)], [(0, 30)], [(0, 30)]], cores=0).of(0, 30) == 30


def test_overheads_are_fitted_without_what_others_took_of_the_cores(path_of: Find) -> None:
    measured = measured_in(read_recording(path_of("G03")))  # seven tasks at once, on two cores
    assert measured["task_overhead_ms"].median == 56
    assert 15 <= measured["task_core_ms"].median <= 20


def test_what_reads_a_shuffle_gives_the_price_of_a_further_worker() -> None:
    three = {"task_core_ms": 20, "reduce_task_core_ms": 30, "reduce_task_2_workers_core_ms": 110}
    prices = fitted_prices(CostModel(), {name: Measured(9, value, value) for name, value in three.items()})
    assert (prices.task_ms, prices.reduce_ms, prices.worker_ms) == (20, 10, 40)


def test_a_saved_preset_is_read_again(tmp_path: Path, path_of: Find) -> None:
    fitted = calibrate([path_of("A03")])
    fitted.save(tmp_path / "mine.json")
    assert load_preset(str(tmp_path / "mine.json")) == fitted.prices
    assert load_preset("spark-local") is SPARK_LOCAL


def test_an_unknown_preset_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("{}")
    for name in ("cheap", str(tmp_path / "other.json")):
        with pytest.raises(IllegalArgumentError, match="is no preset"):
            load_preset(name)


def test_batches_are_rebuilt_from_the_jobs_of_an_event_log() -> None:
    jobs = logged_jobs(EVENT_LOG)
    times = [job.batch_time for job in jobs]
    assert [after - before for before, after in pairwise(times)] == [3000] * 11
    assert [task.records for task in jobs[3].tasks] == [60, 90, 0, 0]  # two files, then two reducers


def test_an_event_log_gives_prices_of_its_program() -> None:
    prices = calibrate([EVENT_LOG]).prices
    assert prices.record_ms == pytest.approx(3, abs=1.5)  # each record slept for 3 ms, on a busy machine
    assert prices.job_end_ms == 7.5
    assert replace(prices, record_ms=0) != SPARK_LOCAL


def test_logs_and_recordings_are_not_mixed(path_of: Find) -> None:
    with pytest.raises(RecordingError, match="event log"):
        calibrate([EVENT_LOG, path_of("A03")])


def test_a_log_without_batches_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text('{"Event": "SparkListenerLogStart", "Spark Version": "3.5.9"}\n')
    with pytest.raises(RecordingError, match="no job of a batch"):
        calibrate([log])


def test_noise_is_how_much_tasks_of_one_stage_differ(path_of: Find) -> None:
    noise = measured_in(read_recording(path_of("G03")))["noise"]
    assert 0.3 <= noise.median <= 0.4
