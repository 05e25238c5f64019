"""The cases of the course: simulated, where every printed line is known, and live, from real sockets and files."""

from __future__ import annotations

import ast
import re
import shlex
import socket
import sqlite3
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sparksim.cli.main import main
from sparksim.sim import DriverCrash, Replay, Run, simulate_script
from tests.cli.process import REPOSITORY, Command, Server, free_port, server

EXAMPLES = REPOSITORY / "examples"
EPOCH = datetime(1970, 1, 1)
RULE = "-" * 43
HEADER = "Time: "

LINES = [(0.5, "to be or"), (1.5, "not to be"), (2.5, "that is"), (6.5, "to be")]
LIVE_LINES = ("to be or not to be", "  that is   the question  ", "", "to be")
END = "the-end"
LIVE_COUNTS = Counter(" ".join([*LIVE_LINES, END]).split())
BATCH_S = "0.2"


def simulated(
    name: str, *args: str, until: float, lines: Sequence[tuple[float, str]] = LINES, **surroundings: Any
) -> Run:
    """The example, its lines coming from port 9999 of a simulated host."""
    network = {"localhost:9999": Replay(lines)}
    return simulate_script(EXAMPLES / f"{name}.py", args=args, until=until, network=network, **surroundings)


def pages(*batches: tuple[Any, ...]) -> str:
    """What `pprint` prints for batches given as `(second, record, record, ...)`."""
    texts = [[RULE, f"Time: {EPOCH + timedelta(seconds=second)}", RULE, *records, ""] for second, *records in batches]
    return "".join(f"{line}\n" for text in texts for line in text)


def live(name: str, *args: object) -> Command:
    """The example as `sparksim run` runs it, on local[2]."""
    return Command("run", EXAMPLES / f"{name}.py", *map(str, args))


def after(command: Command, text: str) -> list[str]:
    """All that was printed by the time the next batch begins to print, counted from the one that prints this text."""
    command.wait_for(text)
    command.wait_for(HEADER)
    return list(command.stdout)


def records(printed: Sequence[str]) -> list[tuple[str, int]]:
    """The counts among the lines, in the order in which they were printed."""
    found = (re.fullmatch(r"\('(.+)', (\d+)\)", line) for line in printed)
    return [(each[1], int(each[2])) for each in found if each]


def summed(printed: Sequence[str]) -> Counter[str]:
    """What all batches counted together."""
    total: Counter[str] = Counter()
    for word, count in records(printed):
        total[word] += count
    return total


@contextmanager
def server_at(port: int) -> Iterator[Server]:
    """A server on this port, for one client."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        serving = Server(listener)
        threading.Thread(target=serving.serve, daemon=True).start()
        try:
            yield serving
        finally:
            serving.end()


def counted_live(name: str, *args: object) -> list[str]:
    """What a live example printed that reads LIVE_LINES from a socket."""
    with server() as source, live(name, "localhost", source.port, BATCH_S, *args) as command:
        source.send(*LIVE_LINES, END)
        return after(command, END)


# --- case 1: words of a socket ----------------------------------------------------------------------------------------


def test_case_1_counts_each_batch_for_itself() -> None:
    run = simulated("case_01_word_count", until=9)
    assert str(run.output) == pages(
        (2, ("not", 1), ("to", 2), ("be", 2), ("or", 1)),
        (4, ("is", 1), ("that", 1)),
        (6,),
        (8, ("to", 1), ("be", 1)),
    )


def test_case_1_with_one_core_receives_and_counts_nothing() -> None:
    run = simulated("case_01_word_count", until=9, master="sim[1,1]")
    assert (run.delivery.count("once"), str(run.output)) == (0, "")


def test_case_1_live_ends_by_ctrl_c() -> None:
    with server() as source, live("case_01_word_count", "localhost", source.port, BATCH_S) as command:
        source.send(*LIVE_LINES, END)
        command.wait_for(END)
        command.interrupt()
        assert command.end() == 0, command.said
    assert summed(command.stdout) == LIVE_COUNTS


# --- case 2: files ----------------------------------------------------------------------------------------------------


def test_case_2_reads_each_file_once_and_no_file_from_before_the_start() -> None:
    files = {
        "incoming/a.txt": (1.5, "to be or\n"),
        "incoming/b.txt": (3, "not to be\n"),
        "incoming/moved-in-but-written-before.txt": (4, "never\n", -1),
        "incoming/.hidden": (4, "never\n"),
        "incoming/c.txt": (7, "that is\n"),
    }
    run = simulated("case_02_files_in_a_directory", "sim://incoming", until=16, files=files)
    assert str(run.output) == pages(
        (5, ("not", 1), ("to", 2), ("be", 2), ("or", 1)),
        (10, ("is", 1), ("that", 1)),
        (15,),
    )


def move_in(directory: Path, *texts: str) -> None:
    """Write files beside the directory, and move them into it when they are complete."""
    for number, text in enumerate(texts):
        new = directory.with_name("new.txt")
        new.write_text(text)
        new.rename(directory / f"{number}.txt")


def test_case_2_live(tmp_path: Path) -> None:
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    (incoming / "old.txt").write_text("never")
    with live("case_02_files_in_a_directory", incoming, BATCH_S) as command:
        command.wait_for(HEADER)
        move_in(incoming, "\n".join(LIVE_LINES), END)
        assert summed(after(command, END)) == LIVE_COUNTS


# --- case 3: a custom receiver ----------------------------------------------------------------------------------------


def test_case_3_receives_what_the_socket_receives() -> None:
    run = simulated("case_03_custom_receiver", until=10)
    assert str(run.output) == pages(
        (3, ("not", 1), ("is", 1), ("to", 2), ("be", 2), ("or", 1), ("that", 1)),
        (6,),
        (9, ("to", 1), ("be", 1)),
    )


def test_case_3_live_connects_again_when_a_connection_ends() -> None:
    port = free_port()
    with live("case_03_custom_receiver", "localhost", port, BATCH_S) as command:
        with server_at(port) as source:
            source.send(*LIVE_LINES)
            command.wait_for("'question'")
        command.wait_for("connecting again")
        with server_at(port) as source:
            source.send(END)
            assert summed(after(command, f"'{END}'")) == LIVE_COUNTS


# --- case 4: running totals -------------------------------------------------------------------------------------------


def test_case_4_shows_every_word_that_ever_came() -> None:
    run = simulated("case_04_running_totals", "localhost", "9999", "3", "sim://checkpoint", until=10)
    first = [("not", 1), ("is", 1), ("to", 2), ("be", 2), ("or", 1), ("that", 1)]
    assert str(run.output) == pages(
        (3, *first),
        (6, *first),
        (9, ("not", 1), ("is", 1), ("to", 3), ("be", 3), ("or", 1), ("that", 1)),
    )


def test_case_4_live(tmp_path: Path) -> None:
    printed = counted_live("case_04_running_totals", tmp_path / "checkpoint")
    assert dict(records(printed)) == LIVE_COUNTS  # of the totals of a word, the last


# --- case 5: totals that expire ---------------------------------------------------------------------------------------


def test_case_5_returns_every_record_and_drops_idle_words_only_when_states_are_checkpointed() -> None:
    lines = [(0.5, "spark a a"), (9, "b")]
    options = ("localhost", "9999", "2", "sim://checkpoint")
    run = simulated("case_05_totals_that_expire", *options, until=23, lines=lines)
    states = (("spark", 101), ("b", 1), ("a", 2), ("stream", 32))
    before_b = (("spark", 101), ("a", 2), ("stream", 32))
    assert str(run.output) == pages(
        (2, ("spark", 101), ("a", 1), ("a", 2)),
        (2, *before_b),
        *[(second, *shown) for second in (4, 6, 8) for shown in ((), before_b)],
        (10, ("b", 1)),
        (10, *states),
        *[(second, *shown) for second in (12, 14, 16, 18) for shown in ((), states)],
        (20, ("spark", "dropped at 101"), ("a", "dropped at 2"), ("stream", "dropped at 32")),
        (20, ("b", 1)),
        (22,),
        (22, ("b", 1)),
    )


def test_case_5_live(tmp_path: Path) -> None:
    options = (tmp_path / "checkpoint", "0.4")
    with (
        server() as source,
        live("case_05_totals_that_expire", "localhost", source.port, BATCH_S, *options) as command,
    ):
        source.send("be", "to", "to")
        printed = after(command, "('to', 'dropped at 2')")
    assert {("to", 1), ("to", 2), ("be", 1)} <= set(records(printed))
    assert [printed.count(f"('{word}', 'dropped at {total}')") for word, total in (("be", 1), ("stream", 32))] == [1, 1]


# --- case 6: a blacklist ----------------------------------------------------------------------------------------------


def test_case_6_leaves_out_the_words_on_the_blacklist() -> None:
    lines = [(0.5, "to be ? or"), (1.5, "not $ $ to be ! !?"), (2.5, "? ! $")]
    assert str(simulated("case_06_blacklist", until=5, lines=lines).output) == pages(
        (2, ("not", 1), ("to", 2), ("or", 1), ("!?", 1), ("be", 2)),
        (4,),
    )


def test_case_6_live() -> None:
    printed = counted_live("case_06_blacklist", "be is $")
    assert summed(printed) == {word: count for word, count in LIVE_COUNTS.items() if word not in ("be", "is")}


# --- case 7: a sliding window -----------------------------------------------------------------------------------------


def test_case_7_counts_each_word_in_two_windows() -> None:
    assert str(simulated("case_07_sliding_window", until=11).output) == pages(
        (2, ("not", 1), ("to", 2), ("be", 2), ("or", 1)),
        (4, ("not", 1), ("is", 1), ("to", 2), ("be", 2), ("or", 1), ("that", 1)),
        (6, ("is", 1), ("that", 1)),
        (8, ("to", 1), ("be", 1)),
        (10, ("to", 1), ("be", 1)),
    )


def test_case_7_live() -> None:
    window = (str(2 * float(BATCH_S)), BATCH_S)
    with server() as source, live("case_07_sliding_window", "localhost", source.port, BATCH_S, *window) as command:
        source.send(*LIVE_LINES, END)
        command.wait_for(END)
        assert summed(after(command, END)) == {word: 2 * count for word, count in LIVE_COUNTS.items()}


# --- case 8: a database -----------------------------------------------------------------------------------------------


def rows(database: Path) -> list[tuple[int, str, int]]:
    """(batch time in ms, word, count), sorted."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select * from word_counts order by batch_ms, word").fetchall()


def saved(database: Path) -> Counter[str]:
    """What all batches together counted."""
    total: Counter[str] = Counter()
    for _, word, count in rows(database):
        total[word] += count
    return total


def test_case_8_saves_each_batch_under_its_time(tmp_path: Path) -> None:
    run = simulated("case_08_save_to_a_database", "localhost", "9999", "5", str(tmp_path / "counts.db"), until=11)
    first, second = (round((EPOCH + timedelta(seconds=at)).timestamp() * 1000) for at in (5, 10))
    assert rows(tmp_path / "counts.db") == [
        *[
            (first, word, count)
            for word, count in [("be", 2), ("is", 1), ("not", 1), ("or", 1), ("that", 1), ("to", 2)]
        ],
        *[(second, word, count) for word, count in [("be", 1), ("to", 1)]],
    ]
    assert str(run.output) == "1970-01-01 00:00:05: saved\n1970-01-01 00:00:10: saved\n"


def test_case_8_a_batch_that_is_saved_again_replaces_its_rows(tmp_path: Path) -> None:
    options = ("localhost", "9999", "5", str(tmp_path / "counts.db"))
    simulated("case_08_save_to_a_database", *options, until=11)
    once = rows(tmp_path / "counts.db")
    simulated("case_08_save_to_a_database", *options, until=11)
    assert rows(tmp_path / "counts.db") == once


def test_case_8_live(tmp_path: Path) -> None:
    database = tmp_path / "counts.db"
    with (
        server() as source,
        live("case_08_save_to_a_database", "localhost", source.port, BATCH_S, database) as command,
    ):
        source.send(*LIVE_LINES, END)
        command.wait_for("saved")
        while END not in saved(database):
            command.wait_for("saved")
    assert saved(database) == LIVE_COUNTS


# --- case 9: SQL on a stream ------------------------------------------------------------------------------------------


def table_rows(printed: str) -> list[tuple[str, int]]:
    """The rows of the tables that `show` printed."""
    return [(word, int(count)) for word, count in re.findall(r"^\|\s*(\S+)\|\s*(\d+)\|$", printed, re.MULTILINE)]


def test_case_9_makes_a_table_of_each_batch() -> None:
    run = simulated("sql_word_count", until=4)
    assert run.output[3.0] == (
        "========= 1970-01-01 00:00:03 =========\n"
        "+----+-----+\n|word|total|\n+----+-----+\n|  is|    1|\n|that|    1|\n+----+-----+\n\n"
    )
    assert [table_rows(run.output[second]) for second in (1.0, 2.0)] == [
        [("be", 1), ("or", 1), ("to", 1)],
        [("be", 1), ("not", 1), ("to", 1)],
    ]


def test_case_9_live() -> None:
    with server() as source, live("sql_word_count", "localhost", source.port) as command:
        source.send(*LIVE_LINES, END)
        command.wait_for(END)
        command.wait_for("=====")
    total: Counter[str] = Counter()
    for word, count in table_rows(command.printed):
        total[word] += count
    assert total == LIVE_COUNTS


# --- case 10: a driver that starts again ------------------------------------------------------------------------------


def test_case_10_goes_on_with_the_totals_of_the_checkpoint() -> None:
    lines = [(second + 0.5, "a") for second in range(12)]
    options = ("localhost", "9999", "1", "sim://checkpoint")
    run = simulated("case_10_driver_restart", *options, until=11.5, lines=lines, faults=[DriverCrash(5.3, 2)])
    assert str(run.output) == pages(
        *[(second, ("a", second)) for second in range(1, 6)],
        (5, ("a", 5)),  # it had ended, but no checkpoint said so yet: it runs again
        *[(second, ("a", 5)) for second in (6, 7, 8)],  # lines 6 to 8 came when nobody was connected
        *[(second, ("a", second - 3)) for second in (9, 10, 11)],
    )
    assert run.delivery.count("lost") == 3


def test_case_10_live_goes_on_after_kill_9(tmp_path: Path) -> None:
    port = free_port()
    options = ("localhost", port, BATCH_S, tmp_path / "checkpoint")
    with server_at(port) as source, live("case_10_driver_restart", *options) as command:
        source.send("a a", END)
        command.wait_for(END)
        for _ in range(4):  # by then the totals are saved
            command.wait_for(HEADER)
    with server_at(port) as source, live("case_10_driver_restart", *options) as command:
        source.send("a b", "again")
        printed = after(command, "('again', 1)")
    assert dict(records(printed)) == {"a": 3, "b": 1, END: 1, "again": 1}


# --- what is said about the examples ----------------------------------------------------------------------------------

CASES = sorted(path.stem for path in EXAMPLES.glob("case_*.py"))


def commands(name: str) -> list[list[str]]:
    """The `sparksim run` commands in the docstring of an example, without their first word."""
    docstring = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))) or ""
    lines = docstring.replace("\\\n", " ").splitlines()
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("    sparksim run ")]


@pytest.mark.parametrize("name", [name for name in CASES if not name.startswith("case_02")])
def test_the_docstring_has_a_live_command_and_a_simulated_one_that_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    live_command, command = commands(name)
    assert live_command == ["run", f"examples/{name}.py"]
    monkeypatch.chdir(tmp_path)
    assert main(["run", str(EXAMPLES / f"{name}.py"), *command[2:]]) == 0
    printed = capsys.readouterr()
    assert "1970-01-01 00:00:" in printed.out
    assert "records sent or received" in printed.err


def test_the_simulation_in_case_2s_docstring_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docstring = ast.get_docstring(ast.parse((EXAMPLES / "case_02_files_in_a_directory.py").read_text())) or ""
    [code] = re.findall(r"^    from sparksim.*?\n\n", docstring, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(REPOSITORY)
    exec(textwrap.dedent(code))
    assert summed(capsys.readouterr().out.splitlines()) == {"to": 2, "be": 2, "or": 1, "not": 1}


def test_the_table_names_every_example() -> None:
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| (?:\d+ \| )?`([\w/]+\.py)` \|", table, re.MULTILINE)) | {"word_count.py"}
    assert named == {path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.py")}
