"""`sparksim run` on a simulated cluster, and `sparksim trace` on what it left."""

from __future__ import annotations

from pathlib import Path

import pytest

from sparksim.cli.main import main
from sparksim.sim import Run
from sparksim.trace import Trace, read_jsonl, receivers, tasks
from sparksim.trace.events import BrokerStopped, RecordsSent, StreamingRecovered
from tests.cli.process import REPOSITORY
from tests.trace.small import LOOKS_BACK, small_trace

WORD_COUNT = str(REPOSITORY / "examples" / "word_count.py")
SIMULATE = ("run", WORD_COUNT, "--master", "sim[3,2]", "--source", "localhost:9999=poisson:50", "--until", "10")


def test_a_script_runs_in_virtual_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(SIMULATE) == 0
    output = capsys.readouterr()
    assert output.out.startswith("-" * 43 + "\nTime: 1970-01-01 00:00:01\n" + "-" * 43 + "\n('")
    assert output.err.startswith("sparksim: word count on sim[3,2]: 9 batches, ")


def test_the_receivers_executor_can_crash(tmp_path: Path) -> None:
    path = tmp_path / "crash.jsonl"
    assert main([*SIMULATE, "--crash", "receiver@5.3", "--trace", str(path)]) == 0
    lives = receivers(read_jsonl(path))
    assert len(lives) == 2
    assert lives[0].executor_id != lives[1].executor_id
    assert lives[0].stopped_ms == 5400.0


def test_a_topic_is_read_and_its_broker_can_crash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, path = tmp_path / "orders.py", tmp_path / "crash.jsonl"
    script.write_text(
        "from sparksim import SparkContext\n"
        "from sparksim.streaming import StreamingContext\n"
        "from sparksim.streaming.kafka import KafkaUtils\n"
        "ssc = StreamingContext(SparkContext('local[2]', 'orders'), 1)\n"
        "settings = {'metadata.broker.list': 'localhost:9092,localhost:9093', 'auto.offset.reset': 'smallest'}\n"
        "KafkaUtils.createDirectStream(ssc, ['orders', 'names'], settings).map(lambda pair: pair[1]).pprint()\n"
        "ssc.start()\n"
        "ssc.awaitTermination()\n"
    )
    names = tmp_path / "names.txt"
    names.write_text("Ada\nGrace\n")
    topics = ("--kafka", "localhost:9092=orders:2@constant:5", "--kafka", f"localhost:9092=names@file:{names}:1")
    crash = ("--fault", "BrokerCrash(2, at=2.5)", "--trace", str(path), "--until", "5")
    assert main(["run", str(script), "--master", "sim[2,2]", *topics, *crash]) == 0
    output = capsys.readouterr().out
    assert output.index("Ada") < output.index("Grace")
    (stopped,) = [event for event in read_jsonl(path) if isinstance(event, BrokerStopped)]
    assert (stopped.time_ms, stopped.host) == (2500, "localhost:9094")
    sources = {event.source for event in read_jsonl(path) if isinstance(event, RecordsSent)}
    assert sources == {"orders/0", "orders/1", "names/0"}


def test_files_appear_at_their_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, content = tmp_path / "files.py", tmp_path / "a.txt"
    script.write_text(
        "from sparksim import SparkContext\n"
        "from sparksim.streaming import StreamingContext\n"
        "ssc = StreamingContext(SparkContext('local[2]', 'files'), 1)\n"
        "ssc.textFileStream('sim://in').pprint()\n"
        "ssc.start()\n"
        "ssc.awaitTermination()\n"
    )
    content.write_text("first\nsecond\n")
    options = ("--file", f"sim://in/a.txt@2.5={content}", "--until", "4")
    assert main(["run", str(script), "--master", "sim[2,2]", *options]) == 0
    output = capsys.readouterr().out
    assert output.index("1970-01-01 00:00:03") < output.index("first\nsecond")


RECOVERING = """
import sys
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

def create():
    ssc = StreamingContext(SparkContext("local[2]", "running count"), 1)
    lines = ssc.socketTextStream("localhost", 9999)
    lines.map(lambda line: ("lines", 1)).updateStateByKey(lambda new, old: (old or 0) + sum(new)).pprint()
    return ssc

ssc = StreamingContext.getOrCreate(sys.argv[1], create)
ssc.start()
ssc.awaitTermination()
"""


def test_the_driver_can_crash_and_the_script_starts_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script, path = tmp_path / "running.py", tmp_path / "run.jsonl"
    script.write_text(RECOVERING)
    cluster = ("--master", "sim[3,2]", "--source", "localhost:9999=constant:5", "--until", "9")
    crash = ("--crash", "driver@5.5+2", "--trace", str(path))
    assert main(["run", str(script), "sim://checkpoint", *cluster, *crash]) == 0
    [recovered] = read_jsonl(path).of(StreamingRecovered)
    assert (recovered.checkpoint_ms, recovered.batches) == (5000, (5000, 6000, 7000))
    assert capsys.readouterr().out.count("Time: 1970-01-01 00:00:05") == 2


def test_the_same_seed_gives_the_same_trace_and_another_one_does_not(tmp_path: Path) -> None:
    def trace(seed: int, name: str) -> bytes:
        path = tmp_path / name
        assert main([*SIMULATE, "--seed", str(seed), "--trace", str(path)]) == 0
        return path.read_bytes()

    assert trace(1, "a.jsonl") == trace(1, "b.jsonl") != trace(2, "c.jsonl")


def test_a_source_may_be_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("to be or\nnot to be\n")
    source = f"localhost:9999=file:{lines}:1"
    assert main(["run", WORD_COUNT, "--master", "sim[3,2]", "--source", source, "--until", "4"]) == 0
    assert "('not', 1)" in capsys.readouterr().out


def test_the_cost_model_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "free.jsonl"
    assert main([*SIMULATE, "--cost", "free", "--trace", str(path)]) == 0
    batch_tasks = tasks(read_jsonl(path)).where(kind="ResultTask")
    assert set(batch_tasks.column("duration_ms")) == {0.0}


def test_a_script_that_names_a_simulated_master_needs_no_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        "from sparksim import SparkContext\nprint(SparkContext('sim[2,1]', 'a').parallelize([1, 2]).sum())\n"
    )
    assert main(["run", str(path)]) == 0
    output = capsys.readouterr()
    assert output.out == "3\n"
    assert output.err == "sparksim: a on sim[2,1]: no batches, 1 jobs\n"


def test_a_source_that_nobody_serves_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", WORD_COUNT, "--master", "sim[3,2]", "--until", "3"]) == 0
    assert "0 records" in capsys.readouterr().err


def test_a_script_that_raises_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "program.py"
    path.write_text("raise ValueError('bad day')\n")
    assert main(["run", str(path), "--master", "sim[3,2]"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: bad day"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trace") / "run.jsonl"
    assert main([*SIMULATE, "--crash", "receiver@5.3", "--trace", str(path)]) == 0
    return path


def test_trace_shows_a_summary_and_the_batches(saved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(saved)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("word count on sim[3,2]: 9 batches, ")
    assert lines[1].startswith("of ")
    assert lines[3].split("  ")[0] == "batch time"
    assert len(lines) == 5 + 9


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("batches", "batch_time_ms"),
        ("jobs", "job_id"),
        ("stages", "stage_id"),
        ("tasks", "task_id"),
        ("blocks", "block_id"),
        ("executors", "executor_id"),
        ("receivers", "stream_id"),
        ("delivery", "outcome"),
        ("lost", "first"),
    ],
)
def test_trace_prints_any_table(saved: Path, name: str, column: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(saved), "--table", name]) == 0
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert column in head.split()
    assert set(rule) == {"-", " "}
    assert rows


@pytest.mark.parametrize(
    ("name", "cells"),
    [("states", ["1000", "1", "5"]), ("state_keys", ["1000", "'a'", "created", "5"]), ("windows", ["1000"])],
)
def test_trace_prints_what_looks_back(
    name: str, cells: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run(Trace([*small_trace(), *LOOKS_BACK])).save(tmp_path / "run.jsonl")
    assert main(["trace", str(tmp_path / "run.jsonl"), "--table", name]) == 0
    [_head, _rule, row] = capsys.readouterr().out.splitlines()
    assert set(cells) <= set(row.split())


def test_trace_draws_the_timeline(saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", str(saved), "--figure", str(tmp_path / "run.png")]) == 0
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out.splitlines()[-1] == f"figure in {tmp_path / 'run.png'}"


def test_batches_of_streaming_queries_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = tmp_path / "q.py"
    program.write_text(
        "from sparksim.sql import SparkSession\n"
        "spark = SparkSession.builder.appName('q').getOrCreate()\n"
        "lines = spark.readStream.format('socket').option('host', 'localhost').option('port', 9999).load()\n"
        "lines.writeStream.format('console').trigger(processingTime='1 second').start().awaitTermination()\n"
    )
    words = ["run", str(program), "--master", "sim[1,1]", "--source", "localhost:9999=constant:2", "--until", "3.5"]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert said == "sparksim: q on sim[1,1]: 4 batches of streaming queries, 5 rows read, 0 of them too late\n"
