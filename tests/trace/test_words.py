"""What is shown of a trace in Chinese: sentences of the engine translated, tables and files as they were."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sparksim import set_language
from sparksim.core.language import shown_in
from sparksim.sim import Cluster, ExecutorCrash, Poisson, Run, Simulation
from sparksim.streaming import StreamingContext
from sparksim.trace.anomalies import Anomaly
from sparksim.trace.delivery import Delivery
from sparksim.trace.events import Warned
from sparksim.trace.warning_words import WARNINGS
from sparksim.trace.words import ANOMALIES, OUTCOMES, REASONS, Phrases, anomaly_name

PACKAGE = Path(__file__).parents[2] / "sparksim"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("the source was down", "数据源停机"),
        ("in the receiver's buffer when executor 2 crashed", "执行器 2 崩溃时，仍在接收器的缓冲区中"),
        (
            "cut into a block that had not reached the driver when the driver died, and its executors with it",
            "驱动程序崩溃，执行器随之退出时，已切成数据块，但驱动程序尚未得知",
        ),
        ("batch 8 s failed: ValueError: bad", "批次 8 s 失败：ValueError: bad"),
        ("the end of the run: in the log, and in no batch yet", "运行结束：在日志中，尚不属于任何批次"),
        ("could not be stored: OSError: disk full\nsaid twice", "无法存储：OSError: disk full\nsaid twice"),
        ("retention.ms", "retention.ms"),
        ("ValueError: when I am 64, after the output of it", "ValueError: when I am 64, after the output of it"),
    ],
)
def test_a_sentence_is_translated_with_what_stands_in_it(english: str, chinese: str) -> None:
    assert REASONS.of(english, "zh") == chinese
    assert REASONS.of(english, "en") == english


@pytest.mark.parametrize("phrases", [REASONS, WARNINGS])
def test_every_sentence_is_one_that_the_engine_says(phrases: Phrases) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if "words" not in path.name)
    said = re.sub(r'"\n\s*f?"', "", code)  # texts over several lines
    parts = [part.strip(" ;:,") for english in phrases.chinese for part in re.split(r"\{\w+\}", english)]
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize("phrases", [REASONS, WARNINGS])
def test_every_sentence_keeps_its_values(phrases: Phrases) -> None:
    for english, chinese in phrases.chinese.items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", chinese)), english


@pytest.mark.parametrize("phrases", [REASONS, WARNINGS])
def test_no_sentence_is_taken_for_a_shorter_one(phrases: Phrases) -> None:
    values = {name: f"<{name}>" for english in phrases.chinese for name in re.findall(r"\{(\w+)\}", english)}
    for english, chinese in phrases.chinese.items():
        assert phrases.of(english.format(**values), "zh") == chinese.format(**values)


def test_every_kind_of_anomaly_has_a_name() -> None:
    assert [kind.value for kind in Anomaly] == list(ANOMALIES)
    assert anomaly_name("duplicate", "zh") == "重复处理 duplicate"
    assert anomaly_name("duplicate", "en") == "duplicate"
    assert list(OUTCOMES) == ["once", "n times", "lost", "pending"]


def lossy_run() -> Run:
    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("localhost", 9999).foreachRDD(lambda rdd: rdd.count())

    network = {"localhost:9999": Poisson(50)}
    faults = [ExecutorCrash("receiver", at=3.3)]
    return Simulation(program, cluster=Cluster(2, 2), network=network, faults=faults, seed=1).run(until=6)


def test_a_delivery_is_shown_in_chinese_and_its_rows_stay_as_they_are() -> None:
    run = lossy_run()
    english = str(run.delivery)
    with shown_in("zh"):
        chinese, html = str(run.delivery), run.delivery._repr_html_()
        same = Delivery(run.trace).lost
    assert english.startswith(f"{run.delivery.sent} records sent: ")
    assert chinese.startswith(f"已发送 {run.delivery.sent} 条记录：一次（once）{run.delivery.count('once')} 条，")
    assert "发送时没有接收器连接到 localhost:9999" in chinese
    assert "发送时没有接收器连接到 localhost:9999" in html
    assert "sent while" not in chinese + html
    assert same == run.delivery.lost
    assert {row.reason.isascii() for row in same} == {True}


def test_a_warning_is_logged_in_chinese_and_is_english_in_the_trace(caplog: pytest.LogCaptureFixture) -> None:
    def program(ssc: StreamingContext) -> None:
        ssc.socketTextStream("localhost", 9999).pprint()

    simulation = Simulation(program, cluster=Cluster(1, 1), network={"localhost:9999": Poisson(5)})
    with shown_in("zh"):
        run = simulation.run(until=1)
    assert caplog.messages == [
        "sim[1,1] 上有 1 个接收器：每个接收器（receiver）永久占用一个核心，而核心只有 1 个。"
        "没有核心可用来处理批次，所以什么都不会被处理。请至少使用 2 个核心"
    ]
    [warned] = run.trace.of(Warned)
    assert warned.message.startswith("1 receiver on sim[1,1]: each receiver holds one core for ever")


def test_columns_stand_under_each_other_although_chinese_is_wide() -> None:
    run = lossy_run()
    with shown_in("zh"):
        head, rule, *lines = run.delivery.records.to_text(9).splitlines()
    assert head.split()[-1] == "reason"
    assert "... 另有" in "".join(lines)
    assert rule.rindex(" ") + 1 == head.index("reason")


def test_the_same_run_gives_the_same_trace_in_every_language() -> None:
    english = list(lossy_run().trace)
    set_language("zh")
    try:
        assert list(lossy_run().trace) == english
    finally:
        set_language(None)
