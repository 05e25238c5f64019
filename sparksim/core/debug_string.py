"""The lineage of an RDD as text, in the shape of Spark's `toDebugString`.

`(2)` counts partitions and starts a stage, `+-` is a shuffle, `|` goes on within a stage.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sparksim.core.storage_level import StorageLevel

if TYPE_CHECKING:
    from sparksim.core.rdd import RDD


def debug_string(rdd: RDD[Any]) -> str:
    """The tree under `rdd`, one RDD per line."""
    count = f"({rdd.getNumPartitions()})"
    lines = [f"{count} {_describe(rdd)}"]
    bar = " " * ((len(count) - 1) // 2) + "|"
    waiting = _children(rdd, bar + " " * (len(count) + 1 - len(bar)))
    while waiting:
        child, prefix, shuffled, last = waiting.pop()
        if not shuffled:
            lines.append(prefix + _describe(child))
            waiting += _children(child, prefix)
            continue
        stem = re.sub(r"\|\s+$", "", prefix)
        count = f"({child.getNumPartitions()})"
        lines.append(f"{stem}+-{count} {_describe(child)}")
        offset = (len(count) - 1) // 2
        waiting += _children(child, stem + ("  " if last else "| ") + " " * offset + "|" + " " * (len(count) - offset))
    return "\n".join(lines)


def _describe(rdd: RDD[Any]) -> str:
    level = rdd.getStorageLevel()
    return f"{rdd!r} [{'' if level == StorageLevel.NONE else level}]"


def _children(rdd: RDD[Any], prefix: str) -> list[tuple[RDD[Any], str, bool, bool]]:
    """The parents of `rdd` as (parent, prefix, through a shuffle, last of them), the first on top of the stack."""
    parents = _parents(rdd)
    entries = [
        (parent, prefix, shuffled, position == len(parents) - 1) for position, (parent, shuffled) in enumerate(parents)
    ]
    return entries[::-1]


def _parents(rdd: RDD[Any]) -> list[tuple[RDD[Any], bool]]:
    from sparksim.core.dependency import ShuffleDependency
    from sparksim.core.nodes import MapPartitionsRDD

    if isinstance(rdd, MapPartitionsRDD) and rdd.prev is not None:
        return [(rdd.prev, False)]
    return [(each.rdd, isinstance(each, ShuffleDependency)) for each in rdd.dependencies]
