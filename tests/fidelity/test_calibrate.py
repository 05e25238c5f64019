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
from sparksim.fidelity.measure import measured_in, summary, values_in
from sparksim.fidelity.own import own_prices, sigma
from sparksim.fidelity.recording import Measured, RecordingError, read_recording
from sparksim.fidelity.report import FITTED_LOCAL, FITTED_STANDALONE
from tests.fidelity.conftest import DATA, Find

EVENT_LOG = DATA / "event_log.jsonl"


def test_what_is_measured_again_is_what_the_recording_says(path_of: Find) -> None:
    recording = read_recording(path_of("A03"))
    again = summary(values_in(recording))
    for name in ("generate_ms", "job_before_first_task_ms", "task_overhead_ms", "task_overhead_later_wave_ms"):
        assert again[name].median == pytest.approx(recording.calibration[name].median, abs=1)


def test_a_run_gives_its_own_prices(path_of: Find) -> None:
    prices = own_prices(SPARK_LOCAL, measured_in(read_recording(path_of("A03"))))
    assert prices.generate_ms == 4
    assert prices.output_op_ms + prices.job_start_ms + prices.stage_ms == 33
    assert prices.job_end_ms + prices.output_op_end_ms == 7
    assert (prices.task_ms, prices.later_wave_ms) == (21, 7)  # 30 in later waves, launched 2 ms early


def test_too_few_values_do_not_replace_the_preset() -> None:
    assert own_prices(SPARK_LOCAL, {"job_gap_ms": Measured(1, 9, 9)}).dispatch_ms == SPARK_LOCAL.dispatch_ms
    assert own_prices(SPARK_LOCAL, {"job_gap_ms": Measured(5, 9, 9)}).dispatch_ms == 9


def test_the_spread_of_a_constant_is_that_of_the_runs(path_of: Find) -> None:
    fitted = calibrate([path_of(f"A01_steady_repeat{number}") for number in (1, 2, 3)])
    (constant,) = [each for each in fitted.constants if each.name == "job_before_first_task_ms"]
    assert (constant.value, constant.runs) == (25, 3)
    assert 24 <= constant.low < constant.value < constant.high <= 30


@pytest.mark.parametrize(
    ("preset", "base", "names"),
    [(SPARK_LOCAL, SPARK_LOCAL, FITTED_LOCAL), (SPARK_STANDALONE, SPARK_LOCAL, FITTED_STANDALONE)],
)
def test_the_presets_are_what_calibrate_gives(preset: CostModel, base: CostModel, names: frozenset[str]) -> None:
    fitted = calibrate([DATA / f"{name}.json" for name in sorted(names)], base)
    assert priced(fitted.prices) == pytest.approx(priced(preset), abs=0.6)


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


def test_sigma_is_that_of_a_log_normal() -> None:
    assert sigma(Measured(100, 20, 20 * 2.718281828**1.2816)) == pytest.approx(1, abs=0.001)
    assert sigma(Measured(1, 5, 5)) == 0
