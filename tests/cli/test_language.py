"""The command speaks the set language: by --lang, by SPARKSIM_LANG, else English."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim import language
from sparksim.cli.main import main
from sparksim.trace import write_jsonl
from sparksim.trace.paragraph import filled
from sparksim.trace.table import room
from tests.cli.process import REPOSITORY
from tests.trace.small import small_trace

WORD_COUNT = str(REPOSITORY / "examples" / "word_count.py")
SIMULATE = ("run", WORD_COUNT, "--master", "sim[3,2]", "--source", "localhost:9999=poisson:50", "--until", "5")


@pytest.fixture
def saved(tmp_path: Path) -> str:
    write_jsonl(small_trace(), tmp_path / "run.jsonl")
    return str(tmp_path / "run.jsonl")


def test_a_report_follows_the_option(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([*SIMULATE, "--lang", "zh", "--crash", "receiver@2.5", "--trace", str(tmp_path / "t.jsonl")]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("sparksim: word count，运行于 sim[3,2]：4 个批次，")
    assert told[1].startswith("sparksim: 发送或接收的 ")
    assert "条，丢失（lost）" in told[1]
    assert told[2] == f"sparksim: 跟踪记录在 {tmp_path / 't.jsonl'}"
    assert language() == "en"


def test_it_follows_the_environment(
    saved: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARKSIM_LANG", "zh")
    assert main(["trace", saved]) == 0
    head = capsys.readouterr().out.splitlines()[3]
    assert head.split() == ["批次时间", "记录数", "数据块", "等待", "处理时间", "总延迟"]
    assert main(["trace", saved, "--lang", "en"]) == 0
    assert capsys.readouterr().out.splitlines()[3].split()[:2] == ["batch", "time"]


def test_the_columns_of_the_batches_are_as_wide_in_both_languages(
    saved: str, capsys: pytest.CaptureFixture[str]
) -> None:
    widths = set()
    for lang in ("en", "zh"):
        main(["trace", saved, "--lang", lang])
        head, rule = capsys.readouterr().out.splitlines()[3:5]
        assert room(head) == len(rule)
        widths.add(len(rule))
    assert len(widths) == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([*SIMULATE, "--ui"], "sparksim run: error: 参数 --ui 用于实时运行"),
        (["run", WORD_COUNT, "--seed", "1"], "sparksim run: error: 参数 --seed 只用于虚拟时间"),
        (["trace", "nothing.jsonl"], "sparksim trace: error: 无法读取 nothing.jsonl："),
    ],
)
def test_so_do_refusals(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--lang", "zh"]) == 2
    assert capsys.readouterr().err.startswith(told)


def test_a_language_of_the_environment_that_there_is_not_is_refused(
    saved: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SPARKSIM_LANG", "klingon")
    assert main(["trace", saved]) == 2
    assert "sparksim trace: error: environment variable SPARKSIM_LANG='klingon'" in capsys.readouterr().err
    assert main(["trace", saved, "--lang", "en"]) == 0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("to be or not", ["to be or", "not"]),
        ("批次的延迟，很长。", ["批次的延", "迟，很", "长。"]),
        ("接收器 receiver 崩溃", ["接收器", "receiver", "崩溃"]),
    ],
)
def test_a_paragraph_breaks_between_words_and_between_chinese_characters(text: str, lines: list[str]) -> None:
    assert filled(text, 8).splitlines() == lines
