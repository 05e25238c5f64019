"""Text output: a file per partition, a mark of success, and no overwriting."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.core import local_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import FileAlreadyExists, IllegalArgumentError, SparkJobError
from sparksim.core.saving import VALIDATE_OUTPUT
from tests.core.inline_backend import InlineBackend


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir())


def test_one_file_per_partition(sc: SparkContext, tmp_path: Path) -> None:
    sc.parallelize([1, "é", b"by", None, (1, "x")], 2).saveAsTextFile(f"{tmp_path}/out")
    assert names(tmp_path / "out") == ["_SUCCESS", "part-00000", "part-00001"]
    assert (tmp_path / "out/part-00000").read_text("utf-8") == "1\né\n"
    assert (tmp_path / "out/part-00001").read_text("utf-8") == "by\nNone\n(1, 'x')\n"


@pytest.mark.parametrize(
    ("codec", "suffix"), [("GzipCodec", ".gz"), ("BZip2Codec", ".bz2"), ("DefaultCodec", ".deflate")]
)
def test_compression(sc: SparkContext, tmp_path: Path, codec: str, suffix: str) -> None:
    sc.parallelize(["x", "y"], 2).saveAsTextFile(f"{tmp_path}/out", f"org.apache.hadoop.io.compress.{codec}")
    assert names(tmp_path / "out") == ["_SUCCESS", f"part-00000{suffix}", f"part-00001{suffix}"]
    assert sc.textFile(f"{tmp_path}/out").collect() == ["x", "y"]


def test_existing_output_is_refused_before_any_job(sc: SparkContext, cluster: InlineBackend, tmp_path: Path) -> None:
    with pytest.raises(FileAlreadyExists, match="already exists: save to another path"):
        sc.range(3).saveAsTextFile(str(tmp_path))
    with pytest.raises(IllegalArgumentError, match="unknown compressionCodecClass 'zip'"):
        sc.range(3).saveAsTextFile(f"{tmp_path}/out", "zip")
    assert cluster.jobs == []


def test_existing_output_is_added_to_where_the_check_is_off(sc: SparkContext, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with local_properties.overlay({VALIDATE_OUTPUT: "false"}):
        sc.parallelize(["a"], 1).saveAsTextFile(str(tmp_path))
    assert names(tmp_path) == ["_SUCCESS", "notes", "part-00000"]
    with pytest.raises(FileAlreadyExists):
        sc.parallelize(["b"], 1).saveAsTextFile(str(tmp_path))


def test_the_check_is_a_setting(sc: SparkContext, tmp_path: Path) -> None:
    sc._conf.set(VALIDATE_OUTPUT, "false")
    sc.parallelize(["a"], 1).saveAsTextFile(str(tmp_path))
    with local_properties.overlay({VALIDATE_OUTPUT: "true"}), pytest.raises(FileAlreadyExists):
        sc.parallelize(["b"], 1).saveAsTextFile(str(tmp_path))
    assert sc.textFile(str(tmp_path)).collect() == ["a"]


def test_a_failed_job_leaves_no_mark_of_success(sc: SparkContext, tmp_path: Path) -> None:
    with pytest.raises(SparkJobError, match="ZeroDivisionError"):
        sc.parallelize([1, 0], 2).map(lambda x: 1 // x).saveAsTextFile(f"{tmp_path}/out")
    assert names(tmp_path / "out") == ["part-00000"]


def test_a_repeated_task_writes_its_part_again(sc: SparkContext, cluster: InlineBackend, tmp_path: Path) -> None:
    cluster.fail_first = lambda task: True
    sc.range(4, numSlices=2).saveAsTextFile(f"{tmp_path}/out")
    assert sc.textFile(f"{tmp_path}/out").collect() == ["0", "1", "2", "3"]
    assert names(tmp_path / "out") == ["_SUCCESS", "part-00000", "part-00001"]
