"""What the command reads off a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.script import own_master, user_traceback


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sc = SparkContext('local[2]', 'a')", ("local[2]", 1)),
        ("import x\nsc = x.SparkContext(appName='a', master='sim[3,2]')", ("sim[3,2]", 2)),
        ("conf = (\n  SparkConf()\n  .setMaster('local')\n)", ("local", 2)),
        ("conf.set('spark.master', 'local[4]')", ("local[4]", 1)),
        ("conf.set('spark.app.name', 'local[4]')", None),
        ("SparkContext(appName='a')", None),
        ("SparkContext(sys.argv[1], 'a')", None),
        ("this is no python", None),
    ],
)
def test_own_master_is_the_first_literal_master(tmp_path: Path, text: str, found: tuple[str, int] | None) -> None:
    path = tmp_path / "program.py"
    path.write_text(text)
    assert own_master(path) == found


def test_a_traceback_begins_in_the_program(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("raise ValueError('no')")
    try:
        exec(compile(path.read_text(), path, "exec"))
    except ValueError as error:
        text = user_traceback(error, path)
    assert text.splitlines()[0] == "Traceback (most recent call last):"
    assert text.splitlines()[1] == f'  File "{path}", line 1, in <module>'
    assert text.splitlines()[-1] == "ValueError: no"


def test_an_error_outside_the_program_is_one_line() -> None:
    assert user_traceback(ValueError("no"), Path("program.py")) == "ValueError: no"
