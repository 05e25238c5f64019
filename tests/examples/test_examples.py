"""Every example prints what it printed when its golden file was written."""

from __future__ import annotations

import pytest

from tests.examples.golden import GOLDEN_DIR, golden, names, output


@pytest.mark.parametrize("name", names())
def test_example_prints_as_before(name: str) -> None:
    assert output(name) == golden(name).read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert sorted(path.stem for path in GOLDEN_DIR.iterdir()) == names()
