"""A script runs as `python script.py` would run it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sparksim.core.script import run_script


def test_a_script_finds_its_arguments_and_the_modules_beside_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    (tmp_path / "beside_the_script.py").write_text("WORD = 'beside'")
    script = tmp_path / "script.py"
    script.write_text("import sys\nfrom beside_the_script import WORD\nprint(__name__, WORD, sys.argv[1:])")
    before = list(sys.argv), list(sys.path)
    run_script(script, ["a", "b"])
    assert capsys.readouterr().out == "__main__ beside ['a', 'b']\n"
    assert (sys.argv, sys.path) == before


def test_arguments_and_path_are_put_back_when_it_fails(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("1 / 0")
    before = list(sys.argv), list(sys.path)
    with pytest.raises(ZeroDivisionError):
        run_script(script, [])
    assert (sys.argv, sys.path) == before
