"""Caching and checkpointing: what is computed again, what is read, and when lineage is forgotten."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sparksim.core import local_properties
from sparksim.core.context import SparkContext
from sparksim.core.errors import SparkException, SparkJobError, UnsupportedOperation
from sparksim.core.storage_level import StorageLevel
from tests.core.inline_backend import InlineBackend


@pytest.fixture
def calls(sc: SparkContext) -> Any:
    return sc.accumulator(0)


def counted(sc: SparkContext, calls: Any) -> Any:
    return sc.range(4, numSlices=2).map(lambda x: calls.add(1) or (x, x))


def test_cached_partitions_are_computed_once(sc: SparkContext, calls: Any) -> None:
    rdd = counted(sc, calls).cache()
    rdd.count()
    rdd.map(str).collect()
    rdd.reduceByKey(max).collect()
    rdd.sortByKey().collect()
    assert calls.value == 4


def test_an_rdd_derived_before_caching_does_not_use_the_cache(sc: SparkContext, calls: Any) -> None:
    rdd = counted(sc, calls)
    derived = rdd.map(str)
    rdd.cache()
    derived.count()
    derived.count()
    assert calls.value == 8
    rdd.count()
    rdd.count()
    assert calls.value == 12


def test_unpersist_forgets(sc: SparkContext, cluster: InlineBackend, calls: Any) -> None:
    rdd = counted(sc, calls).cache()
    rdd.count()
    assert len(cluster.cache) == 2
    assert rdd.unpersist() is rdd
    assert cluster.cache == {}
    assert rdd.getStorageLevel() == StorageLevel.NONE
    rdd.collect()
    assert calls.value == 8


def test_levels(sc: SparkContext) -> None:
    rdd = sc.range(3)
    assert rdd.getStorageLevel() == StorageLevel.NONE
    assert rdd.cache().getStorageLevel() == StorageLevel.MEMORY_ONLY
    assert rdd.is_cached
    rdd.persist()
    with pytest.raises(UnsupportedOperation, match="from MEMORY_ONLY_SER to DISK_ONLY: unpersist it first"):
        rdd.persist(StorageLevel.DISK_ONLY)
    with pytest.raises(TypeError, match=r"storageLevel must be a StorageLevel.*got 'memory'"):
        rdd.persist("memory")


def test_checkpoint_is_written_after_the_first_job(sc: SparkContext, cluster: InlineBackend, tmp_path: Path) -> None:
    sc.setCheckpointDir(str(tmp_path))
    rdd = sc.range(6, numSlices=3).map(lambda x: x * 2)
    rdd.checkpoint()
    assert (rdd.is_checkpointed, rdd.isCheckpointed(), rdd.getCheckpointFile()) == (True, False, None)
    assert rdd.count() == 6
    assert cluster.jobs == [[0, 1, 2], [0, 1, 2]]
    assert rdd.isCheckpointed()
    directory = rdd.getCheckpointFile()
    assert directory == f"{sc.getCheckpointDir()}/rdd-{rdd.id()}"
    assert directory.startswith(f"file:{tmp_path}/")
    assert sorted(each.name for each in Path(directory.removeprefix("file:")).iterdir()) == [
        "part-00000",
        "part-00001",
        "part-00002",
    ]


def test_a_checkpointed_rdd_forgets_its_lineage(sc: SparkContext, calls: Any, tmp_path: Path) -> None:
    sc.setCheckpointDir(str(tmp_path))
    rdd = counted(sc, calls).reduceByKey(max).mapValues(lambda x: x)
    rdd.checkpoint()
    derived = rdd.map(lambda pair: pair[0])
    rdd.collect()
    assert rdd.dependencies == ()
    assert len(rdd.toDebugString().splitlines()) == 1
    assert (rdd.getNumPartitions(), sorted(rdd.collect())) == (2, [(i, i) for i in range(4)])
    assert sorted(derived.collect()) == [0, 1, 2, 3]
    assert calls.value == 4


def test_shuffles_unions_and_the_rest_forget_too(sc: SparkContext, tmp_path: Path) -> None:
    sc.setCheckpointDir(str(tmp_path))
    pairs = sc.parallelize([(1, 1), (2, 2)], 2)
    rdds = [pairs.reduceByKey(max), pairs.union(pairs), pairs.coalesce(1), pairs.zip(pairs), pairs.cartesian(pairs)]
    for rdd in rdds:
        rdd.checkpoint()
        before = rdd.collect()
        assert rdd.dependencies == ()
        assert rdd.collect() == before


def test_an_rdd_used_before_it_was_marked_is_never_checkpointed(sc: SparkContext, tmp_path: Path) -> None:
    sc.setCheckpointDir(str(tmp_path))
    late = sc.range(3).map(str)
    late.collect()
    late.checkpoint()
    late.collect()
    assert not late.isCheckpointed()
    # count() runs on an RDD of its own, which is fused over this one.
    counted_before = sc.range(3).map(str)
    counted_before.count()
    counted_before.checkpoint()
    counted_before.count()
    assert counted_before.isCheckpointed()


def test_checkpoints_need_a_directory(sc: SparkContext) -> None:
    assert sc.getCheckpointDir() is None
    with pytest.raises(SparkException, match="no checkpoint directory is set; call setCheckpointDir"):
        sc.range(3).checkpoint()


def test_a_lost_checkpoint_is_an_error(sc: SparkContext, tmp_path: Path) -> None:
    sc.setCheckpointDir(str(tmp_path))
    rdd = sc.range(3).map(str)
    rdd.checkpoint()
    rdd.collect()
    shutil.rmtree(tmp_path)
    with pytest.raises(SparkJobError, match=r"checkpoint file .* is gone, and so is its lineage"):
        rdd.collect()


def test_local_checkpoints_live_in_the_cache(sc: SparkContext, cluster: InlineBackend, calls: Any) -> None:
    rdd = counted(sc, calls)
    rdd.localCheckpoint()
    assert (rdd.isLocallyCheckpointed(), rdd.isCheckpointed()) == (True, False)
    assert str(rdd.getStorageLevel()) == "Disk Memory Deserialized 1x Replicated"
    assert rdd.take(1) == [(0, 0)]
    assert (rdd.isCheckpointed(), rdd.getCheckpointFile(), rdd.dependencies) == (True, None, ())
    assert rdd.count() == 4
    assert calls.value == 4
    cluster.cache.clear()
    with pytest.raises(SparkJobError, match="was checkpointed locally, the executor that held it is lost"):
        rdd.collect()


def test_shuffle_outputs_can_be_dropped(sc: SparkContext, cluster: InlineBackend) -> None:
    rdd = sc.parallelize([(1, 1), (1, 2)], 2).reduceByKey(max).map(lambda pair: pair).groupByKey(1)
    assert rdd.mapValues(list).collect() == [(1, [2])]
    assert len(cluster.outputs) == 2
    rdd.cleanShuffleDependencies()
    assert cluster.outputs == {}
    assert rdd.mapValues(list).collect() == [(1, [2])]


def test_a_local_checkpoint_behind_another_keeps_partitions_that_the_job_did_not_touch(sc: SparkContext) -> None:
    behind = sc.parallelize([1, 2, 3, 4], 2).map(lambda x: x * 10)
    behind.localCheckpoint()
    ahead = behind.map(lambda x: x + 1)
    ahead.localCheckpoint()
    with local_properties.overlay({local_properties.CHECKPOINT_ALL_ANCESTORS: "true"}):
        assert ahead.take(1) == [11]
    assert behind.collect() == [10, 20, 30, 40]
