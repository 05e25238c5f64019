"""The timeline of a streaming query in a real browser: saved, offline, and stepped through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparksim.viz import query_html
from tests.trace.queries import windowed_count

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser


def open_page(page: Page, path: Path, lang: str = "en", theme: str = "auto") -> Locator:
    path.write_text(query_html(windowed_count().trace(), lang=lang, theme=theme), encoding="utf-8")
    page.goto(path.as_uri())
    page.locator(".sq-root[data-trigger]").wait_for()
    return page.locator(".sq-root")


def rows(page: Page, table: str) -> list[tuple[str, list[str]]]:
    """State and cells of each row."""
    found = page.locator(f"[data-table='{table}'] tbody tr").all()
    return [(row.get_attribute("data-state") or "", row.locator("td").all_inner_texts()) for row in found]


def test_the_last_trigger_is_shown_and_one_steps_from_trigger_to_trigger(page: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.context.set_offline(True)
    root = open_page(page, tmp_path / "q.html")
    assert asked == [(tmp_path / "q.html").as_uri()]
    assert (root.get_attribute("data-trigger"), root.get_attribute("data-triggers")) == ("4", "5")
    assert rows(page, "input")[:2] == [
        ("new", ["4", "10:17", "cat", ""]),
        ("late", ["4", "10:08", "dog", "its window ended at 10:10, watermark 10:11"]),
    ]
    assert rows(page, "result") == [("new", ["10:10–10:20", "cat", "2"])]
    page.locator("[data-action='previous']").click()
    assert rows(page, "state") == [
        ("gone", ["10:00–10:10 cat", "1", "× expired"]),
        ("gone", ["10:00–10:10 dog", "2", "× expired"]),
        ("old", ["10:10–10:20 cat", "1", ""]),
        ("old", ["10:20–10:30 owl", "1", ""]),
    ]
    assert page.locator("[data-table='result']").inner_text().endswith("no rows")
    root.press("Home")
    assert rows(page, "state") == [
        ("new", ["10:00–10:10 cat", "1", "+ created"]),
        ("new", ["10:00–10:10 dog", "1", "+ created"]),
    ]
    assert page.locator(".sq-watermark").inner_text() == "watermark –, 09:57 from the next trigger on"


def test_a_click_on_the_chart_goes_to_its_trigger_in_chinese_and_dark(page: Page, tmp_path: Path) -> None:
    root = open_page(page, tmp_path / "q.html", "zh", "dark")
    chart = page.locator(".sq-chart svg")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 52 + (box["width"] - 62) * 0.5, box["y"] + 40)  # the third of five columns
    assert root.get_attribute("data-trigger") == "2"
    assert page.locator(".sq-readout").inner_text() == "批次 2 · 第 3 次触发，共 5 次"
    assert page.locator(".sq-late").count() == 1  # in the legend: the late row comes later
    assert root.evaluate("root => getComputedStyle(root).backgroundColor") == "rgb(21, 25, 30)"
