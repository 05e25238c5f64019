"""Random choices: the same seed chooses the same records as PySpark."""

from tests.conformance.cases import case
from tests.conformance.probes import raises


@case
def sample_without_replacement(sc):
    return sc.parallelize(range(100), 4).sample(False, 0.1, 81).glom().collect()


@case
def sample_another_seed(sc):
    return sc.parallelize(range(100), 4).sample(False, 0.3, 7).collect()


@case
def sample_a_large_seed(sc):
    return sc.parallelize(range(50), 2).sample(False, 0.2, 2**40 + 5).collect()


@case
def sample_with_replacement(sc):
    return sc.parallelize(range(20), 2).sample(True, 0.8, 3).glom().collect()


@case
def sample_with_replacement_more_than_once(sc):
    return sc.parallelize(range(10), 3).sample(True, 2.5, 11).collect()


@case
def sample_all_or_nothing(sc):
    numbers = sc.parallelize(range(10), 2)
    return [
        numbers.sample(False, 0.0, 1).collect(),
        numbers.sample(False, 1.0, 1).collect(),
        numbers.sample(True, 0.0, 1).collect(),
    ]


@case
def sample_depends_on_the_partition(sc):
    return [sc.parallelize([0] * 20, n).sample(False, 0.5, 5).count() for n in (1, 2, 5)]


@case
def sample_is_the_same_twice(sc):
    sampled = sc.parallelize(range(100), 2).sample(False, 0.5)
    return sampled.collect() == sampled.collect()


@case
def sample_refuses_a_negative_fraction(sc):
    return raises(Exception, lambda: sc.parallelize([1], 1).sample(False, -0.1))


@case
def take_sample_without_replacement(sc):
    return sc.parallelize(range(100), 4).takeSample(False, 5, 1)


@case
def take_sample_with_replacement(sc):
    return sc.parallelize(range(10), 2).takeSample(True, 20, 1)


@case
def take_sample_of_everything_is_shuffled(sc):
    return sc.parallelize(range(10), 3).takeSample(False, 15, 2)


@case
def take_sample_of_nothing(sc):
    return [sc.parallelize([], 2).takeSample(False, 3, 1), sc.parallelize([1, 2], 1).takeSample(True, 0, 1)]


@case
def take_sample_refuses_a_negative_number(sc):
    return raises(ValueError, lambda: sc.parallelize([1], 1).takeSample(False, -1))


@case
def random_split(sc):
    return [part.collect() for part in sc.parallelize(range(40), 3).randomSplit([2, 3], 17)]


@case
def random_split_normalises_weights(sc):
    def counts(weights):
        return [part.count() for part in sc.parallelize(range(500), 1).randomSplit(weights, 17)]

    return [counts([2, 3]), counts([0.4, 0.6])]


@case
def random_split_in_three_loses_nothing(sc):
    parts = sc.parallelize(range(60), 4).randomSplit([1.0, 1.0, 1.0], 3)
    return [[part.glom().collect() for part in parts], sorted(x for part in parts for x in part.collect())]


@case
def random_split_refuses_negative_weights(sc):
    return raises(Exception, lambda: sc.parallelize([1], 1).randomSplit([1, -1], 1))


@case
def sample_by_key(sc):
    pairs = sc.parallelize([("a" if i % 3 else "b", i) for i in range(60)], 2)
    return pairs.sampleByKey(False, {"a": 0.2, "b": 0.5}, 2).collect()


@case
def sample_by_key_with_replacement(sc):
    pairs = sc.parallelize([(i % 2, i) for i in range(20)], 2)
    return pairs.sampleByKey(True, {0: 0.5, 1: 1.5}, 4).collect()


@case
def sample_by_key_refuses_negative_fractions(sc):
    return raises(Exception, lambda: sc.parallelize([("a", 1)], 1).sampleByKey(False, {"a": -1}, 2))


@case
def sample_after_a_shuffle(sc):
    return sc.parallelize([(i, i) for i in range(40)], 2).partitionBy(3).sample(False, 0.3, 9).keys().glom().collect()
