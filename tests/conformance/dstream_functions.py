"""The functions that DStream vectors name, each under the name the vectors use for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Function = Callable[..., Any]


def _fail_if_1(x: Any) -> Any:
    if x == 1:
        raise ValueError("vector error: record 1")
    return x


MAP: dict[str, Function] = {
    "identity": lambda x: x,
    "to_str": str,
    "to_int": int,
    "plus1": lambda x: x + 1,
    "plus4": lambda x: x + 4,
    "plus8": lambda x: x + 8,
    "plus10": lambda x: x + 10,
    "double": lambda x: x * 2,
    "square": lambda x: x * x,
    "negate": lambda x: -x,
    "upper": lambda x: x.upper(),
    "length": len,
    "const_one": lambda x: 1,
    "pair_one": lambda x: (x, 1),
    "pair_x": lambda x: (x, "x"),
    "pair_self": lambda x: (x, x),
    "mod10_one": lambda x: (x % 10, 1),
    "key_parity": lambda x: (x % 2, x),
    "len_pair": lambda x: (len(x), x),
    "swap": lambda pair: (pair[1], pair[0]),
    "first": lambda pair: pair[0],
    "second": lambda pair: pair[1],
    "list": list,
    "sorted_list": sorted,
    "sum_list": sum,
    "len_list": lambda values: len(list(values)),
    "cogroup_sorted": lambda sides: [sorted(sides[0]), sorted(sides[1])],
    "cogroup_lists": lambda sides: [list(sides[0]), list(sides[1])],
    "mean_of_sumcount": lambda pair: pair[0] / pair[1],
    "fail_if_1": _fail_if_1,
}

FLAT_MAP: dict[str, Function] = {
    "x_and_double": lambda x: [x, 2 * x],
    "split_words": lambda text: text.split(),
    "chars": list,
    "upto": range,
    "upto_three": lambda x: range(x % 4),
    "v_and_plus10": lambda v: [v, v + 10],
    "nothing": lambda x: [],
}

FILTER: dict[str, Function] = {
    "is_even": lambda x: x % 2 == 0,
    "is_odd": lambda x: x % 2 == 1,
    "gt_2": lambda x: x > 2,
    "nonempty": lambda x: len(x) > 0,
    "never": lambda x: False,
    "value_nonzero": lambda pair: pair[1] != 0,
    "value_positive": lambda pair: pair[1] > 0,
}

REDUCE: dict[str, Function] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "max": max,
    "min": min,
}

CREATE: dict[str, Function] = {"to_str": str, "to_sumcount": lambda v: (v, 1), "to_list": lambda v: [v]}

MERGE: dict[str, Function] = {
    "append_str": lambda a, v: a + str(v),
    "sumcount_add": lambda a, v: (a[0] + v, a[1] + 1),
    "list_append": lambda a, v: [*a, v],
}

COMBINE: dict[str, Function] = {
    "concat_str": lambda a, b: a + b,
    "sumcount_merge": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "list_concat": lambda a, b: a + b,
}

PARTITION: dict[str, Function] = {
    "part_sum": lambda records: [sum(records)],
    "part_size": lambda records: [len(list(records))],
    "part_one": lambda records: [1],
}

INDEXED: dict[str, Function] = {"tag_partition": lambda index, records: [(index, x) for x in records]}

PARTITION_BY: dict[str, Function] = {"always_1": lambda key: 1, "length_of_text": lambda key: len(str(key))}
"""Partition functions, of keys."""

TRANSFORM: dict[str, Function] = {
    "t_to_str": lambda rdd: rdd.map(str),
    "t_distinct": lambda rdd: rdd.distinct(),
    "t_filter_even": lambda rdd: rdd.filter(lambda x: x % 2 == 0),
    "t_union_self": lambda rdd: rdd.union(rdd),
    "t_cartesian_self": lambda rdd: rdd.cartesian(rdd),
    "t_sort_desc": lambda rdd: rdd.sortBy(lambda x: x, False, 1),
    "t_sort_by_key": lambda rdd: rdd.sortByKey(True, 1),
    "t_sum_by_key": lambda rdd: rdd.reduceByKey(lambda a, b: a + b),
    "t_sort_asc": lambda rdd: rdd.sortBy(lambda x: x),
    "t_zip_with_index": lambda rdd: rdd.zipWithIndex(),
    "t_coalesce_1": lambda rdd: rdd.coalesce(1),
    "t_key_by_text": lambda rdd: rdd.keyBy(str),
    "t_group_by_text": lambda rdd: rdd.groupBy(lambda x: len(str(x))).mapValues(list),
    "t_sum_of_all": lambda rdd: rdd.context.parallelize([rdd.sum()], 1),
    "t_none": lambda rdd: None,
    "t_none_if_empty": lambda rdd: None if rdd.isEmpty() else rdd,
}

TRANSFORM_TIME: dict[str, Function] = {
    "tag_batch": lambda n, rdd: rdd.map(lambda x: (n, x)),
    "pair_batch_ms": lambda n, rdd: rdd.map(lambda x: (x, n * 1000)),
}
"""Of the number of the batch (the first is 1) and its RDD."""

TRANSFORM_WITH: dict[str, Function] = {
    "w_join": lambda a, b: a.join(b),
    "w_union": lambda a, b: a.union(b),
    "w_subtract": lambda a, b: a.subtract(b),
    "w_intersection": lambda a, b: a.intersection(b),
    "w_subtract_by_key": lambda a, b: a.subtractByKey(b),
    "w_cartesian": lambda a, b: a.cartesian(b),
}

TRANSFORM_MANY: dict[str, Function] = {
    "m_union_in_order": lambda rdds: rdds[0].context.union(rdds),
    "m_union_2_3_1": lambda rdds: rdds[0].context.union([rdds[1], rdds[2], rdds[0]]),
}
