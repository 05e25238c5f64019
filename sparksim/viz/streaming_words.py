"""The texts of the Streaming page and of the delay plot, by language; in English they are Spark's own."""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.core.language import Text

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Streaming Statistics", "流处理统计"),
    "running": (
        "Running batches of {batch} for {span} since {start} ({completed} completed batches, {records} records)",
        "批次间隔 {batch}，自 {start} 起已运行 {span}（已完成 {completed} 个批次，{records} 条记录）",
    ),
    "not started": ("No streaming context has been started yet.", "尚未启动流处理上下文。"),
    "the beginning": ("the beginning", "开始"),
    "live": ("live", "实时"),
    "ended": ("the program has ended", "程序已结束"),
    "input rate": ("Input Rate", "输入速率"),
    "scheduling delay": ("Scheduling Delay", "调度延迟"),
    "processing time": ("Processing Time", "处理时间"),
    "total delay": ("Total Delay", "总延迟"),
    "average": ("Avg: {value}", "平均：{value}"),
    "stable": ("stable: at most {value}", "稳定：不超过 {value}"),
    "batch interval": ("batch interval", "批次间隔"),
    "timelines": ("Timelines (last {count} batches)", "时间线（最近 {count} 个批次）"),
    "histograms": ("Histograms", "直方图"),
    "how many": ("how many batches", "批次数"),
    "records per second": ("{value} records/s", "{value} 条记录/秒"),
    "delays": ("delays of the batches", "各批次的延迟"),
    "total": ("all streams", "全部流"),
    "receivers": ("Receivers: {active} / {total} active", "接收器：{active} / {total} 活动"),
    "receiver table": ("Input streams", "输入流"),
    "stream": ("Stream", "流"),
    "status": ("Status", "状态"),
    "executor": ("Executor ID / Host", "执行器 ID / 主机"),
    "last error time": ("Last Error Time", "最近错误时间"),
    "last error": ("Last Error Message", "最近错误信息"),
    "ACTIVE": ("ACTIVE", "活动"),
    "INACTIVE": ("INACTIVE", "停止"),
    "no receiver": ("no receiver", "无接收器"),
    "active batches": ("Active Batches ({count})", "活动批次（{count}）"),
    "completed batches": (
        "Completed Batches (last {shown} out of {count})",
        "已完成批次（最近 {shown} 个，共 {count} 个）",
    ),
    "abandoned batches": (
        "Batches abandoned when the driver died ({count})",
        "驱动程序崩溃时放弃的批次（{count}）",
    ),
    "batch time": ("Batch Time", "批次时间"),
    "records": ("Records", "记录数"),
    "output ops": ("Output Ops: Succeeded/Total", "输出操作：成功/总数"),
    "error": ("Error", "错误"),
    "queued": ("queued", "排队"),
    "processing": ("processing", "处理中"),
    "completed": ("completed", "已完成"),
    "abandoned": ("abandoned", "已放弃"),
    "unreachable": ("The program no longer answers: it has ended.", "程序不再响应：它已结束。"),
}  # fmt: skip


def streaming_words(lang: str | None = None) -> dict[str, str]:
    """The texts in a language, by default the set one. Raises `ValueError` for one that there is not."""
    return {key: Text(*texts).of(lang) for key, texts in _WORDS.items()}
