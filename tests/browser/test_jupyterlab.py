"""The timeline in JupyterLab: a notebook shows it, a person moves and clicks, and the kernel hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sparksim.sim.run import Run
from sparksim.trace import write_jsonl
from tests.browser.jupyterlab import jupyterlab, run_all_cells
from tests.browser.shown import Shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

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


@pytest.fixture(scope="module")
def lab(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab with the run's trace; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    write_jsonl(run.trace, folder / "run.jsonl")
    with jupyterlab(folder, CELLS) as address:
        yield address


def test_a_notebook_shows_the_timeline_and_hears_what_is_done_with_it(lab: str, page: Page, run: Run) -> None:
    run_all_cells(page, lab)
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
