"""`sparksim run --ui`: the page lives as long as the program; and the page of a trace afterwards."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from sparksim.cli.main import main
from sparksim.trace import write_jsonl
from tests.cli.process import REPOSITORY, Command, run, server
from tests.trace.small import small_trace

PROGRAM = """
import sys
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

ssc = StreamingContext(SparkContext("local[2]", "watched"), 0.2)
lines = ssc.socketTextStream("localhost", int(sys.argv[1]))
lines.foreachRDD(lambda rdd: print("counted", rdd.count(), flush=True) if rdd.count() else None)
ssc.start()
ssc.awaitTermination()
"""
WORD_COUNT = str(REPOSITORY / "examples" / "word_count.py")


def address(command: Command) -> str:
    [url] = re.findall(r"Streaming page: (http://127\.0\.0\.1:\d+/\?token=\S+)", command.said)
    return str(url)


def test_the_page_lives_as_long_as_the_program(tmp_path: Path) -> None:
    program = tmp_path / "watched.py"
    program.write_text(PROGRAM)
    with server() as source, Command("run", program, source.port, "--ui", "--ui-port", "0") as command:
        source.send("a", "b", "c")
        command.wait_for("counted")
        url = address(command)
        with urlopen(url, timeout=20) as answer:
            assert "Streaming Statistics" in answer.read().decode()
        with urlopen(url.replace("/?", "/data?"), timeout=20) as answer:
            view = json.load(answer)
        assert (view["app"], view["live"], view["batch_ms"]) == ("watched", True, 200)
        assert [stream["active"] for stream in view["streams"]] == [True]
        command.interrupt()
        assert command.end() == 0
    with pytest.raises(URLError, match="refused"):
        urlopen(url, timeout=5)


def test_a_port_in_use_is_refused_before_the_program_runs(tmp_path: Path) -> None:
    program = tmp_path / "never.py"
    program.write_text("print('it ran')")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("run", program, "--ui-port", port)
    assert ended.code == 2
    assert f"port {port}: Address already in use; give another one (--ui-port N; 0 takes any free port)" in ended.said
    assert "it ran" not in ended.printed


def test_an_address_for_others_is_served_when_asked_for_and_said_to_be(tmp_path: Path) -> None:
    program = tmp_path / "short.py"
    program.write_text("print('it ran')")
    ended = run("run", program, "--ui-host", "0.0.0.0", "--ui-port", "0")
    assert ended.code == 0
    assert "0.0.0.0 can be reached by other machines: whoever has the next line's address" in ended.said


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--ui", "--master", "sim[3,2]"], ["--ui shows a live run", "sparksim trace run.jsonl --streaming"]),
        (["--ui-port", "high"], ["'high' is no port", "0 for any free port"]),
        (["--ui-port", "65536"], ["'65536' is no port"]),
        (["--ui-host", "no.such.host.invalid", "--ui-port", "0"], ["cannot be at no.such.host.invalid"]),
    ],
)
def test_what_cannot_be_served_is_refused(
    words: list[str], parts: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(["run", WORD_COUNT, *words])
    except SystemExit as ended:
        code = ended.code
    told = capsys.readouterr().err
    assert code == 2
    assert [part for part in parts if part not in told] == []


def test_the_page_of_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(small_trace(), tmp_path / "run.jsonl")
    assert main(["trace", str(tmp_path / "run.jsonl"), "--streaming", str(tmp_path / "s.html"), "--lang", "zh"]) == 0
    assert f"流处理统计页面在 {tmp_path / 's.html'}" in capsys.readouterr().out
    assert "流处理统计" in (tmp_path / "s.html").read_text(encoding="utf-8")
