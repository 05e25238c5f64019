"""What the command refuses: exit code 2, what was given, what is allowed, an example."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.main import main
from tests.cli.process import REPOSITORY

WORD_COUNT = str(REPOSITORY / "examples" / "word_count.py")
EVENT_LOG = str(REPOSITORY / "tests" / "data" / "event_log" / "word_count")
SIM = ("--master", "sim[3,2]")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["run", "nothing.py"], ["nothing.py does not exist", "examples/word_count.py"]),
        (["run", "."], [". is a directory"]),
        (["run", WORD_COUNT, "--master", "yarn"], ["'yarn' is no master", "local[N]", "'sim[3,2]'"]),
        (["run", WORD_COUNT, "--master", "local[0]"], ["local[0]", "at least 1"]),
        (["run", WORD_COUNT, "--until", "soon"], ["--until", "'soon'", "--until 30"]),
        (["run", WORD_COUNT, "--until", "-1"], ["'-1'", "above 0"]),
        (["run", WORD_COUNT, "--until", "nan"], ["'nan'"]),
        (["run", WORD_COUNT, *SIM, "--source", "9999"], ["'9999'", "HOST:PORT=constant:RATE", "=poisson:500"]),
        (["run", WORD_COUNT, *SIM, "--source", "h:1=kafka:5"], ["'h:1=kafka:5'", "HOST:PORT=poisson:RATE"]),
        (["run", WORD_COUNT, *SIM, "--source", "h:1=poisson:fast"], ["'fast'", "h:1=poisson:50"]),
        (["run", WORD_COUNT, *SIM, "--source", "h:1=constant:0"], ["'0'", "above 0"]),
        (["run", WORD_COUNT, *SIM, "--source", "h:1=file:gone.txt:5"], ["'gone.txt'", "No such file"]),
        (["run", WORD_COUNT, *SIM, "--kafka", "h:1=orders"], ["'h:1=orders'", "HOST:PORT=TOPIC:PARTITIONS@LOAD"]),
        (["run", WORD_COUNT, *SIM, "--kafka", "h:1=orders:0@poisson:5"], ["'h:1=orders:0@poisson:5'", "orders:4@"]),
        (["run", WORD_COUNT, *SIM, "--kafka", "h:1=orders:2@kafka:5"], ["poisson:RATE", "orders:4@poisson:50"]),
        (["run", WORD_COUNT, *SIM, "--kafka", "h:1=orders:2@poisson:0"], ["'0'", "--kafka h:1=orders:2@poisson:50"]),
        (["run", WORD_COUNT, *SIM, "--kafka", "h:1=or/ders@poisson:5"], ["'or/ders'", "letters, digits"]),
        (
            ["run", WORD_COUNT, *SIM, "--kafka", "h:1=a:2@poisson:5", "--kafka", "h:1=a:3@poisson:5"],
            ["topic 'a' at h:1 cannot have 2 and 3 partitions"],
        ),
        (
            ["run", WORD_COUNT, *SIM, "--kafka", "h:1=a@poisson:5", "--source", "h:1=poisson:5"],
            ["h:1 is also a --source", "another address"],
        ),
        (["run", WORD_COUNT, "--kafka", "h:1=a@poisson:5"], ["--kafka works in virtual time only"]),
        (["run", WORD_COUNT, *SIM, "--crash", "2"], ["'2'", "WHO@SECONDS", "--crash receiver@7.3"]),
        (["run", WORD_COUNT, *SIM, "--crash", "broker@2"], ["'broker@2'", "receiver", "random", "driver"]),
        (["run", WORD_COUNT, *SIM, "--crash", "driver@2+soon"], ["'driver@2+soon'", "--crash driver@7.3+2"]),
        (["run", WORD_COUNT, *SIM, "--file", "in/a.txt@1=a.txt"], ["sim://PATH@SECONDS=FILE", "sim://in/a.txt@2.5"]),
        (["run", WORD_COUNT, *SIM, "--file", "sim://a@1=gone.txt"], ["'gone.txt'", "No such file"]),
        (["run", WORD_COUNT, *SIM, "--crash", "4@2"], ["sim[3,2] has no executor 4", "from 1 to 3"]),
        (["run", WORD_COUNT, *SIM, "--cost", "cheap"], ["'cheap'", "teaching, "]),
        (["run", WORD_COUNT, "--figure", "run.jpg"], ["'run.jpg'", ".png, .svg, .pdf"]),
        (["run", WORD_COUNT, "--trace", "run.txt"], ["'run.txt'", "--trace run.jsonl"]),
        (["run", WORD_COUNT, "--trace", "no/such/run.jsonl"], ["no/such", "does not exist"]),
        (["run", WORD_COUNT, "--crash", "1@2"], ["--crash works in virtual time only", "--master 'sim[3,2]'"]),
        (["run", WORD_COUNT, "--seed", "1"], ["--seed works in virtual time only"]),
        (["run", WORD_COUNT, "--bogus"], ["unrecognized arguments: --bogus", "sparksim run --help"]),
        (["run"], ["PROGRAM.py"]),
        (["fly"], ["'fly'", "run", "demo", "trace"]),
        (["trace", "gone.jsonl"], ["cannot read gone.jsonl: No such file"]),
        (["trace", WORD_COUNT], ["word_count.py, line 1: not JSON"]),
        (["trace", WORD_COUNT, "--table", "loves"], ["'loves'", "batches"]),
        (["trace", EVENT_LOG, "--save", "log.docx"], ["save('log.docx')", ".perfetto.json"]),
        (["trace", EVENT_LOG, "--save", "no/such/run.jsonl"], ["cannot write no/such/run.jsonl: No such file"]),
        (["trace", str(REPOSITORY / "tests")], ["a folder with one event log is wanted"]),
    ],
)
def test_a_bad_request_is_refused(words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code: object = main(words)
    except SystemExit as ended:
        code = ended.code
    told = capsys.readouterr().err
    assert code == 2
    assert told.startswith("sparksim")
    assert [part for part in parts if part not in told] == []


def test_a_figure_without_matplotlib_is_refused_before_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("sparksim.cli.refusal.find_spec", lambda name: None)
    for words in (["run", WORD_COUNT, *SIM, "--figure", str(tmp_path / "a.png")], ["demo"]):
        assert main(words) == 2
        assert "pip install 'sparksim[viz]'" in capsys.readouterr().err


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "commands:\n  run " in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    name, number = capsys.readouterr().out.split()
    assert name == "sparksim"
    assert number[0].isdecimal()
