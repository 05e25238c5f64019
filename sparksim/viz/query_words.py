"""The texts of the timeline of a streaming query, by language."""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.core.language import Text
from sparksim.viz.words import Words

_WORDS: Mapping[str, tuple[str, str]] = {
    "weight": ("bold", "normal"),
    "title": ("query {name}: {mode} mode, {sink}", "查询 {name}：{mode} 模式，{sink}"),
    "input": ("input table: new rows", "输入表：新到的行"),
    "event time": ("event time", "事件时间"),
    "rows": ("rows", "行数"),
    "states": ("states", "状态"),
    "states of": ("states: {shown} of {count}, the last changed", "状态：{count} 个中最近变化的 {shown} 个"),
    "untold": ("{count} changes are not told one by one", "{count} 次变化没有逐条记录"),
    "state rows": ("state rows", "状态行数"),
    "left": ("rows kept: left", "保留的行：左侧"),
    "right": ("rows kept: right", "保留的行：右侧"),
    "result": ("result table: rows given to the sink", "结果表：交给接收端的行"),
    "counts": ("rows per trigger", "每次触发的行数"),
    "read": ("read", "读入"),
    "written": ("written", "写出"),
    "late": ("too late, dropped", "迟到，已丢弃"),
    "late why": (
        "too late, dropped: event time, or end of its window, ≤ watermark",
        "迟到，已丢弃：事件时间或窗口终点 ≤ 水位线",
    ),
    "row": ("new row", "新到的行"),
    "watermark": ("watermark", "水位线"),
    "own": ("latest event time − delay", "最晚事件时间 − 延迟"),
    "window": ("window that has states", "有状态的窗口"),
    "created": ("created", "新建"),
    "updated": ("updated", "更新"),
    "kept": ("unchanged", "保持不变"),
    "removed": ("removed", "删除"),
    "expired": ("expired", "过期"),
    "batch": ("batch {number}", "批次 {number}"),
    "trigger": ("trigger", "触发"),
    "again": ("run again", "重新运行"),
    "abandoned": ("not committed", "未提交"),
    "running": ("running", "运行中"),
    "no data": ("no new data", "无新数据"),
    "more": ("+{count} more", "另有 {count} 行"),
    "none": ("no rows", "无"),
    "unknown": ("{count} rows", "{count} 行"),
    "no time": ("no event time", "无事件时间"),
    "why": ("{time} is not after the watermark {watermark}", "{time} 不晚于水位线 {watermark}"),
    "why window": ("its window ended at {time}, watermark {watermark}", "窗口在 {time} 已结束，水位线为 {watermark}"),
    "late rows": ("{count} too late, dropped", "{count} 行迟到，已丢弃"),
    # The page
    "page": ("Streaming query", "流式查询"),
    "step": ("trigger {number} of {count}", "第 {number} 次触发，共 {count} 次"),
    "first": ("first trigger", "第一次触发"),
    "previous": ("previous trigger", "上一次触发"),
    "next": ("next trigger", "下一次触发"),
    "final": ("last trigger", "最后一次触发"),
    "play": ("play", "播放"),
    "input so far": ("Input table", "输入表"),
    "state table": ("States after this trigger", "本次触发后的状态"),
    "result now": ("Rows given to the sink", "交给接收端的行"),
    "times": ("Event time and watermark", "事件时间与水位线"),
    "moved": ("watermark {watermark}, {next} from the next trigger on", "水位线 {watermark}，下一次触发起为 {next}"),
    "still": ("watermark {watermark}", "水位线 {watermark}"),
    "no watermark": ("no watermark yet", "尚无水位线"),
    "facts": (
        "{read} read, {late} late, {written} written, {states} states",
        "读入 {read}，迟到 {late}，写出 {written}，状态 {states}",
    ),
    "earlier": ("{count} earlier rows", "更早的 {count} 行"),
    "source": ("source {number}", "源 {number}"),
    "key": ("key", "键"),
    "value": ("value", "值"),
    "change": ("change", "变化"),
    "why column": ("why", "原因"),
    "died": ("The query died: {error}", "查询已终止：{error}"),
}


def query_words(lang: str | None = None) -> Words:
    """The texts in a language, by default the set one. Raises `ValueError` for one that there is not."""
    return {key: Text(*texts).of(lang) for key, texts in _WORDS.items()}
