"""Statistics of numbers: sums, moments, histograms."""

from tests.conformance.cases import case
from tests.conformance.probes import raises


def _numbers(sc, partitions=3):
    return sc.parallelize([1.0, 2.5, 4.0, 4.0, 10.5], partitions)


@case
def sum_of_numbers(sc):
    return [sc.parallelize([1, 2, 3], 2).sum(), _numbers(sc).sum(), sc.parallelize([], 2).sum()]


@case
def sum_of_floats_is_per_partition(sc):
    return sc.parallelize([0.1] * 10, 3).sum()


@case
def mean(sc):
    return [_numbers(sc).mean(), sc.parallelize([1, 2], 1).mean()]


@case
def variance_and_stdev(sc):
    numbers = _numbers(sc)
    return [numbers.variance(), numbers.stdev(), numbers.sampleVariance(), numbers.sampleStdev()]


@case
def stats(sc):
    stats = _numbers(sc).stats()
    return [stats.count(), stats.mean(), stats.sum(), stats.min(), stats.max(), stats.stdev(), stats.sampleStdev()]


@case
def stats_as_text(sc):
    return str(sc.parallelize([1.0, 2.0, 3.0, 4.0], 2).stats())


@case
def stats_as_dict(sc):
    return sorted(sc.parallelize([1, 2, 3, 4], 2).stats().asDict().items())


@case
def stats_of_one_number(sc):
    stats = sc.parallelize([5], 3).stats()
    return [stats.count(), stats.mean(), stats.variance(), repr(stats.sampleVariance())]


@case
def stats_of_nothing(sc):
    stats = sc.parallelize([], 2).stats()
    return [stats.count(), stats.mean(), stats.sum(), repr(stats.variance()), repr(stats.max()), repr(stats.min())]


@case
def stats_can_be_merged(sc):
    stats = sc.parallelize([1, 2], 1).stats().mergeStats(sc.parallelize([3, 4, 5], 2).stats()).merge(6)
    return [stats.count(), stats.mean(), stats.variance(), stats.max()]


@case
def histogram_of_even_buckets(sc):
    return sc.parallelize(range(51), 3).histogram(2)


@case
def histogram_of_one_bucket(sc):
    return sc.parallelize([1, 5, 3], 2).histogram(1)


@case
def histogram_of_given_buckets(sc):
    return sc.parallelize(range(51), 3).histogram([0, 5, 25, 50])


@case
def histogram_of_evenly_spaced_given_buckets(sc):
    return sc.parallelize(range(51), 3).histogram([0, 10, 20, 30, 40, 50])


@case
def histogram_drops_what_lies_outside(sc):
    return sc.parallelize([-1, 0, 1, 5, 10, 11], 2).histogram([0, 5, 10])


@case
def histogram_of_text(sc):
    return sc.parallelize(["ab", "ac", "b", "bd", "ef"], 2).histogram(("a", "b", "c"))


@case
def histogram_of_floats(sc):
    return sc.parallelize([0.05 * i for i in range(100)], 4).histogram(7)


@case
def histogram_of_equal_values(sc):
    return sc.parallelize([1, 1, 1], 2).histogram(3)


@case
def histogram_errors(sc):
    numbers = sc.parallelize([1, 2], 1)
    return [
        raises(ValueError, lambda: numbers.histogram(0)),
        raises(ValueError, lambda: numbers.histogram([1])),
        raises(ValueError, lambda: numbers.histogram([2, 1])),
        raises(ValueError, lambda: numbers.histogram([1, 1, 2])),
        raises(TypeError, lambda: numbers.histogram([1, "a"])),
        raises(TypeError, lambda: numbers.histogram("abc")),
        raises(ValueError, lambda: sc.parallelize([], 1).histogram(2)),
    ]


@case
def sum_approx_of_a_fast_job_is_exact(sc):
    answer = sc.parallelize(range(10), 3).sumApprox(60000)
    return [float(answer), answer.low, answer.high, answer.confidence]


@case
def mean_approx_of_a_fast_job_is_exact(sc):
    return float(sc.parallelize(range(11), 3).meanApprox(60000))


@case
def sums_of_large_integers_are_exact(sc):
    return sc.parallelize([2**62, 2**62, 1], 2).sum()
