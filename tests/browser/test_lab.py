"""The lab in JupyterLab: a slider is moved, the timeline and the delays are those of the turned simulation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sparksim.lab.settings import Settings
from sparksim.sim.run import Run
from sparksim.viz.columns import unpack
from sparksim.viz.view import timeline_packet
from tests.browser.jupyterlab import jupyterlab, run_all_cells
from tests.lab.program import UNTIL_S, simulation

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

CELL = f"""from sparksim.lab import lab
from tests.lab.program import simulation

panel = lab(simulation(), until={UNTIL_S})
panel"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with jupyterlab(tmp_path_factory.mktemp("lab"), [CELL]) as address:
        yield address


def turned(**changes: Any) -> Run:
    """The run of the same simulation with these settings."""
    given = simulation()
    settings = replace(Settings.of(given), **changes)
    return settings.turned(given).run(until=UNTIL_S)


def bars(run: Run) -> str:
    return str(len(unpack(timeline_packet(run.trace))[0]["bars"]["row"]))


def move(page: Page, knob: str, key: str) -> None:
    """One key press on a slider."""
    page.locator(f".lab-{knob} .noUi-handle").press(key)


def shown(page: Page, run: Run, number: int = 0) -> Locator:
    """The timeline that shows this run, once it does."""
    timeline = page.locator(".ss-timeline").nth(number)
    page.wait_for_function(
        "([number, bars]) => document.querySelectorAll('.ss-timeline')[number]?.dataset.bars === bars",
        arg=[number, bars(run)],
    )
    return timeline


def test_a_learner_turns_breaks_pins_and_shares(page: Page, notebook: str) -> None:
    run_all_cells(page, notebook)
    page.locator(".ss-timeline[data-ready='1'][data-moment]").wait_for()
    shown(page, turned())
    plot = page.locator(".sc-root")
    assert plot.get_attribute("data-batches") == str(len(turned().batches))

    move(page, "batch", "ArrowLeft")
    shown(page, turned(batch=1.0))
    page.locator(f".sc-root[data-batches='{len(turned(batch=1.0).batches)}']").wait_for()

    page.locator(".lab-log input").check()
    page.locator(".lab-error [role=alert]", has_text="needs a checkpoint directory").wait_for()
    page.locator(".lab-checkpoint input").check()
    shown(page, turned(batch=1.0, log=True, checkpoint=True))
    assert page.locator(".lab-error [role=alert]").count() == 0

    page.locator(".lab-pin").click()
    page.locator(".lab-differences", has_text="Nothing is different yet").wait_for()
    move(page, "cores", "ArrowRight")
    shown(page, turned(batch=1.0, log=True, checkpoint=True, cores=3), number=1)
    shown(page, turned(batch=1.0, log=True, checkpoint=True), number=0)
    assert page.locator("tr[data-what='cores'] td").all_inner_texts() == ["Cores per executor", "2", "3", "+1"]

    page.locator(".lab-share").click()
    python = page.locator(".lab-python textarea")
    page.wait_for_function("() => document.querySelector('.lab-python textarea').value.includes('cores=3')")
    names: dict[str, Run] = {}
    exec(python.input_value(), names)
    assert names["run"].batches == turned(batch=1.0, log=True, checkpoint=True, cores=3).batches

    page.locator(".lab-reset").click()
    shown(page, turned(), number=1)
