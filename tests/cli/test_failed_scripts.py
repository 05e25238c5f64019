"""A script that raises leaves its trace all the same: what came before is what one wants to look at then."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.sim import simulate_script

PROGRAM = """
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

sc = SparkContext("sim[2,1]", "unlucky")
ssc = StreamingContext(sc, 1)
ssc.queueStream([[1], [0]]).map(lambda number: 1 // number).foreachRDD(lambda rdd: rdd.foreach(print))
ssc.start()
ssc.awaitTermination()
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def test_the_trace_and_the_summary_of_a_script_that_raised(program: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = program.with_name("run.jsonl")
    assert main(["run", str(program), "--until", "5", "--trace", str(kept)]) == 1
    told = capsys.readouterr().err
    assert "sparksim: unlucky on sim[2,1]: 2 batches, " in told
    assert told.splitlines()[-1].startswith("ZeroDivisionError") or "ZeroDivisionError" in told
    assert main(["trace", str(kept)]) == 0
    assert capsys.readouterr().out.startswith("unlucky on sim[2,1]: 2 batches, ")


def test_the_error_comes_out_unless_it_is_asked_to_stay_with_the_run(program: Path) -> None:
    with pytest.raises(Exception, match="ZeroDivisionError"):
        simulate_script(program, until=5)
    run = simulate_script(program, until=5, raises=False)
    assert "ZeroDivisionError" in str(run.error)
    assert [batch.failed for batch in run.batches] == [False, True]
    assert simulate_script(program, until=1.5).error is None


def test_a_script_that_makes_no_context_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "program.py"
    path.write_text("raise ValueError('bad day')\n")
    assert main(["run", str(path), "--master", "sim[3,2]", "--trace", str(tmp_path / "run.jsonl")]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: bad day"
    assert not (tmp_path / "run.jsonl").exists()
