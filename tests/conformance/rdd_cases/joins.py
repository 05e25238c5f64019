"""Joins and cogroups: pairs, their order, missing sides."""

from tests.conformance.cases import case


def _ages(sc):
    return sc.parallelize([("ann", 30), ("bob", 20), ("eve", 25), ("ann", 31)], 2)


def _towns(sc):
    return sc.parallelize([("bob", "Rome"), ("ann", "Oslo"), ("dan", "Bern"), ("ann", "Kiel")], 2)


@case
def join(sc):
    return _ages(sc).join(_towns(sc)).collect()


@case
def join_layout(sc):
    return _ages(sc).join(_towns(sc), 3).glom().collect()


@case
def join_makes_every_pair_of_a_key(sc):
    left = sc.parallelize([(1, i) for i in range(3)], 2)
    return left.join(sc.parallelize([(1, c) for c in "ab"], 1), 1).collect()


@case
def join_with_itself(sc):
    pairs = sc.parallelize([(1, "a"), (2, "b"), (1, "c")], 2)
    return pairs.join(pairs, 2).collect()


@case
def left_outer_join(sc):
    return _ages(sc).leftOuterJoin(_towns(sc)).collect()


@case
def right_outer_join(sc):
    return _ages(sc).rightOuterJoin(_towns(sc)).collect()


@case
def full_outer_join(sc):
    return _ages(sc).fullOuterJoin(_towns(sc)).collect()


@case
def join_with_nothing(sc):
    nothing = sc.parallelize([], 1)
    return [_ages(sc).join(nothing).collect(), _ages(sc).leftOuterJoin(nothing, 1).collect()]


@case
def full_outer_join_of_two_nothings(sc):
    return sc.parallelize([], 2).fullOuterJoin(sc.parallelize([], 1)).glom().collect()


@case
def join_on_none_keys(sc):
    left, right = sc.parallelize([(None, 1), (0, 2)], 2), sc.parallelize([(None, "n"), (0, "z")], 2)
    return left.join(right, 2).glom().collect()


@case
def join_on_tuple_keys(sc):
    left = sc.parallelize([((1, "a"), "x"), ((2, "b"), "y")], 2)
    return left.join(sc.parallelize([((1, "a"), "z")], 1), 2).collect()


@case
def join_of_none_values(sc):
    left, right = sc.parallelize([(1, None)], 1), sc.parallelize([(1, None), (2, None)], 1)
    return left.rightOuterJoin(right, 1).collect()


@case
def join_of_equally_partitioned_rdds(sc):
    left = sc.parallelize([(i, i) for i in range(6)], 2).partitionBy(3)
    right = sc.parallelize([(i, -i) for i in range(3, 9)], 2).partitionBy(3)
    joined = left.join(right)
    return [joined.getNumPartitions(), joined.glom().collect()]


@case
def join_of_one_partitioned_rdd(sc):
    left = sc.parallelize([(i, i) for i in range(6)], 2).partitionBy(3)
    return left.join(sc.parallelize([(1, "a"), (4, "b")], 2)).glom().collect()


@case
def three_way_join(sc):
    towns = _towns(sc).mapValues(len)
    return _ages(sc).join(towns).join(sc.parallelize([("ann", True)], 1)).collect()


@case
def cogroup(sc):
    return [(k, [list(a), list(b)]) for k, (a, b) in _ages(sc).cogroup(_towns(sc), 2).collect()]


@case
def cogroup_layout(sc):
    parts = _ages(sc).cogroup(_towns(sc), 3).mapValues(lambda sides: [list(side) for side in sides]).glom()
    return parts.collect()


@case
def cogroup_sides_have_a_length(sc):
    return _ages(sc).cogroup(_towns(sc), 1).mapValues(lambda sides: [len(side) for side in sides]).collect()


@case
def group_with_two_others(sc):
    third = sc.parallelize([("ann", 0.5), ("zoe", 1.5)], 1)
    sides = _ages(sc).groupWith(_towns(sc), third).mapValues(lambda sides: [list(side) for side in sides])
    return sides.collect()


@case
def group_with_three_others(sc):
    def single(value):
        return sc.parallelize([("k", value)], 1)

    return single(0).groupWith(single(1), single(2), single(3)).mapValues(lambda s: [list(x) for x in s]).collect()


@case
def subtract_by_key(sc):
    return _ages(sc).subtractByKey(_towns(sc)).collect()


@case
def subtract_by_key_keeps_duplicates(sc):
    return sc.parallelize([(1, "a"), (1, "b"), (2, "c")], 2).subtractByKey(sc.parallelize([(2, 0)], 1), 2).collect()


@case
def map_side_join_with_a_broadcast(sc):
    towns = sc.broadcast(dict(_towns(sc).collect()))
    return _ages(sc).map(lambda p: (p[0], p[1], towns.value.get(p[0]))).collect()
