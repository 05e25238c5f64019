"""Each package imports only what stands above it in docs/design.md; and the check that says so works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.layers import ALLOWED, LAYERS, upward_imports

PACKAGE_DIR = Path(__file__).parents[1] / "sparksim"


def test_no_import_runs_up() -> None:
    assert upward_imports(PACKAGE_DIR) == []


def test_every_package_is_a_layer() -> None:
    packages = {path.name for path in PACKAGE_DIR.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert packages <= set(LAYERS)
    assert set(ALLOWED) == set(LAYERS)


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("core/rdd.py", "import sparksim.cluster.clock", "core may import only the outside world"),
        ("core/rdd.py", "from ..cluster import clock", "core may import only the outside world"),
        ("core/rdd.py", "def f():\n    from sparksim.trace.events import Event", "core may import only"),
        ("trace/table.py", "from sparksim.core.errors import SparkException", "trace may import only"),
        (
            "cluster/dag.py",
            "if TYPE_CHECKING:\n    from sparksim import streaming",
            "cluster may import only core, trace",
        ),
        ("viz/timeline.py", "from sparksim.core import rdd", "viz may import only trace"),
        ("sim/simulation.py", "import_module('sparksim.course.grader')", "sim may import only"),
        ("sim/simulation.py", "import importlib\nimportlib.import_module('sparksim.cli')", "sim may import only"),
        ("streaming/context.py", "from sparksim import SparkContext", "modules do not import from the facade"),
        ("streaming/context.py", "import sparksim", "modules do not import from the facade"),
        ("helpers.py", "from sparksim.core import rdd", "helpers.py belongs to no layer"),
        (
            "helpers.py",
            "'More than names.'\nfrom sparksim.core import rdd\ndef f(): ...\n__all__ = ['rdd']",
            "helpers.py belongs to no layer",
        ),
    ],
)
def test_a_planted_import_is_found(tmp_path: Path, module: str, source: str, complaint: str) -> None:
    planted = tmp_path / module
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(source)
    [found] = upward_imports(tmp_path)
    assert found.startswith(module)
    assert complaint in found


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core/rdd.py", "from sparksim.core.stages import split\nfrom . import tasks\nimport json"),
        ("cluster/dag.py", "from sparksim.core import rdd\nfrom ..trace.events import Event"),
        ("viz/timeline.py", "from sparksim.trace import Trace"),
        ("viz/words.py", "from sparksim.core.language import language"),
        ("trace/table.py", "from sparksim.core import language"),
        ("__main__.py", "from sparksim.cli.main import main"),
        ("__init__.py", "from sparksim.core.rdd import RDD"),
        ("rdd.py", "'Names.'\nfrom sparksim.core.rdd import RDD\n__all__ = ['RDD']"),
    ],
)
def test_an_allowed_import_passes(tmp_path: Path, module: str, source: str) -> None:
    allowed = tmp_path / module
    allowed.parent.mkdir(exist_ok=True)
    allowed.write_text(source)
    assert upward_imports(tmp_path) == []
