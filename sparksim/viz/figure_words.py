"""The texts of the figures for print, by language. Those that the timeline in a browser has too come from there."""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.core.language import Text
from sparksim.viz.words import Words, words_of

_WORDS: Mapping[str, tuple[str, str]] = {
    # The timeline
    "row.receiver": ("receiver {who}", "接收器 {who}"),
    "row.blocks": ("blocks of receiver {who}", "接收器 {who} 的数据块"),
    "row.queue": ("waiting batches (max {who})", "等待中的批次（最多 {who}）"),
    "row.operations": ("output operations", "输出操作"),
    "row.core": ("{group} · core {who}", "{group} · 核心 {who}"),
    "executor": ("executor {who}", "执行器 {who}"),
    "run": ("run", "运行"),
    "weight": ("bold", "normal"),  # of a title: the Chinese font has no bold one
    "title": ("{app} on {master}", "{app}，运行于 {master}"),
    "title with seed": ("{app} on {master}, seed {seed}", "{app}，运行于 {master}，种子 {seed}"),
    "legend.batches": ("one colour per {batches} batches, in turn", "每 {batches} 个批次一种颜色，依次循环"),
    "legend.executor absent": ("executor not there", "执行器不存在"),
    "legend.batch time": ("batch time", "批次时间"),
    "seconds": ("seconds since the run began", "运行开始后的秒数"),
    "delay": ("delay (s)", "延迟 delay（秒）"),
    "total delay": ("total delay", "总延迟"),
    "processing time": ("processing time", "处理时间"),
    "scheduling delay": ("scheduling delay", "调度延迟"),
    "batch interval": ("batch interval", "批次间隔"),
    # The delivery
    "delivery": ("{records} records: {fates}", "{records} 条记录：{fates}"),
    "in no log": ("in no log", "不在任何日志中"),
    "strip.producer": ("producer", "生产者"),
    "strip.log": ("log", "日志"),
    "strip.batches": ("batches", "批次"),
    "strip.sink": ("sink", "输出端"),
    "untold.producer": ("the trace does not say who produced them", "跟踪记录没有说明由谁产生"),
    "untold.sink": ("no sink says which records are behind its rows", "没有输出端说明各行来自哪些记录"),
    "state.once": ("once", "一次"),
    "state.several times": ("several times", "多次"),
    "state.lost": ("lost here", "在此丢失"),
    "state.skipped": ("skipped: its reader began behind it", "被跳过：读取从它之后开始"),
    "state.lost in the receiver": ("lost in a receiver", "在接收器中丢失"),
    "state.its batch failed": ("its batch failed", "所在批次失败"),
    "state.waits": ("on its way when the run ended", "运行结束时仍在途中"),
    "state.not there": ("did not come here", "未到达此处"),
    "reordered": ("out of order", "次序颠倒"),
    "next batch": ("one batch to the next", "批次分界"),
    "anomaly": ("{anomaly}: {records} ({decided_by})", "{anomaly}：{records}（{decided_by}）"),
    # Sweeps
    "not sustained": ("not sustained", "负载不可持续"),
}
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "batch": ("batch (s)", "批次间隔（秒）"),
    "block": ("block (s)", "块间隔（秒）"),
    "rate": ("rate (records per second)", "速率（条/秒）"),
    "executors": ("executors", "执行器数"),
    "cores": ("cores", "每个执行器的核心数"),
    "seed": ("seed", "种子"),
    "batches": ("batches", "完成的批次"),
    "failed": ("failed", "失败的批次"),
    "sent": ("sent", "发送的记录"),
    "processed": ("processed", "处理的记录"),
    "repeated": ("repeated", "重复处理的记录"),
    "lost": ("lost", "丢失的记录"),
    "pending": ("pending", "未决的记录"),
    "processing_time_ms": ("processing time (ms)", "处理时间（毫秒）"),
    "processing_time_p95_ms": ("processing time p95 (ms)", "处理时间 p95（毫秒）"),
    "scheduling_delay_ms": ("scheduling delay (ms)", "调度延迟（毫秒）"),
    "scheduling_delay_p95_ms": ("scheduling delay p95 (ms)", "调度延迟 p95（毫秒）"),
    "total_delay_ms": ("total delay (ms)", "总延迟（毫秒）"),
    "total_delay_p95_ms": ("total delay p95 (ms)", "总延迟 p95（毫秒）"),
}  # fmt: skip


def figure_words(lang: str | None = None) -> Words:
    """The texts in a language, by default the set one. Raises `ValueError` for one that there is not."""
    return {**words_of(lang), **{key: Text(*texts).of(lang) for key, texts in _WORDS.items()}}


def column_title(column: str, lang: str) -> str:
    """What the axis of a sweep's column says; one of the learner's own by its name: "late_ms" is "late (ms)"."""
    if column in _COLUMNS:
        return Text(*_COLUMNS[column]).of(lang)
    name, ms, _ = column.rpartition("_ms")
    unit = Text(" (ms)", "（毫秒）").of(lang)
    return f"{name.replace('_', ' ')}{unit}" if ms else column.replace("_", " ")
