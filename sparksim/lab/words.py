"""The texts of the lab, by language. What comes from the engine, such as the text of an error, stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

from sparksim.core.language import Text

_WORDS: Mapping[str, tuple[str, str]] = {
    "batch": ("Batch interval (s)", "批次间隔（秒）"),
    "block": ("Block interval (s)", "块间隔（秒）"),
    "rate": ("Records per second", "每秒记录数"),
    "executors": ("Executors", "执行器数"),
    "cores": ("Cores per executor", "每个执行器的核心数"),
    "concurrent_jobs": ("Concurrent jobs", "并发作业数"),
    "storage_level": ("Storage level", "存储级别"),
    "own level": ("as the program says", "由程序决定"),
    "log": ("Write-ahead log", "预写日志"),
    "checkpoint": ("Checkpoint", "检查点"),
    "backpressure": ("Backpressure", "反压"),
    "executor_crash": ("Executor crashes at (s)", "执行器崩溃于（秒）"),
    "receiver_crash": ("Receiver fails at (s)", "接收器故障于（秒）"),
    "driver_crash": ("Driver crashes at (s)", "驱动程序崩溃于（秒）"),
    "never": ("never", "不发生"),
    "stale": ("What is shown below is the run before.", "下面显示的仍是上一次运行。"),
    "pin": ("Pin this run", "固定此次运行"),
    "unpin": ("Unpin", "取消固定"),
    "share": ("Share as Python", "导出为 Python"),
    "hide": ("Hide the Python", "隐藏 Python"),
    "reset": ("Reset", "复位"),
    "pinned run": ("Pinned run", "已固定的运行"),
    "this run": ("This run", "当前运行"),
    "differences": ("What is different", "差异"),
    "same": ("Nothing is different yet: turn something.", "目前没有差异：请调整一项设置。"),
    "what": ("what", "项目"),
    "pinned": ("pinned", "固定"),
    "now": ("now", "当前"),
    "change": ("change", "变化"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "batches": ("batches completed", "完成的批次"),
    "failed": ("batches failed", "失败的批次"),
    "sent": ("records sent", "发送的记录"),
    "processed": ("records processed", "处理的记录"),
    "repeated": ("processed more than once", "重复处理的记录"),
    "lost": ("records lost", "丢失的记录"),
    "pending": ("records pending at the end", "结束时未处理的记录"),
    "processing_time_ms": ("processing time, median (ms)", "处理时间中位数（毫秒）"),
    "processing_time_p95_ms": ("processing time, 95 % (ms)", "处理时间 95 分位（毫秒）"),
    "scheduling_delay_ms": ("scheduling delay, median (ms)", "调度延迟中位数（毫秒）"),
    "scheduling_delay_p95_ms": ("scheduling delay, 95 % (ms)", "调度延迟 95 分位（毫秒）"),
    "total_delay_ms": ("total delay, median (ms)", "总延迟中位数（毫秒）"),
    "total_delay_p95_ms": ("total delay, 95 % (ms)", "总延迟 95 分位（毫秒）"),
    "stable": ("load sustained", "负载可持续"),
}


def lab_words(lang: str | None = None) -> dict[str, str]:
    """The texts in a language, by default the set one. Raises `ValueError` for one that there is not."""
    return {key: Text(*texts).of(lang) for key, texts in _WORDS.items()}
