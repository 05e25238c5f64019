"""The exported page in a real browser, from the disk and offline: what it shows is what the trace says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparksim.sim.run import Run
from sparksim.trace import Trace, batches, tasks
from sparksim.trace.events import BlockRemoved, BlockStored, ExecutorRemoved, OutputOperationStarted
from sparksim.viz.columns import unpack
from sparksim.viz.view import timeline_packet
from tests.browser.shown import Shown
from tests.viz.kafka_run import kafka_trace

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

MOMENTS_S = (0.3, 2.05, 4.2, 7.25, 7.3, 8.1, 12.999, 13.0, 14.2, 15.9, 17.5, 24.0)


@pytest.fixture
def shown(page: Page, saved: Path) -> Shown:
    return Shown.open(page, saved)


def copies_at(trace: Trace, time_ms: float) -> dict[str, int]:
    """How many blocks each executor held."""
    held: set[tuple[str, str]] = set()
    for event in trace.until(time_ms):
        if isinstance(event, BlockStored):
            held.add((event.executor_id, event.block_id))
        elif isinstance(event, BlockRemoved):
            held = {copy for copy in held if copy[1] != event.block_id}
        elif isinstance(event, ExecutorRemoved):
            held = {copy for copy in held if copy[0] != event.executor_id}
    return {name: sum(copy[0] == name for copy in held) for name in ("1", "2", "3")}


def last_row_of(run: Run, batch_time_ms: int) -> int:
    """The row of a batch's last run: its bar over its interval leads there."""
    return max(number for number, batch in enumerate(run.batches) if batch.batch_time_ms == batch_time_ms)


def test_every_bar_is_there_and_nobody_was_asked_for_anything(page: Page, saved: Path, run: Run) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    shown = Shown.open(page, saved)
    tables, head = unpack(timeline_packet(run.trace))
    assert int(shown.data("bars")) == len(tables["bars"]["row"])
    assert asked == [saved.as_uri()]
    assert shown.root.locator(".ss-title").inner_text() == head["title"]
    assert shown.window == (0, run.trace.end_ms / 1000)


def test_the_panel_says_what_was_true_at_any_moment(shown: Shown, run: Run) -> None:
    for at_s in MOMENTS_S:
        shown.scrub(at_s)
        then = run.trace.until(at_s * 1000)
        status = {name: batches(then).where(status=name) for name in ("queued", "processing")}
        times = {name: " ".join(f"{row.batch_time_ms / 1000:g}" for row in rows) for name, rows in status.items()}
        assert (at_s, shown.value("queue")) == (at_s, times["queued"])
        assert (at_s, shown.value("processing")) == (at_s, times["processing"])
        running = tasks(then).where(reason=None)
        expected = {name: len(running.where(executor_id=name)) for name in ("1", "2", "3")}
        assert (at_s, shown.counts("tasks", "running")) == (at_s, expected)
        assert (at_s, shown.counts("storage", "blocks")) == (at_s, copies_at(run.trace, at_s * 1000))


def test_scrubbing_tells_the_moment_to_who_cannot_see_it(shown: Shown) -> None:
    shown.scrub(7.25)
    assert shown.moment == 7.25
    assert shown.root.locator("input.ss-slider").get_attribute("aria-valuetext") == "7.25 s"
    assert shown.status.startswith("At 7.25 s: batches in work 0, waiting 0; tasks 1;")


def test_the_way_of_a_batch_leads_from_its_records_to_its_output(shown: Shown, run: Run) -> None:
    row = last_row_of(run, 4000)
    shown.click("batches", row, "batches")
    assert shown.data("chosen") == f"batches:{row}"
    batch = run.batches[row]
    records, blocks, way, ran, output, end = shown.steps
    assert records == f"{batch.records} records of localhost:9999"
    assert blocks == f"{batch.blocks} blocks, {batch.records} records"
    assert way.startswith("batch 4 s | waited")
    assert ran.split()[1:4] == ["tasks", "on", "executor"]
    assert output == f"output {run.trace.of(OutputOperationStarted)[0].name} | succeeded"
    assert end == "written once"
    own = len(run.tasks.where(batch_time_ms=4000))
    assert int(shown.data("lit")) > own + batch.blocks * 2  # tasks, blocks and records, and more


def test_the_way_of_a_lost_record_ends_where_it_was_lost(shown: Shown, run: Run) -> None:
    stretches = unpack(timeline_packet(run.trace))[0]["stretches"]
    reason = "in the receiver's buffer when executor 1 crashed"
    shown.page.mouse.click(*shown.point("stretches", stretches["reason"].index(reason), "source"))
    shown.settle()
    table, _, record = shown.data("chosen").split(":")
    assert table == "stretches"
    assert shown.steps == [f"record {record} of localhost:9999", f"lost: {reason}"]
    lost = run.delivery.records.where(source="localhost:9999", record=int(record))
    assert [row.outcome for row in lost] == ["lost"]


def test_the_way_of_a_block_lights_the_tasks_that_read_it_and_each_step_can_be_followed(shown: Shown, run: Run) -> None:
    row = next(number for number, block in enumerate(run.blocks) if block.batch_time_ms == 10_000)
    name = run.blocks[row].block_id
    shown.click("blocks", row, "blocks")
    assert any(step.startswith(f"block {name}, ") for step in shown.steps)
    shown.root.locator(".ss-way button", has_text="batch 10 s").first.click()
    assert shown.data("chosen").startswith("batches:")
    shown.root.locator(".ss-close").click()
    assert shown.data("chosen") == ""


def test_a_task_is_told_with_its_failure(shown: Shown, run: Run) -> None:
    row = next(number for number, task in enumerate(run.tasks) if task.reason == "ExecutorLostFailure")
    shown.click("tasks", row, "core")
    assert any(f"task {run.tasks[row].task_id} on executor" in step for step in shown.steps)
    assert any("ExecutorLostFailure" in step for step in shown.steps)


def test_the_pointer_shows_the_facts_of_a_bar(shown: Shown, run: Run) -> None:
    row = last_row_of(run, 6000)
    said = shown.hover("batches", row, "batches")
    assert said.startswith("batch 6 s")
    assert f"records\t{run.batches[row].records}" in said


def test_keys_zoom_move_choose_and_step(shown: Shown) -> None:
    _, end_s = shown.window
    shown.scrub(7.3)
    shown.press("+", "+")
    from_s, to_s = shown.window
    assert to_s - from_s == pytest.approx(end_s / 1.5**2, rel=0.01)
    assert from_s < 7.3 < to_s
    shown.press("ArrowRight")
    assert shown.window[0] > from_s
    shown.press("0")
    assert shown.window == (0, end_s)
    shown.press("Shift+ArrowRight")
    later_s = shown.moment
    shown.press("Shift+ArrowLeft")
    assert shown.moment == 7.3 < later_s
    shown.press("ArrowDown", "ArrowDown", "n", "n")
    assert shown.data("chosen") == "blocks:1"
    assert "block input-0-" in shown.status
    shown.press("p")
    assert shown.data("chosen") == "blocks:0"
    shown.press("Escape")
    assert shown.data("chosen") == ""


def test_the_wheel_zooms_only_what_has_the_focus(shown: Shown, run: Run) -> None:
    before = shown.window
    shown.root.locator("input.ss-slider").focus()
    x, y = shown.point("batches", last_row_of(run, 8000), "batches")
    shown.page.mouse.move(x, y)
    shown.page.mouse.wheel(0, -200)
    shown.page.locator("[aria-live]", has_text="click the timeline, then the wheel zooms").wait_for()
    assert shown.window == before
    shown.lanes.focus()
    shown.page.mouse.wheel(0, -200)
    shown.page.locator(f".ss-timeline:not([data-to='{before[1] * 1000:.3f}'])").wait_for()
    shown.settle()
    assert shown.window[1] - shown.window[0] < before[1] - before[0]


def test_dragging_moves_the_span(shown: Shown, run: Run) -> None:
    shown.press("+", "+", "+")
    from_s, to_s = shown.window
    x, y = shown.point("batches", last_row_of(run, 12_000), "batches")
    shown.page.mouse.move(x, y)
    shown.page.mouse.down()
    shown.page.mouse.move(x + 150, y, steps=4)
    shown.page.mouse.up()
    shown.settle()
    assert shown.window[0] < from_s
    assert shown.window[1] - shown.window[0] == pytest.approx(to_s - from_s, rel=0.01)
    assert shown.data("chosen") == ""  # a drag is no click


def test_it_plays_pauses_and_ends_at_the_end(shown: Shown, run: Run) -> None:
    shown.scrub(20)
    shown.button("play").click()
    shown.page.locator(".ss-timeline[data-playing='1']:not([data-moment='20'])").wait_for()
    shown.button("play").click()
    assert shown.data("playing") == "0"
    assert 20 < shown.moment < run.trace.end_ms / 1000
    shown.button("speed").select_option("30")
    shown.press(" ")
    shown.page.locator(".ss-timeline[data-playing='0']").wait_for()
    shown.settle()
    assert shown.moment == pytest.approx(run.trace.end_ms / 1000, abs=0.001)


def test_it_speaks_chinese(page: Page, run: Run, tmp_path: Path) -> None:
    run.save(tmp_path / "run.html", lang="zh")
    shown = Shown.open(page, tmp_path / "run.html")
    shown.scrub(7.25)
    assert shown.root.locator(".ss-moment h3").inner_text() == "7.25 秒时"
    assert shown.button("whole").inner_text() == "全程"
    assert shown.root.get_attribute("lang") == "zh-Hans"
    shown.press("ArrowDown", "ArrowDown", "n")
    assert shown.steps[-1] == "已写出一次"


def test_it_follows_light_and_dark(shown: Shown) -> None:
    assert shown.ground == [255, 255, 255]
    shown.page.emulate_media(color_scheme="dark")
    shown.page.locator(".ss-timeline[data-painted='dark']").wait_for()
    assert shown.ground == [21, 25, 30]


def test_a_kafka_run_shows_what_its_logs_hold_unread(page: Page, tmp_path: Path) -> None:
    Run(kafka_trace()).save(tmp_path / "kafka.html")
    shown = Shown.open(page, tmp_path / "kafka.html")
    shown.scrub(1.5)
    assert [line.get_attribute("data-records") for line in shown.root.locator("[data-source]").all()] == ["12", "0"]
    legend = shown.root.locator(".ss-legend").inner_text().splitlines()
    assert {"offsets committed", "offsets reset", "leader elected", "leader elected that was not in sync"} <= set(
        legend
    )
    shown.click("ranges", 0, "ranges")
    assert shown.steps[:3] == [
        "10 records, 0–9 of orders/0",
        "offsets 0–9 of orders/0",
        "batch 1 s | waited 1 ms, took 91 ms",
    ]


def test_a_run_of_one_event_is_shown_too(page: Page, tmp_path: Path, run: Run) -> None:
    Run(Trace([run.trace[0]])).save(tmp_path / "one.html")
    shown = Shown.open(page, tmp_path / "one.html")
    assert shown.data("bars") == "0"


def test_a_page_of_another_version_says_so(page: Page, saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.html"
    text = saved.read_text(encoding="utf-8").replace("const PACKET_VERSION = 1;", "const PACKET_VERSION = 2;")
    other.write_text(text, encoding="utf-8")
    page.goto(other.as_uri())
    alert = page.locator("[role=alert]")
    alert.wait_for()
    assert alert.inner_text().startswith("This timeline was written by another version of sparksim")
