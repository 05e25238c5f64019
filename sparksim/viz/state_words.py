"""The texts of the figures of states and windows, by language. What happens to states keeps Spark's words beside it."""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.viz.words import Words, words_of

_WORDS: Mapping[str, tuple[str, str]] = {
    "states of": ("states of {stream}", "{stream} 的状态"),
    "batch time": ("batch time (s)", "批次时间（秒）"),
    "keys with a state": ("keys with a state", "有状态的键"),
    "all keys": ("all keys", "全部键"),
    "size of states": ("size of the states", "状态大小"),
    "all states": ("all states", "全部状态"),
    "partition": ("partition {number}", "分区 {number}"),
    "more partitions": ("and {count} more", "另有 {count} 个分区"),
    "not computed": ("not computed", "未计算"),
    "changed keys": ("changed keys", "变化的键"),
    "created": ("created", "新建"),
    "updated": ("updated", "更新"),
    "removed": ("removed", "删除"),
    "timed out": ("timed out", "超时"),
    "kept": ("kept", "保持不变"),
    "other keys": ("{count} other keys", "其余 {count} 个键"),
    "single keys": ("single keys", "各个键"),
    "some keys": ("{shown} of {count} keys, the largest, then the latest", "{count} 个键中的 {shown} 个，先大后新"),
    "numbers": ("numbers are bytes", "数字为字节数"),
    "untold": ("{count} more changes are not told key by key", "另有 {count} 次变化没有逐键记录"),
    "and": ("; ", "；"),
    "driver died": ("driver died", "驱动程序崩溃"),
    "windows of": ("windows of {stream}", "{stream} 的窗口"),
    "time": ("time (s)", "时间（秒）"),
    "window ends": ("window ends with batch", "窗口的最后一个批次"),
    "second": ("{time} s", "{time} 秒"),
    "added": ("added", "加入"),
    "already in it": ("already in it", "已在窗口中"),
    "taken away": ("taken away", "移出"),
}  # fmt: skip


def state_words(lang: str) -> Words:
    """The texts in a language. Raises `ValueError` for one that there is not."""
    words_of(lang)
    at = 1 if lang == "zh" else 0
    return {key: texts[at] for key, texts in _WORDS.items()}
