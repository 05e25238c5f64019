"""The environment of PySpark 4: beside the PySpark 3.5 of the other tests it cannot stand."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.spark.real import REPOSITORY

PYTHON = Path(os.environ.get("SPARK4_PYTHON", REPOSITORY / ".venv4" / "bin" / "python"))


def run_there(module: str, *arguments: Path) -> str:
    """What a module of this folder prints, run by the Python that has PySpark 4. Fails without one."""
    assert PYTHON.exists(), (
        f"{PYTHON} is missing: run make test-spark4, or let SPARK4_PYTHON be a Python with PySpark 4"
    )
    command = [PYTHON, "-m", f"tests.spark4.{module}", *arguments]
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout
