"""Caching and checkpoints: how often a partition is computed, and what the lineage shows."""

from tests.conformance.cases import case
from tests.conformance.probes import directory, raises, spark_refuses, stage_partitions


def _counted(sc, records, partitions):
    """An RDD and an accumulator of the records computed."""
    computed = sc.accumulator(0)
    return sc.parallelize(records, partitions).map(lambda x: computed.add(1) or x), computed


@case
def cache_computes_once(sc):
    numbers, computed = _counted(sc, range(4), 2)
    numbers.cache()
    numbers.count()
    numbers.collect()
    answer = computed.value
    numbers.unpersist()
    return answer


@case
def cache_is_lazy_and_gives_the_same_rdd(sc):
    numbers, computed = _counted(sc, range(4), 2)
    return [
        numbers.cache() is numbers,
        numbers.is_cached,
        computed.value,
        numbers.unpersist() is numbers,
        numbers.is_cached,
    ]


@case
def cache_is_used_by_children(sc):
    numbers, computed = _counted(sc, range(4), 2)
    numbers.cache().count()
    answer = [numbers.map(lambda x: x + 1).filter(lambda x: x % 2).collect(), computed.value]
    numbers.unpersist()
    return answer


@case
def cache_holds_only_what_was_computed(sc):
    numbers, computed = _counted(sc, range(8), 4)
    numbers.cache()
    numbers.first()
    after_first = computed.value
    numbers.count()
    answer = [after_first, computed.value]
    numbers.unpersist()
    return answer


@case
def cache_breaks_no_chain_of_results(sc):
    cached = sc.parallelize(range(5), 2).map(lambda x: x * 2).cache()
    answer = [cached.map(lambda x: x + 1).glom().collect(), cached.glom().collect()]
    cached.unpersist()
    return answer


@case
def unpersist_computes_again(sc):
    numbers, computed = _counted(sc, range(4), 2)
    numbers.cache().count()
    numbers.unpersist(blocking=True)
    numbers.count()
    return computed.value


@case
def storage_levels(sc):
    numbers = sc.parallelize([1], 1)
    before = str(numbers.getStorageLevel())
    numbers.cache()
    cached = str(numbers.getStorageLevel())
    numbers.unpersist()
    return [before, cached, str(numbers.getStorageLevel())]


@case
def persist_on_disk(sc):
    numbers, computed = _counted(sc, range(4), 2)
    numbers.persist(type(numbers.getStorageLevel())(True, False, False, False, 1))
    numbers.count()
    numbers.count()
    answer = [str(numbers.getStorageLevel()), computed.value]
    numbers.unpersist()
    return answer


@case
def persist_names(sc):
    levels = type(sc.parallelize([1], 1).getStorageLevel())
    names = [
        "DISK_ONLY",
        "DISK_ONLY_2",
        "MEMORY_ONLY",
        "MEMORY_ONLY_2",
        "MEMORY_AND_DISK",
        "MEMORY_AND_DISK_2",
        "OFF_HEAP",
    ]
    return [str(getattr(levels, name)) for name in names]


@case
def another_storage_level_is_refused(sc):
    numbers = sc.parallelize([1], 1).cache()
    disk = type(numbers.getStorageLevel())(True, False, False, False, 1)
    answer = spark_refuses(lambda: numbers.persist(disk))
    numbers.unpersist()
    return answer


@case
def persist_twice_at_the_same_level(sc):
    numbers = sc.parallelize([1], 1).cache()
    answer = numbers.cache().collect()
    numbers.unpersist()
    return answer


@case
def checkpoint_is_written_by_the_first_action(sc):
    with directory() as path:
        sc.setCheckpointDir(str(path))
        numbers = sc.parallelize(range(4), 2).map(lambda x: x * 2)
        numbers.checkpoint()
        before = [numbers.isCheckpointed(), numbers.getCheckpointFile() is None]
        answer = numbers.glom().collect()
        return [before, answer, numbers.isCheckpointed(), numbers.getCheckpointFile() is None, numbers.glom().collect()]


@case
def checkpoint_computes_twice_without_a_cache(sc):
    with directory() as path:
        sc.setCheckpointDir(str(path))
        numbers, computed = _counted(sc, range(4), 2)
        numbers.checkpoint()
        numbers.count()
        after_one = computed.value
        numbers.count()
        return [after_one, computed.value]


@case
def checkpoint_of_a_cached_rdd_computes_once(sc):
    with directory() as path:
        sc.setCheckpointDir(str(path))
        numbers, computed = _counted(sc, range(4), 2)
        numbers.cache().checkpoint()
        numbers.count()
        answer = computed.value
        numbers.unpersist()
        return answer


@case
def checkpoint_cuts_the_lineage(sc):
    with directory() as path:
        sc.setCheckpointDir(str(path))
        summed = sc.parallelize([(i % 2, i) for i in range(6)], 3).reduceByKey(lambda a, b: a + b, 2)
        before = stage_partitions(summed)
        summed.checkpoint()
        summed.count()
        return [before, stage_partitions(summed), sorted(summed.collect())]


@case
def checkpoint_of_a_parent_serves_the_child(sc):
    with directory() as path:
        sc.setCheckpointDir(str(path))
        numbers, computed = _counted(sc, range(4), 2)
        numbers.checkpoint()
        numbers.count()
        numbers.map(lambda x: x + 1).collect()
        return computed.value


@case
def checkpoint_files(sc):
    with directory() as path:
        sc.setCheckpointDir(str(path))
        numbers = sc.parallelize(range(4), 2).map(lambda x: x)
        numbers.checkpoint()
        numbers.count()
        return sorted(file.name for file in path.rglob("part-*"))


@case
def local_checkpoint(sc):
    numbers, computed = _counted(sc, range(4), 2)
    numbers.localCheckpoint()
    before = [numbers.isLocallyCheckpointed(), numbers.isCheckpointed()]
    numbers.collect()
    answer = [before, numbers.isCheckpointed(), numbers.getCheckpointFile() is None, numbers.collect(), computed.value]
    numbers.unpersist()
    return answer


@case
def debug_string_of_one_stage(sc):
    return stage_partitions(sc.parallelize(range(4), 3).map(lambda x: x).filter(bool))


@case
def debug_string_of_two_stages(sc):
    return stage_partitions(sc.parallelize([(1, 1)], 3).reduceByKey(max, 2))


@case
def debug_string_of_three_stages(sc):
    counts = sc.parallelize(range(4), 4).map(lambda x: (x % 2, x)).reduceByKey(max, 3)
    return stage_partitions(counts.map(lambda p: (p[1], p[0])).groupByKey(2))


@case
def debug_string_without_a_needless_shuffle(sc):
    parted = sc.parallelize([(1, 1)], 3).partitionBy(2)
    return [
        stage_partitions(parted.mapValues(str)),
        stage_partitions(parted.reduceByKey(max, 2)),
        stage_partitions(parted.reduceByKey(max, 5)),
    ]


@case
def debug_string_is_bytes(sc):
    return isinstance(sc.parallelize([1], 1).toDebugString(), bytes)


@case
def checkpoint_mark_is_refused_for_nothing(sc):
    return raises(TypeError, lambda: sc.parallelize([1], 1).checkpoint("now"))
