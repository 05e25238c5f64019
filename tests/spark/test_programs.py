"""The programs of `tests/conformance/pyspark_programs.py` pass on real PySpark too. Needs pyspark and Java."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.test_pyspark_programs import ALIASED
from tests.spark.real import spark_context

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def sc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    context = spark_context()
    context.setCheckpointDir(str(tmp_path_factory.mktemp("checkpoints")))
    yield context
    context.stop()


@pytest.mark.parametrize("name", ALIASED.PROGRAMS)
def test_a_program_on_pyspark(name: str, sc: Any, tmp_path: Path) -> None:
    (folder := tmp_path / "data").mkdir()

    def drop(name: str, data: bytes) -> None:
        aside = tmp_path / name
        aside.write_bytes(data)
        aside.rename(folder / name)

    programs = import_module("tests.conformance.pyspark_programs")
    try:
        programs.PROGRAMS[name](programs.World(sc, str(folder), drop))
    finally:
        if (left := programs.StreamingContext.getActive()) is not None:
            left.stop(False)
