"""The Streaming page in a real browser: saved and offline, and live while a program runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparksim.sim.run import Run
from sparksim.trace import Trace
from sparksim.trace import events as e
from sparksim.ui import StreamingServer
from tests.trace.small import small_trace

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser


@pytest.fixture
def server() -> Iterator[StreamingServer]:
    serving = StreamingServer(port=0)
    yield serving
    serving.close()


def open_page(page: Page, run: Run, path: Path, lang: str = "en") -> Locator:
    run.streaming_page(lang=lang).save(path)
    page.goto(path.as_uri())
    page.locator("#streaming[data-batches]").wait_for()
    return page.locator("#streaming")


def cells(page: Page, table: str) -> list[list[str]]:
    return [row.locator("td").all_inner_texts() for row in page.locator(f"[data-table='{table}'] tbody tr").all()]


def test_the_charts_and_tables_show_every_batch_and_nobody_was_asked(page: Page, run: Run, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    root = open_page(page, run, tmp_path / "s.html")
    assert asked == [(tmp_path / "s.html").as_uri()]
    done = sorted(run.batches.where(status="completed"), key=lambda row: row.batch_time_ms)
    assert root.get_attribute("data-completed") == str(len(done))
    for kind, known in (("input rate", len(run.batches)), ("total delay", len(done))):
        chart = page.locator(f"[data-chart='{kind}']")
        assert chart.locator("g g[fill] > *").count() == known
        counts = page.locator(f"[data-histogram='{kind}'] rect").count()
        assert 0 < counts <= 10
    expected = [[f"{row.batch_time_ms / 1000:g} s", str(row.records)] for row in reversed(done)]
    assert [row[:2] for row in cells(page, "done")] == expected
    assert page.locator("[data-chart='processing time'] .sc-level").count() == 1
    assert page.locator(".sc-level").count() == 1


def test_the_pointer_shows_the_value_of_a_batch(page: Page, run: Run, tmp_path: Path) -> None:
    open_page(page, run, tmp_path / "s.html")
    chart = page.locator("[data-chart='processing time']")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 53, box["y"] + box["height"] / 2)  # the first batch is at the left end
    first = min(run.batches, key=lambda row: row.batch_time_ms)
    assert first.processing_time_ms is not None
    shown = chart.locator(".sc-tip").inner_text().splitlines()
    assert shown == [f"{first.batch_time_ms / 1000:g} s", f"Processing Time: {first.processing_time_ms:.3g} ms"]


def test_a_failed_batch_is_seen_by_more_than_its_colour(page: Page, tmp_path: Path) -> None:
    open_page(page, Run(small_trace()), tmp_path / "s.html")
    failed, first = cells(page, "done")
    assert (failed[5], first[5]) == ("0/1 ✗", "1/1")
    assert "not found" in failed[6]


def test_it_speaks_chinese_and_follows_light_and_dark(page: Page, run: Run, tmp_path: Path) -> None:
    root = open_page(page, run, tmp_path / "s.html", lang="zh")
    assert page.locator("h1").inner_text().startswith("流处理统计")
    grounds = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        grounds.append(root.evaluate("root => getComputedStyle(root).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(21, 25, 30)"]


def test_the_live_page_follows_the_program_and_says_when_it_is_gone(page: Page, server: StreamingServer) -> None:
    trace = Trace([e.ApplicationStart(0, "a", "live words", "local[2]", None, 2)])
    server.follow(trace)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(server.url)
    page.locator(".sc-summary", has_text="No streaming context has been started yet.").wait_for()
    for event in small_trace():
        if not isinstance(event, e.ApplicationStart):
            trace.append(event)
    page.locator("#streaming[data-completed='2'][data-live='1']").wait_for()
    assert page.locator(".sc-live").inner_text().endswith("live")
    assert len(cells(page, "done")) == 2
    own = re.compile(rf"http://127\.0\.0\.1:{server.port}/(data)?\?token={server.token}")
    assert [url for url in asked if not own.fullmatch(url)] == []
    server.close()
    page.locator(".sc-gone", has_text="The program no longer answers").wait_for()
    assert page.locator("#streaming").get_attribute("data-live") == "0"


def test_without_the_token_there_is_nothing_to_see(page: Page, server: StreamingServer) -> None:
    page.goto(server.url.partition("?")[0])
    assert page.locator("#streaming").count() == 0
    assert "the token is missing or wrong" in page.locator("body").inner_text()
