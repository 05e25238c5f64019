"""The committed matrix is what the stories show, and the page is what the matrix shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics import Cell, Finding, Matrix, cells, find, ledger
from sparksim.semantics.cells import UNTIL_S
from sparksim.semantics.findings import finding
from sparksim.semantics.report import page

DOCS = Path(__file__).parents[2] / "docs"
FINDINGS = DOCS / "semantics-findings.tsv"


@pytest.fixture(scope="module")
def committed() -> Matrix:
    return Matrix.parse(FINDINGS.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("where", list(cells())[::4], ids=str)
def test_the_first_story_of_a_cell_is_as_committed(where: Cell, committed: Matrix) -> None:
    """Of every fourth cell; `make check-semantics` tells fourteen of each."""
    ledger.take()
    run = where.simulation(0).run(UNTIL_S)
    assert finding(run, ledger.take()) == committed.findings[where][0]


def test_ten_thousand_stories_keep_every_promise(committed: Matrix) -> None:
    assert committed.runs >= 10_000
    assert set(committed.findings) == set(cells())
    assert list(committed.contradictions()) == []


def test_what_spark_says_is_lost_is_lost_here_too(committed: Matrix) -> None:
    """The stories are hard enough: each loss and each repetition that may happen does happen somewhere."""

    def worst(start: str, field: str) -> int:
        return max(
            getattr(each, field)
            for where, found in committed.findings.items()
            if str(where).startswith(start)
            for each in found
        )

    assert worst("unreliable/executor", "buffered") > 0
    assert worst("unreliable/driver", "stored") > 0
    assert worst("reliable/driver", "stored") > 0
    assert worst("reliable/executor", "twice") > 0
    assert worst("unreliable+wal/driver", "buffered") > 0
    assert worst("reliable+wal/both", "twice") > 0
    assert worst("direct/executor", "repeated") > 0
    assert worst("direct/driver", "repeated") > 0


def test_the_page_is_made_from_the_findings(committed: Matrix) -> None:
    assert (DOCS / "semantics.md").read_text(encoding="utf-8") == page(committed)


def test_lines_and_back(committed: Matrix) -> None:
    assert Matrix.parse(committed.lines()) == committed
    with pytest.raises(IllegalArgumentError, match="a tab, and findings"):
        Matrix.parse(["direct/driver/stored 0.0.0.0.0.0"])


def test_a_story_that_went_otherwise_is_named() -> None:
    where = next(cells())
    mine, theirs = Matrix({where: (Finding(), Finding(twice=1))}), Matrix({where: (Finding(),)})
    assert mine.differs_from(theirs) == [f"{where} seed 1: 0.0.0.1.0.0, and not None"]
    assert theirs.differs_from(mine) == []


def test_stories_are_told_in_parallel_processes_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    few = list(cells())[:2]
    monkeypatch.setattr("sparksim.semantics.matrix.cells", lambda: iter(few))
    one, two = (find(2, processes=processes, progress=False) for processes in (1, 2))
    assert one == two
    assert one.runs == 4


@pytest.mark.parametrize("runs", [0, -1, 1.5])
def test_runs_are_counted(runs: int) -> None:
    with pytest.raises(IllegalArgumentError, match="runs="):
        find(runs)


def test_one_story_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "story.png"
    assert main(["semantics", "--replay", "reliable+wal/driver/stored", "--seed", "3", "--figure", str(figure)]) == 0
    told = capsys.readouterr().out
    assert "DriverCrash() strikes driver" in told
    assert "stored 0" in told
    assert figure.stat().st_size > 10_000


def test_a_cell_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["semantics", "--replay", "kafka/driver/stored"]) == 2
    assert "write SOURCE/VICTIM/STAGE" in capsys.readouterr().err
