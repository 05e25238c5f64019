"""Which op of DStream vectors may follow which: the type of a stream's records and its slide, before and after an op.

A type is a word (`int`, `str`, `float`) or a tuple that begins with what it is: a pair of two types, a list of one, a
value that may be None, the values of a key as `groupByKey` gives them, both sides of a cogroup.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

Op = dict[str, Any]
Type = Any
Typing = Callable[[Type], Type | None]
"""The type after a function of a record of this type; None: it takes no such record."""

INT, STR, FLOAT, SUM_AND_COUNT = "int", "str", "float", "sum and count"


def pair(key: Type, value: Type) -> Type:
    return ("pair", key, value)


def list_of(part: Type) -> Type:
    return ("list", part)


class Stream(NamedTuple):
    """What is known of a stream: the type of its records, and after how many batches it yields again."""

    of: Type
    slide: int = 1


def _is(kind: str, of: Type) -> bool:
    return isinstance(of, tuple) and of[0] == kind


def is_plain(of: Type) -> bool:
    """Whether the values can be written down as they are."""
    return all(map(is_plain, of[1:])) if isinstance(of, tuple) and of[0] not in ("values", "sides") else _word(of)


def _word(of: Type) -> bool:
    return isinstance(of, str)


def _hashable(of: Type) -> bool:
    return all(map(_hashable, of[1:])) if _is("pair", of) or _is("maybe", of) else _word(of)


def _ordered(of: Type) -> bool:
    return all(map(_ordered, of[1:])) if _is("pair", of) or _is("list", of) else _word(of)


def depth(of: Type) -> int:
    return 1 + max(map(depth, of[1:])) if isinstance(of, tuple) else 0


# --- functions: the type they take, and the one they give ----------


def _takes(given: Type, result: Type) -> Typing:
    return lambda of: result if of == given else None


def _if(test: Callable[[Type], bool], result: Typing) -> Typing:
    return lambda of: result(of) if test(of) else None


def _any_of(*typings: Typing) -> Typing:
    return lambda of: next((result for typing in typings if (result := typing(of)) is not None), None)


def _same(of: Type) -> Type:
    return of


def _always(of: Type) -> Typing:
    return lambda _: of


def _is_text_or_list(of: Type) -> bool:
    return of == STR or _is("list", of)


def _is_pair(of: Type) -> bool:
    return _is("pair", of)


def _can_be_keyed(of: Type) -> bool:
    return _is("pair", of) and _hashable(of[1])


NUMBER = _takes(INT, INT)
TEXT = _takes(STR, STR)
MAP: dict[str, Typing] = {
    "identity": _same,
    "to_str": _if(is_plain, _always(STR)),
    "plus1": NUMBER,
    "plus10": NUMBER,
    "double": _any_of(NUMBER, TEXT, _if(lambda of: _is("list", of), _same)),
    "square": NUMBER,
    "negate": NUMBER,
    "upper": TEXT,
    "length": _if(_is_text_or_list, _always(INT)),
    "const_one": _always(INT),
    "pair_one": lambda of: pair(of, INT),
    "pair_x": lambda of: pair(of, STR),
    "pair_self": lambda of: pair(of, of),
    "mod10_one": _takes(INT, pair(INT, INT)),
    "key_parity": _takes(INT, pair(INT, INT)),
    "len_pair": _if(_is_text_or_list, lambda of: pair(INT, of)),
    "swap": _if(_is_pair, lambda of: pair(of[2], of[1])),
    "first": _if(_is_pair, lambda of: of[1]),
    "second": _if(_is_pair, lambda of: of[2]),
    "mean_of_sumcount": _takes(SUM_AND_COUNT, FLOAT),
    "list": _if(lambda of: _is("values", of), lambda of: list_of(of[1])),
    "sorted_list": _if(lambda of: _is("values", of) and _ordered(of[1]), lambda of: list_of(of[1])),
    "sum_list": _takes(("values", INT), INT),
    "len_list": _if(lambda of: _is("values", of), _always(INT)),
    "cogroup_lists": _if(lambda of: _is("sides", of) and of[1] == of[2], lambda of: list_of(list_of(of[1]))),
    "cogroup_sorted": _if(
        lambda of: _is("sides", of) and of[1] == of[2] and _ordered(of[1]), lambda of: list_of(list_of(of[1]))
    ),
}
FLAT_MAP: dict[str, Typing] = {
    "x_and_double": _any_of(NUMBER, TEXT),
    "split_words": TEXT,
    "chars": _any_of(TEXT, _if(lambda of: _is("list", of), lambda of: of[1])),
    "upto_three": NUMBER,
    "v_and_plus10": NUMBER,
}
FILTER: dict[str, Typing] = {
    "is_even": NUMBER,
    "is_odd": NUMBER,
    "gt_2": NUMBER,
    "nonempty": _if(_is_text_or_list, _same),
    "value_nonzero": _if(lambda of: _is_pair(of) and of[2] == INT, _same),
    "value_positive": _if(lambda of: _is_pair(of) and of[2] == INT, _same),
}
REDUCE: dict[str, Typing] = {
    "add": _if(lambda of: of in (INT, STR, FLOAT) or _is("list", of), _same),
    "sub": NUMBER,
    "mul": NUMBER,
    "max": _if(_ordered, _same),
    "min": _if(_ordered, _same),
}
COMBINE: dict[tuple[str, str, str], Typing] = {
    ("to_sumcount", "sumcount_add", "sumcount_merge"): _takes(INT, SUM_AND_COUNT),
    ("to_list", "list_append", "list_concat"): _if(is_plain, list_of),
    ("to_str", "append_str", "concat_str"): _if(is_plain, _always(STR)),
}
PARTITION: dict[str, Typing] = {"part_sum": NUMBER, "part_size": _always(INT), "part_one": _always(INT)}
INDEXED: dict[str, Typing] = {"tag_partition": lambda of: pair(INT, of)}
TRANSFORM: dict[str, Typing] = {
    "t_to_str": _if(is_plain, _always(STR)),
    "t_distinct": _if(_hashable, _same),
    "t_filter_even": NUMBER,
    "t_union_self": _same,
    "t_cartesian_self": lambda of: pair(of, of),
    "t_sort_desc": _if(_ordered, _same),
    "t_sort_asc": _if(_ordered, _same),
    "t_sort_by_key": _if(lambda of: _is_pair(of) and _ordered(of[1]), _same),
    "t_sum_by_key": _if(lambda of: _can_be_keyed(of) and REDUCE["add"](of[2]) is not None, _same),
    "t_zip_with_index": lambda of: pair(of, INT),
    "t_coalesce_1": _same,
    "t_key_by_text": _if(is_plain, lambda of: pair(STR, of)),
    "t_group_by_text": _if(is_plain, lambda of: pair(INT, list_of(of))),
    "t_sum_of_all": NUMBER,
}
TRANSFORM_TIME: dict[str, Typing] = {"tag_batch": lambda of: pair(INT, of), "pair_batch_ms": lambda of: pair(of, INT)}
UPDATE: dict[str, Typing] = {
    "u_sum": NUMBER,
    "u_append": _if(is_plain, list_of),
    "u_last": _same,
    "u_max": _if(_ordered, _same),
    "u_drop_idle": NUMBER,
    "u_count_drop_at_3": _always(INT),
    "u_expire_after_2_idle": _takes(INT, pair(INT, INT)),
    "u_add_batch_ms": NUMBER,
}


# --- ops ----------

Rule = Callable[[Op, Stream], Stream | None]


def _records(table: dict[str, Typing]) -> Rule:
    return lambda op, stream: _with(stream, table[op["fn"]](stream.of))


def _values(typing: Callable[[Op, Type], Type | None]) -> Rule:
    """An op on the values of pairs whose keys can be compared."""

    def rule(op: Op, stream: Stream) -> Stream | None:
        if not _can_be_keyed(stream.of) or not is_plain(stream.of[2]):
            return None
        value = typing(op, stream.of[2])
        return None if value is None else _with(stream, pair(stream.of[1], value))

    return rule


def _map_values(table: dict[str, Typing]) -> Rule:
    def rule(op: Op, stream: Stream) -> Stream | None:
        if not _is_pair(stream.of):
            return None
        value = table[op["fn"]](stream.of[2])
        return None if value is None else _with(stream, pair(stream.of[1], value))

    return rule


def _with(stream: Stream, of: Type | None) -> Stream | None:
    return None if of is None else stream._replace(of=of)


def _keep(op: Op, stream: Stream) -> Stream:
    return stream


def _sliding(rule: Rule) -> Rule:
    """`rule`, on a stream that then slides as the op says."""

    def sliding(op: Op, stream: Stream) -> Stream | None:
        slide = op.get("slide", stream.slide)
        if op["window"] % stream.slide or slide % stream.slide:
            return None
        after = rule(op, stream)
        return None if after is None else after._replace(slide=slide)

    return sliding


def _reduce_by_window(op: Op, stream: Stream) -> Stream | None:
    inverse = op.get("inv") or op["fn"]
    return stream if None not in (REDUCE[op["fn"]](stream.of), REDUCE[inverse](stream.of)) else None


def _reduce_by_key_and_window(op: Op, stream: Stream) -> Stream | None:
    if not _can_be_keyed(stream.of) or _reduce_by_window(op, stream._replace(of=stream.of[2])) is None:
        return None
    return stream if op.get("filter") is None or FILTER[op["filter"]](stream.of) is not None else None


def _update_state(op: Op, stream: Stream) -> Stream | None:
    after = _values(lambda op, of: UPDATE[op["fn"]](of))(op, stream)
    if after is None or "initial" not in op:
        return after
    return after if after.of == pair(STR, INT) else None


def _checkpoint(op: Op, stream: Stream) -> Stream | None:
    return stream if op["interval"] % stream.slide == 0 else None


def _count_by_value(op: Op, stream: Stream) -> Stream | None:
    return _with(stream, pair(stream.of, INT) if _hashable(stream.of) else None)


ONE_STREAM: dict[str, Rule] = {
    "map": _records(MAP),
    "flatMap": _records(FLAT_MAP),
    "filter": _records(FILTER),
    "mapValues": _map_values(MAP),
    "flatMapValues": _map_values(FLAT_MAP),
    "mapPartitions": _records(PARTITION),
    "mapPartitionsWithIndex": _records(INDEXED),
    "transform": _records(TRANSFORM),
    "transform_time": _records(TRANSFORM_TIME),
    "reduce": _records(REDUCE),
    "reduceByKey": _values(lambda op, of: REDUCE[op["fn"]](of)),
    "glom": lambda op, stream: _with(stream, list_of(stream.of)),
    "count": lambda op, stream: _with(stream, INT),
    "countByValue": _count_by_value,
    "groupByKey": _values(lambda op, of: ("values", of)),
    "combineByKey": _values(lambda op, of: COMBINE[op["create"], op["merge"], op["combine"]](of)),
    "cache": _keep,
    "persist": _keep,
    "partitionBy": lambda op, stream: stream if _can_be_keyed(stream.of) else None,
    "repartition": _keep,
    "window": _sliding(_keep),
    "countByWindow": _sliding(lambda op, stream: _with(stream, INT)),
    "countByValueAndWindow": _sliding(_count_by_value),
    "groupByKeyAndWindow": _sliding(_values(lambda op, of: ("values", of))),
    "reduceByWindow": _sliding(_reduce_by_window),
    "reduceByKeyAndWindow": _sliding(_reduce_by_key_and_window),
    "updateStateByKey": _update_state,
    "checkpoint": _checkpoint,
}

NEEDS_PLAIN_RECORDS = frozenset(ONE_STREAM) - {"mapValues", "cache", "persist", "partitionBy", "repartition", "window"}


# --- two streams ----------

TwoRule = Callable[[Op, Type, Type], Type | None]


def _joined(left_may_lack: bool, right_may_lack: bool) -> TwoRule:
    def rule(op: Op, ours: Type, theirs: Type) -> Type | None:
        if not (_can_be_keyed(ours) and _can_be_keyed(theirs) and ours[1] == theirs[1]):
            return None
        left = ("maybe", ours[2]) if left_may_lack else ours[2]
        right = ("maybe", theirs[2]) if right_may_lack else theirs[2]
        return pair(ours[1], pair(left, right))

    return rule


def _cogrouped(op: Op, ours: Type, theirs: Type) -> Type | None:
    both = _joined(False, False)(op, ours, theirs)
    return None if both is None or ours[2] != theirs[2] else pair(ours[1], ("sides", ours[2], theirs[2]))


def _alike(op: Op, ours: Type, theirs: Type) -> Type | None:
    return ours if ours == theirs else None


def _transform_with(op: Op, ours: Type, theirs: Type) -> Type | None:
    rule: TwoRule = {
        "w_join": _joined(False, False),
        "w_union": _alike,
        "w_cartesian": lambda op, ours, theirs: pair(ours, theirs),
        "w_subtract": lambda op, ours, theirs: _alike(op, ours, theirs) if _hashable(ours) else None,
        "w_intersection": lambda op, ours, theirs: _alike(op, ours, theirs) if _hashable(ours) else None,
        "w_subtract_by_key": lambda op, ours, theirs: ours if _joined(False, False)(op, ours, theirs) else None,
    }[op["fn"]]
    return rule(op, ours, theirs)


TWO_STREAMS: dict[str, TwoRule] = {
    "union": _alike,
    "join": _joined(False, False),
    "leftOuterJoin": _joined(False, True),
    "rightOuterJoin": _joined(True, False),
    "fullOuterJoin": _joined(True, True),
    "cogroup": _cogrouped,
    "transformWith": _transform_with,
}

MANY_STREAMS = {"ssc_union", "ssc_transform"}


def after(op: Op, stream: Stream, inputs: dict[int, Stream]) -> Stream | None:
    """The stream after the op; None where the op does not fit."""
    name = op["op"]
    if name in ONE_STREAM:
        if name in NEEDS_PLAIN_RECORDS and not is_plain(stream.of):
            return None
        return ONE_STREAM[name](op, stream)
    others = [
        result(other["program"], inputs[other["stream"]], inputs) for other in op.get("streams", [op.get("other")])
    ]
    if not is_plain(stream.of) or any(o is None or o.slide != stream.slide or not is_plain(o.of) for o in others):
        return None
    if name in MANY_STREAMS:
        return stream if all(other == stream for other in others) else None
    return _with(stream, TWO_STREAMS[name](op, stream.of, others[0].of))


def result(program: Sequence[Op], stream: Stream | None, inputs: dict[int, Stream]) -> Stream | None:
    """The stream after all ops."""
    for op in program:
        if stream is not None:
            stream = after(op, stream, inputs)
    return stream


def type_of(record: Any) -> Type:
    """The type of a record of a vector's input."""
    if isinstance(record, list):
        return pair(type_of(record[0]), type_of(record[1]))
    return INT if isinstance(record, int) else STR


# --- every op there is, with every argument worth trying ----------


def _ops(name: str, **choices: Sequence[Any]) -> list[Op]:
    """The op with every combination of arguments; an argument that is None is left out."""
    found = []
    for values in product(*choices.values()):
        given = {key: value for key, value in zip(choices, values, strict=True) if value is not None}
        found.append({"op": name, **given})
    return found


PARTITIONS = [None, 1, 3]
WINDOWS = {"window": [1, 2, 3, 4, 5, 6], "slide": [1, 2, 3]}
LEVELS = ["MEMORY_ONLY", "MEMORY_AND_DISK_2", "DISK_ONLY"]
INITIAL = [["a", 1], ["x", 5], ["", 0]]
ONE_STREAM_OPS: list[Op] = [
    *_ops("map", fn=list(MAP), preserves=[None, None, True]),
    *_ops("flatMap", fn=list(FLAT_MAP), preserves=[None, None, True]),
    *_ops("filter", fn=list(FILTER)),
    *_ops("mapValues", fn=list(MAP)),
    *_ops("flatMapValues", fn=list(FLAT_MAP)),
    *_ops("mapPartitions", fn=list(PARTITION), preserves=[None, True]),
    *_ops("mapPartitionsWithIndex", fn=list(INDEXED), preserves=[None, True]),
    *_ops("transform", fn=list(TRANSFORM)),
    *_ops("transform_time", fn=list(TRANSFORM_TIME)),
    *_ops("reduce", fn=list(REDUCE)),
    *_ops("reduceByKey", fn=list(REDUCE), partitions=PARTITIONS),
    *_ops("glom"),
    *_ops("count"),
    *_ops("countByValue"),
    *_ops("groupByKey", partitions=PARTITIONS),
    *[
        {**op, "create": create, "merge": merge, "combine": combine}
        for create, merge, combine in COMBINE
        for op in _ops("combineByKey", partitions=PARTITIONS)
    ],
    *_ops("cache"),
    *_ops("persist", level=LEVELS),
    *_ops("partitionBy", partitions=[1, 2, 3], by=[None, "always_1", "length_of_text"]),
    *_ops("repartition", partitions=[1, 2, 3, 4]),
    *_ops("window", window=WINDOWS["window"], slide=[None, *WINDOWS["slide"]]),
    *_ops("countByWindow", **WINDOWS),
    *_ops("countByValueAndWindow", **WINDOWS, partitions=PARTITIONS),
    *_ops("groupByKeyAndWindow", **WINDOWS, partitions=PARTITIONS),
    *_ops("reduceByWindow", fn=["add", "max", "sub"], inv=[None, "sub", "min"], **WINDOWS),
    *_ops(
        "reduceByKeyAndWindow",
        fn=["add", "max", "sub"],
        inv=[None, "sub", "min"],
        window=[1, 2, 3, 5, 6],
        slide=[None, 1, 2],
        partitions=[None, 3],
        filter=[None, "value_nonzero", "value_positive"],
    ),
    *_ops("updateStateByKey", fn=list(UPDATE), partitions=PARTITIONS, initial=[None, INITIAL]),
    *_ops("checkpoint", interval=[1, 2, 3, 4]),
]
TWO_STREAM_OPS: list[Op] = [
    *[op for name in TWO_STREAMS if name not in ("union", "transformWith") for op in _ops(name, partitions=PARTITIONS)],
    *_ops("union"),
    *_ops(
        "transformWith", fn=["w_join", "w_union", "w_cartesian", "w_subtract", "w_intersection", "w_subtract_by_key"]
    ),
]
MANY_STREAM_OPS: list[Op] = [*_ops("ssc_union"), *_ops("ssc_transform", fn=["m_union_in_order", "m_union_2_3_1"])]
