"""RDDs as sets: intersection, subtract, and unions without duplicates."""

from tests.conformance.cases import case


@case
def intersection_has_no_duplicates(sc):
    return sc.parallelize([1, 1, 2, 3, 3], 2).intersection(sc.parallelize([3, 3, 1, 4], 2)).collect()


@case
def intersection_layout(sc):
    return sc.parallelize(range(12), 2).intersection(sc.parallelize(range(0, 20, 3), 3)).glom().collect()


@case
def intersection_of_words(sc):
    left, right = sc.parallelize(["a", "b", "c", "d", "e"], 2), sc.parallelize(["e", "c", "x", "a"], 1)
    return left.intersection(right).collect()


@case
def intersection_with_nothing(sc):
    return sc.parallelize([1, 2], 1).intersection(sc.parallelize([], 1)).collect()


@case
def subtract_keeps_duplicates(sc):
    return sc.parallelize([1, 1, 2, 3, 3], 2).subtract(sc.parallelize([3, 9], 1)).collect()


@case
def subtract_layout(sc):
    return sc.parallelize(range(12), 3).subtract(sc.parallelize([0, 5, 6], 1), 2).glom().collect()


@case
def subtract_everything(sc):
    numbers = sc.parallelize([1, 2, 3], 2)
    return numbers.subtract(numbers).collect()


@case
def subtract_tuples(sc):
    left = sc.parallelize([("a", 1), ("b", 2), ("a", 2)], 2)
    return left.subtract(sc.parallelize([("a", 2)], 1), 1).collect()


@case
def union_distinct(sc):
    return sc.parallelize([1, 2, 3], 2).union(sc.parallelize([3, 4], 1)).distinct().collect()


@case
def none_is_a_member(sc):
    left, right = sc.parallelize([None, 1], 1), sc.parallelize([None, 2], 1)
    return [left.intersection(right).collect(), left.subtract(right).collect()]
