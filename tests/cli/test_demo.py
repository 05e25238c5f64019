"""`sparksim demo` tells its story from the live counts to the figure."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.cli.process import run


def test_the_demo(tmp_path: Path) -> None:
    figure = tmp_path / "demo.png"
    told = run("demo", "--figure", figure, cwd=tmp_path)
    assert told.code == 0, told.said
    assert told.stderr == []
    counts = "be 12, to 12, is 6, not 6, or 6, question 6, that 6, the 6."
    assert f"Live, the program counted 60 words in 12 lines: {counts}" in " ".join(told.printed.split())
    assert "The receiver moved from executor 1 to executor 2." in told.printed
    assert any("in the receiver's buffer when executor 1 crashed" in line for line in told.stdout)
    assert told.printed.endswith(f"are drawn in {figure}")
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_port_in_use_is_named_with_the_remedy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("demo", "--port", str(port), cwd=tmp_path)
    assert told.code == 2
    assert f"port {port} cannot be used: Address already in use" in told.said
    assert "choose another with --port" in told.said


def test_a_port_is_a_number(tmp_path: Path) -> None:
    told = run("demo", "--port", "http", cwd=tmp_path)
    assert told.code == 2
    assert "'http' is no port; give a number from 1 to 65535" in told.said
