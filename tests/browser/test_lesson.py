"""The word-count lesson in JupyterLab: run from top to bottom, looked into and turned, as its text tells a learner."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sparksim.sim import Cluster, Poisson, Simulation
from sparksim.sim.run import Run
from sparksim.viz.columns import unpack
from sparksim.viz.view import timeline_packet
from tests.browser.jupyterlab import NOTEBOOK, REPOSITORY, jupyterlab, run_all_cells
from tests.browser.shown import Shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LESSON = REPOSITORY / "lessons" / "en" / "03_word_count.ipynb"
TYPED, CRASHED, LAB = range(3)
"""The lesson's timelines, from top to bottom."""
PROGRAM = 4
"""The lesson's cell with the program."""


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab that has a copy of the committed lesson."""
    folder = tmp_path_factory.mktemp("lesson")
    with jupyterlab(folder, []) as address:
        shutil.copy(LESSON, folder / NOTEBOOK)
        yield address


def turned(**changes: Any) -> Run:
    """The lab's run of the lesson's program, with other settings."""
    names: dict[str, Any] = {}
    exec("".join(json.loads(LESSON.read_text(encoding="utf-8"))["cells"][PROGRAM]["source"]), names)
    network = {"localhost:9999": Poisson(rate=20)}
    simulation = Simulation(names["word_count"], network=network, batch=2.0, block=0.2, cluster=Cluster(3, 2), seed=1)
    return simulation.with_(**changes).run(until=30)


def test_a_learner_runs_the_lesson_looks_into_a_run_and_turns_a_knob(page: Page, lesson: str) -> None:
    run_all_cells(page, lesson)
    page.locator(".ss-timeline").nth(LAB).wait_for(state="attached")

    typed = Shown(page, TYPED)
    typed.scrub(3.97)
    assert (typed.value("waiting blocks"), typed.value("queue")) == ("1", "")
    assert typed.root.locator(".ss-receiver").inner_text().splitlines()[-1] == "1 record by 4 s"
    assert typed.root.locator("[data-section='waiting blocks']").inner_text().endswith("1 block · 1 record")
    typed.root.locator("input.ss-slider").press("ArrowRight")
    typed.settle()
    assert typed.moment == 4

    typed.click("batches", 2, "batches")
    assert typed.root.locator(".ss-chosen h3").inner_text().startswith("The way of batch 6 s")
    assert typed.steps[:2] == ["2 records of localhost:9999", "2 blocks, 2 records"]
    assert typed.steps[2].startswith("batch 6 s | waited 0 ms, took ")
    assert typed.steps[-1] == "written once"
    typed.click("stretches", 4, "source")
    assert typed.steps[1] == "block input-0-5000, 1 record | stored on executor 3, 1"

    crashed = Shown(page, CRASHED)
    crashed.click("stretches", 0, "source")
    assert crashed.steps[-1] == "lost: sent while no receiver was connected to localhost:9999"

    before, after = turned(), turned(batch=1.0)
    lab = Shown(page, LAB)
    assert (batches(lab), lab.data("bars")) == (len(before.batches), bars(before)) == (14, bars(before))
    page.locator(".lab-batch .noUi-handle").press("ArrowLeft")
    lab.wait(f"[data-bars='{bars(after)}']")
    assert batches(lab) == len(after.batches) == 29
    lab.settle()
    assert lab.root.locator(".ss-moment h3").inner_text() == "At 30 s"

    lab.scrub(10.1)
    assert lab.value("processing") == "10"
    row = next(number for number, batch in enumerate(after.batches) if batch.batch_time_ms == 10_000)
    lab.click("batches", row, "batches")
    assert lab.steps[0] == f"{after.batches[row].records} records of localhost:9999"
    assert lab.steps[2].startswith("batch 10 s | ")


def test_where_nothing_runs_the_lesson_shows_its_pictures(page: Page, lesson: str) -> None:
    page.goto(f"{lesson}/lab/tree/{NOTEBOOK}?reset", wait_until="domcontentloaded")
    page.locator(".jp-RenderedImage img").nth(1).wait_for(state="attached")
    assert page.locator(".jp-OutputArea-output", has_text="model not found").count() == 0


def bars(run: Run) -> str:
    return str(len(unpack(timeline_packet(run.trace))[0]["bars"]["row"]))


def batches(shown: Shown) -> int:
    """How many batches the timeline has."""
    count: int = shown.root.evaluate("root => root.timeline.run.tables.batches.rows")
    return count
