"""The committed matrix is what the stories show, and the page is what the matrix shows."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.core.errors import IllegalArgumentError
from sparksim.semantics import (
    DELIVERING,
    QUERYING,
    RECEIVING,
    STUDIES,
    Cell,
    Finding,
    KafkaCell,
    Matrix,
    QueryCell,
    cells,
    find,
    ledger,
)
from sparksim.semantics.page import lines_of, page, read
from sparksim.semantics.study import Study

DOCS = Path(__file__).parents[2] / "docs"
FINDINGS = DOCS / "semantics-findings.tsv"


@pytest.fixture(scope="module")
def all_three() -> list[Matrix]:
    return read(FINDINGS.read_text(encoding="utf-8").splitlines())


@pytest.fixture(scope="module")
def committed(all_three: list[Matrix]) -> Matrix:
    return all_three[0]


@pytest.fixture(scope="module")
def delivered(all_three: list[Matrix]) -> Matrix:
    return all_three[1]


@pytest.fixture(scope="module")
def queried(all_three: list[Matrix]) -> Matrix:
    return all_three[2]


@pytest.mark.parametrize("where", list(cells())[::4], ids=str)
def test_the_first_story_of_a_cell_is_as_committed(where: Cell, committed: Matrix) -> None:
    """Of every fourth cell; `make check-semantics` tells seven of each."""
    ledger.take()
    run = where.simulation(0).run(RECEIVING.until_s)
    assert RECEIVING.measure(run) == committed.findings[where][0]


@pytest.mark.parametrize("where", list(DELIVERING.cells())[::5], ids=str)
def test_the_first_story_of_a_cell_of_kafka_is_as_committed(where: KafkaCell, delivered: Matrix) -> None:
    """Of every fifth cell; `make check-semantics` tells seven of each."""
    run = where.simulation(0).run(DELIVERING.until_s)
    assert DELIVERING.measure(run) == delivered.findings[where][0]


@pytest.mark.parametrize("where", list(QUERYING.cells())[::7], ids=str)
def test_the_first_story_of_a_cell_of_queries_is_as_committed(where: QueryCell, queried: Matrix) -> None:
    """Of every seventh cell; `make check-semantics` tells three of each."""
    run = where.simulation(0).run(QUERYING.until_s)
    assert QUERYING.measure(run) == queried.findings[where][0]


def test_ten_thousand_stories_keep_every_promise(committed: Matrix) -> None:
    assert committed.runs >= 10_000
    assert set(committed.findings) == set(cells())
    assert list(committed.contradictions()) == []


def test_what_spark_says_is_lost_is_lost_here_too(committed: Matrix) -> None:
    """The stories are hard enough: each loss and each repetition that may happen does happen somewhere."""

    def worst(start: str, field: str) -> int:
        return max(
            int(getattr(each, field))
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


def test_five_thousand_stories_of_kafka_keep_every_promise(delivered: Matrix) -> None:
    assert delivered.runs >= 5_000
    assert set(delivered.findings) == set(DELIVERING.cells())
    assert list(delivered.contradictions()) == []


def test_what_may_go_wrong_with_kafka_does_so_somewhere(delivered: Matrix) -> None:
    def worst(source: str, sink: str, field: str) -> int:
        return max(
            int(getattr(each, field))
            for where, found in delivered.findings.items()
            if (where.source, where.sink) == (source, sink)
            for each in found
        )

    assert worst("receiver+zookeeper", "insert", "lost") > 0
    assert worst("receiver+zookeeper", "insert", "doubled") > 0
    assert worst("receiver+wal", "transaction", "doubled") > 0
    assert worst("direct+auto", "upsert", "lost") > 0
    assert worst("direct08+zookeeper", "insert", "doubled") > 0
    assert worst("direct+kafka", "transaction", "doubled") > 0
    assert worst("direct+checkpoint", "insert", "doubled") > 0
    assert worst("direct+database", "insert", "doubled") > 0
    for source in ("direct08+checkpoint", "direct08+zookeeper", "direct+checkpoint", "direct+kafka", "direct+database"):
        assert worst(source, "upsert", "lost") == worst(source, "upsert", "doubled") == 0
    assert worst("direct+database", "transaction", "lost") == worst("direct+database", "transaction", "doubled") == 0


def test_stories_of_queries_keep_every_promise(queried: Matrix) -> None:
    assert set(queried.findings) == set(QUERYING.cells())
    assert list(queried.contradictions()) == []


def test_what_may_go_wrong_with_queries_does_so_somewhere(queried: Matrix) -> None:
    def worst(sink: str, field: str, *shapes: str) -> int:
        return max(
            int(getattr(each, field))
            for where, found in queried.findings.items()
            if where.sink == sink and (not shapes or where.shape in shapes)
            for each in found
        )

    for shape in ("filter", "window", "distinct", "outer join"):
        assert worst("insert", "doubled", shape) > 0
    assert worst("upsert", "lost", "socket") > 0
    assert worst("files", "lost") == worst("files", "doubled") == worst("upsert", "doubled") == 0


def test_the_page_is_made_from_the_findings(all_three: list[Matrix]) -> None:
    assert (DOCS / "semantics.md").read_text(encoding="utf-8") == page(*all_three)


def test_lines_and_back(all_three: list[Matrix]) -> None:
    assert read(lines_of(all_three)) == all_three
    with pytest.raises(IllegalArgumentError, match="a tab, and findings"):
        Matrix.parse(RECEIVING, ["direct/driver/stored 0.0.0.0.0.0"])


def test_a_story_that_went_otherwise_is_named() -> None:
    where = next(cells())
    mine, theirs = (
        Matrix(RECEIVING, {where: (Finding(), Finding(twice=1))}),
        Matrix(RECEIVING, {where: (Finding(),)}),
    )
    assert mine.differs_from(theirs) == [f"{where} seed 1: 0.0.0.1.0.0, and not None"]
    assert theirs.differs_from(mine) == []


@pytest.mark.parametrize("study", STUDIES, ids=lambda study: study.title)
def test_stories_are_told_in_parallel_processes_as_in_one(study: Study) -> None:
    few = study._replace(cells=lambda: islice(study.cells(), 2))
    one, two = (find(few, 2, processes=processes, progress=False) for processes in (1, 2))
    assert one == two
    assert one.runs == 4


@pytest.mark.parametrize("runs", [0, -1, 1.5])
def test_runs_are_counted(runs: int) -> None:
    with pytest.raises(IllegalArgumentError, match="runs="):
        find(RECEIVING, runs)


def test_one_story_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "story.png"
    assert main(["semantics", "--replay", "reliable+wal/driver/stored", "--seed", "3", "--figure", str(figure)]) == 0
    told = capsys.readouterr().out
    assert "DriverCrash() strikes driver" in told
    assert "stored 0" in told
    assert figure.stat().st_size > 10_000


def test_one_matrix_alone_has_no_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["semantics", "--only", "Kafka matrix", "--page", "page.md"]) == 2
    assert "--only with --page or --findings" in capsys.readouterr().err


def test_one_matrix_alone_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = QUERYING._replace(cells=lambda: islice(QUERYING.cells(), 1))
    monkeypatch.setattr("sparksim.cli.semantics.STUDIES", (RECEIVING, few))
    known = tmp_path / "known.tsv"
    known.write_text("filter/files/executor\t0.0.0.0.0\n", encoding="utf-8")
    command = ["semantics", "--only", QUERYING.title, "--runs", "1", "--check", str(known)]
    assert main(command) == 0
    known.write_text("filter/files/executor\t7.0.0.0.0\n", encoding="utf-8")
    assert main(command) == 1
    assert "filter/files/executor seed 0: 0.0.0.0.0, and not 7.0.0.0.0" in capsys.readouterr().out


def test_a_cell_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["semantics", "--replay", "kafka/driver/stored"]) == 2
    assert "write SOURCE/VICTIM/STAGE" in capsys.readouterr().err
