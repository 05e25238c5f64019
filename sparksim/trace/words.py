"""What a trace says of records, in the language of the reader: outcomes, anomalies, and why something was lost.

Events, tables and files keep the English texts, which programs compare; only what is shown to people is translated, by
a table of the sentences that the engine can say. What is not in it, as the text of an error, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from sparksim.core.language import Text, language
from sparksim.trace.fates import LOST, ONCE, PENDING, REPEATED

OUTCOMES: Mapping[str, Text] = {
    ONCE: Text("{count} once", "一次（once）{count} 条"),
    REPEATED: Text("{count} n times", "多次（n times）{count} 条"),
    LOST: Text("{count} lost", "丢失（lost）{count} 条"),
    PENDING: Text("{count} pending", "未决（pending）{count} 条"),
}


PLACE = re.compile(r"\{(\w+)\}")


class Phrases:
    """Sentences with places for values, by the English one. What stands in a place is translated too if it is known."""

    def __init__(self, chinese: Mapping[str, str]) -> None:
        self.chinese = chinese

    @cached_property
    def _patterns(self) -> list[tuple[re.Pattern[str], str]]:
        """Those with most text of their own first: a short one's places would take in a longer sentence whole."""
        most_text = sorted(self.chinese, key=lambda english: len(PLACE.sub("", english)), reverse=True)
        return [(_pattern(english), self.chinese[english]) for english in most_text]

    def of(self, text: str, lang: str | None = None) -> str:
        """The sentence in a language, by default the set one."""
        return text if language(lang) == "en" else self._translated(text)

    def _translated(self, text: str) -> str:
        for pattern, translated in self._patterns:
            found = pattern.fullmatch(text)
            if found:
                return translated.format(**{name: self._translated(value) for name, value in found.groupdict().items()})
        return text


def _pattern(english: str) -> re.Pattern[str]:
    parts = PLACE.split(english)
    texts = [re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+?)" for at, part in enumerate(parts)]
    return re.compile("".join(texts), re.DOTALL)


ANOMALIES: Mapping[str, str] = {
    "failed write": "写入失败",
    "lost write": "写入丢失",
    "produced twice": "重复写入日志",
    "reordered": "次序颠倒",
    "aborted read": "读到已放弃的写入",
    "phantom": "处理后从日志消失",
    "expired": "读取前已过期",
    "skipped": "被跳过",
    "committed, not processed": "已提交偏移量却未处理",
    "lost in the receiver": "在接收器中丢失",
    "lost with its batch": "随批次丢失",
    "duplicate": "重复处理",
    "doubled row": "输出端有重复行",
    "rolled back": "已回滚",
    "unobserved": "尚无定论",
}

REASONS = Phrases(
    {
        # At the source
        "sent while no receiver was connected to {address}": "发送时没有接收器连接到 {address}",
        "the source was down": "数据源停机",
        "sent but not yet read when the connection to {address} broke": "与 {address} 的连接断开时，已发送但尚未读取",
        # In the receiver
        "in the receiver's buffer when {reason}": "{reason}时，仍在接收器的缓冲区中",
        "read from the source but not yet stored {when}": "{when}，已从数据源读出但尚未存储",
        "cut into a block that had not reached the driver {when}": "{when}，已切成数据块，但驱动程序尚未得知",
        "when the receiver ended": "接收器结束时",
        "when {reason}": "{reason}时",
        "could not be stored: {error}": "无法存储：{error}",
        "in the receiver's buffer, or sent and not yet read": "在接收器的缓冲区中，或已发送尚未读取",
        "in the queue, or delivered and not yet stored": "在队列中，或已投递尚未存储",
        # How an executor or the driver ends
        "executor {executor} crashed": "执行器 {executor} 崩溃",
        "the driver had executor {executor} killed: {reason}": "驱动程序终止了执行器 {executor}（{reason}）",
        "the driver had executor {executor} on {host} killed": "驱动程序终止了 {host} 上的执行器 {executor}",
        "the driver died, and its executors with it": "驱动程序崩溃，执行器随之退出",
        "the driver died": "驱动程序崩溃",
        "Remote RPC client disassociated: executor {executor} on {host} is gone": (
            "远程 RPC 客户端断开：{host} 上的执行器 {executor} 已不在"
        ),
        # In a block
        "the driver could not write to its log that the block exists": "驱动程序未能把该数据块记入它的日志",
        "the driver died, and nothing outside its memory says that the block existed": (
            "驱动程序崩溃，而该数据块只记在它的内存中"
        ),
        "an earlier driver received it, and left no checkpoint to go on from": (
            "由之前的驱动程序接收，它没有留下可供恢复的检查点"
        ),
        "in a block on its way to the driver": "在数据块中，驱动程序尚未得知",
        "in a block that waits for the next batch": "在等待下一批次的数据块中",
        "its block was lost with its executor before the batch's jobs were generated": (
            "数据块在批次的作业生成之前随执行器丢失"
        ),
        "its block had to make room in memory for another before the batch's jobs were generated": (
            "数据块在批次的作业生成之前，在内存中让位给了另一个"
        ),
        "its block was lost when the driver died, and its executors with it": (
            "驱动程序崩溃，执行器随之退出，数据块因此丢失"
        ),
        # In a query's socket source
        "read by a socket source and in no batch when {event}": "由套接字数据源读取，但在{event}时不属于任何批次",
        "the query ended": "查询结束",
        "the query took its number for that of an earlier run's line": "查询把它的编号当作之前一次运行的行的编号",
        # In a batch
        "batch {time} had no jobs: {reason}": "批次 {time} 没有作业：{reason}",
        "batch {time} failed: {failure}": "批次 {time} 失败：{failure}",
        "batch {time} is queued or being processed": "批次 {time} 在排队或处理中",
        # In a log
        "in the log, and in no batch yet": "在日志中，尚不属于任何批次",
        "later records of {source} were read, and this one never": "读取了 {source} 中更晚的记录，却从未读取这一条",
        "in the log before the offset from which stream {stream} began to read": "在流 {stream} 开始读取的偏移量之前",
        "{reason}: group {group} starts at {offset}": "{reason}：消费组 {group} 从 {offset} 开始",
        "broker {broker}, the new leader, never had them": "新首领代理 {broker} 从未有过它们",
        "it is in the log twice": "在日志中有两份",
        "deleted by hand": "被手动删除",
        "the topic was deleted": "主题已删除",
        "the group has no offset; {setting}": "消费组没有偏移量；{setting}",
        # Why a load was not sustained
        "no streaming context was started": "没有启动流处理上下文",
        "the run is too short to tell: simulate {batches} batches or more, until={seconds}": (
            "运行太短，无法判断：请模拟至少 {batches} 个批次，until={seconds}"
        ),
        "batch {time} failed": "批次 {time} 失败",
        "batch {time} had no jobs": "批次 {time} 没有作业",
        "{count} records lost: {reason}": "丢失 {count} 条记录：{reason}",
        "batches queued up: in the last quarter {least}; {count} unfinished at the end": (
            "批次排起了队：最后四分之一时间里，{least}；结束时 {count} 个未完成"
        ),
        "each waited {seconds} s or longer": "每个批次至少等待 {seconds} 秒",
        "none was started": "没有批次开始处理",
        "receivers did not keep up: {count} records of {source} unread at the end": (
            "接收器跟不上：结束时 {source} 有 {count} 条记录未读"
        ),
        "latency of {latency} ms, {bound} ms allowed": "延迟 {latency} 毫秒，允许 {bound} 毫秒",
        # What decides an anomaly
        "{one}; or {other}": "{one}；或 {other}",
        "{settings}, delivery.timeout.ms, and whoever hears of the error": (
            "{settings}、delivery.timeout.ms，以及得知错误的程序"
        ),
        "{settings}, delivery.timeout.ms: no answer is not a refusal": (
            "{settings}、delivery.timeout.ms：没有回答并不是拒绝"
        ),
        "what was read and not stored is delivered again, behind what was stored": (
            "已读而未存储的会重新投递，排在已存储的之后"
        ),
        "{cause}, before the record was processed": "{cause}，早于记录的处理",
        "{cause}, after the output": "{cause}，晚于输出",
        "the offset is stored after the block: at least once": "先存数据块，后存偏移量：至少一次",
        "the driver's checkpoint, written before the output: its batch runs again": (
            "驱动程序的检查点写于输出之前：该批次会再次运行"
        ),
        "insert; an upsert by a key of the record writes the same row": "insert；按记录的键 upsert 则写入同一行",
        "the end of the run: {reason}": "运行结束：{reason}",
        "its task ended without an end of it": "任务结束，而写入没有结束",
    }
)  # fmt: skip


def anomaly_name(anomaly: str, lang: str | None = None) -> str:
    """A kind of anomaly for people: in Chinese with the English name, by which tables are searched."""
    return Text(anomaly, f"{ANOMALIES[anomaly]} {anomaly}").of(lang)


def fates(counts: Mapping[str, object], lang: str | None = None) -> str:
    """How many records ended how, by outcome."""
    told = [OUTCOMES[outcome].of(lang).format(count=count) for outcome, count in counts.items()]
    return Text(", ", "，").of(lang).join(told)
