"""The timeline in JupyterLab: a notebook shows it, a person moves and clicks, and the kernel hears of it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from sparksim.sim.run import Run
from sparksim.trace import write_jsonl
from tests.browser.shown import Shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).parents[2]
CELLS = (
    """from sparksim.sim.run import Run
from sparksim.trace import read_jsonl

run = Run(read_jsonl("run.jsonl"))
timeline = run.timeline()
timeline""",
    """import ipywidgets

echo = ipywidgets.Label("…").add_class("echo")


def hear(change):
    echo.value = f"{timeline.moment:g} s, {timeline.chosen or 'nothing'}"


timeline.observe(hear, ["moment", "chosen"])
echo""",
    """other = ipywidgets.Button(description="the first ten seconds").add_class("other")
other.on_click(lambda _: timeline.show(run.trace.until(10_000)))
other""",
)
IDLE = """() => {
    const session = window.jupyterapp?.shell?.currentWidget?.sessionContext;
    const kernel = session?.session?.kernel;
    return session?.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle";
}"""


@pytest.fixture(scope="module")
def lab(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on this machine alone, with one notebook; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    write_jsonl(run.trace, folder / "run.jsonl")
    cells = [{"cell_type": "code", "id": f"cell-{n}", "source": text} for n, text in enumerate(CELLS)]
    empty = {"metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": [cell | empty for cell in cells]}
    (folder / "timeline.ipynb").write_text(json.dumps(notebook))
    settings = folder / "settings"
    settings.mkdir()
    (settings / "overrides.json").write_text(
        json.dumps({"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}})
    )
    port = free_port()
    arguments = [
        "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password=", "--ServerApp.root_dir=.",
        "--ServerApp.terminals_enabled=False", "--LabApp.news_url=", "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", f"--LabApp.app_settings_dir={settings}",
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "JUPYTER_CONFIG_DIR": str(folder / "config")}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *arguments],
            cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/api/status", server, folder / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers; fail with its words when it ends first."""
    for _ in range(240):
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            try:
                server.wait(0.25)
            except subprocess.TimeoutExpired:
                continue
            break
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


def test_a_notebook_shows_the_timeline_and_hears_what_is_done_with_it(lab: str, page: Page, run: Run) -> None:
    page.goto(f"{lab}/lab/tree/timeline.ipynb?reset", wait_until="domcontentloaded")
    page.locator(".jp-NotebookPanel").wait_for(timeout=60_000)
    page.wait_for_function(IDLE, timeout=60_000)
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    shown = Shown(page)
    page.locator("button.other").wait_for()
    assert shown.ground == [255, 255, 255]

    shown.scrub(7.25)
    assert shown.value("waiting blocks") == str(len(waiting_blocks(run, 7250)))
    page.locator(".echo", has_text="7.25 s, nothing").wait_for()

    row = max(number for number, batch in enumerate(run.batches) if batch.batch_time_ms == 8000)
    shown.click("batches", row, "batches")
    assert [step for step in shown.steps if step.startswith("batch 8 s")]
    page.locator(".echo", has_text=f"7.25 s, batches:{row}").wait_for()

    page.evaluate("() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.locator(".ss-timeline[data-painted='dark']").wait_for()
    assert shown.ground == [21, 25, 30]

    page.locator("button.other").click()
    page.locator(".ss-timeline[data-to='10000.000']").wait_for()
    assert shown.data("chosen") == ""


def waiting_blocks(run: Run, time_ms: float) -> list[str]:
    """The blocks that the driver knew by then and had given to no batch."""
    return [
        block.block_id
        for block in run.blocks
        if block.added_ms is not None
        and block.added_ms <= time_ms
        and (block.batch_time_ms is None or block.batch_time_ms > time_ms)
    ]
