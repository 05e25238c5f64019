"""Programs that say `import pyspark` run on sparksim as they do on PySpark (`tests/spark/test_programs.py`)."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import sparksim
from tests.conformance.pyspark_alias import pyspark_means_sparksim

MODULE = "tests.conformance.pyspark_programs"


def programs() -> ModuleType:
    """A copy of the programs of which `pyspark` is sparksim."""
    before = sys.modules.pop(MODULE, None)
    with pyspark_means_sparksim():
        try:
            return import_module(MODULE)
        finally:
            sys.modules.pop(MODULE, None)
            if before is not None:
                sys.modules[MODULE] = before


ALIASED = programs()


@pytest.mark.parametrize("name", ALIASED.PROGRAMS)
def test_a_program_in_pysparks_spelling(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder := tmp_path / "data").mkdir()
    with sparksim.SparkContext("sim[2,2]", name) as sc:
        sc.setCheckpointDir(str(tmp_path / "checkpoints"))
        ALIASED.PROGRAMS[name](ALIASED.World(sc, str(folder), dropper(sc, folder)))


def dropper(sc: sparksim.SparkContext, folder: Path) -> Callable[[str, bytes], None]:
    """Moves files in whose modification time is a virtual moment from now: those of this very ms are not new."""

    def drop(name: str, data: bytes) -> None:
        aside = folder.parent / name
        aside.write_bytes(data)
        modified_ns = int(sc._backend.clock.now_ms + 1) * 1_000_000
        os.utime(aside, ns=(modified_ns, modified_ns))
        aside.rename(folder / name)

    return drop


def test_the_alias_leaves_modules_as_they_were() -> None:
    spec = sparksim.streaming.__spec__
    with pyspark_means_sparksim():
        assert import_module("pyspark.streaming") is sparksim.streaming
        assert import_module("pyspark.storagelevel").StorageLevel is sparksim.StorageLevel
        with pytest.raises(ModuleNotFoundError, match=r"pyspark\.graphx"):
            import_module("pyspark.graphx")
    assert sparksim.streaming.__spec__ is spec
    assert "pyspark.storagelevel" not in sys.modules
