"""What a person sees and does on a timeline, for the browser tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


class Shown:
    """A timeline of a page, the first one or another. Numbers of rows are those of the run's tables."""

    def __init__(self, page: Page, number: int = 0) -> None:
        self.page = page
        self.root: Locator = page.locator(".ss-timeline").nth(number)
        self.root.scroll_into_view_if_needed(timeout=60_000)  # what is out of sight may not be drawn
        self.wait("[data-ready='1'][data-moment]")

    def wait(self, attributes: str) -> None:
        """Wait until the timeline has these attributes, written as a selector."""
        self.root.and_(self.page.locator(attributes)).wait_for(timeout=60_000)

    @staticmethod
    def open(page: Page, path: Path) -> Shown:
        page.goto(path.as_uri())
        return Shown(page)

    def data(self, name: str) -> str:
        return self.root.get_attribute(f"data-{name}") or ""

    @property
    def moment(self) -> float:
        return float(self.data("moment"))

    @property
    def window(self) -> tuple[float, float]:
        """The visible span, in seconds."""
        return float(self.data("from")) / 1000, float(self.data("to")) / 1000

    @property
    def lanes(self) -> Locator:
        return self.root.locator("canvas.ss-lanes")

    def press(self, *keys: str) -> None:
        """Press keys while the lanes have the focus."""
        for key in keys:
            self.lanes.press(key)
        self.settle()

    def button(self, action: str) -> Locator:
        return self.root.locator(f"[data-action='{action}']")

    def scrub(self, to_s: float) -> None:
        """Drag the scrubber to a moment."""
        move = "(slider, ms) => { slider.value = ms; slider.dispatchEvent(new Event('input', { bubbles: true })); }"
        self.root.locator("input.ss-slider").evaluate(move, to_s * 1000)
        self.settle()

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def point(self, table: str, row: int, kind: str) -> tuple[float, float]:
        """Where on the page the middle of the bar is that shows this row on a lane of this kind."""
        self.lanes.scroll_into_view_if_needed()
        where = "(root, [table, row, kind]) => root.timeline.whereIs(table, row, kind)"
        found = self.root.evaluate(where, [table, row, kind])
        box = self.lanes.bounding_box()
        assert box is not None
        return box["x"] + found["x"], box["y"] + found["y"]

    def click(self, table: str, row: int, kind: str) -> None:
        self.page.mouse.click(*self.point(table, row, kind))
        self.settle()

    def hover(self, table: str, row: int, kind: str) -> str:
        """Move the pointer there; what the tooltip then says."""
        self.page.mouse.move(*self.point(table, row, kind))
        return self.root.locator(".ss-tip").inner_text()

    def value(self, section: str) -> str:
        """What a section of the panel counts or lists."""
        return self.root.locator(f"[data-section='{section}']").get_attribute("data-value") or ""

    def counts(self, section: str, name: str) -> dict[str, int]:
        """A number of each executor in a section of the panel."""
        lines = self.root.locator(f"[data-section='{section}'] [data-executor]").all()
        return {
            line.get_attribute("data-executor") or "": int(line.get_attribute(f"data-{name}") or 0) for line in lines
        }

    @property
    def ground(self) -> list[int]:
        """The colour of the lanes where nothing is drawn, as it was painted: red, green, blue."""
        pixel = "lanes => Array.from(lanes.getContext('2d').getImageData(1, 1, 1, 1).data.slice(0, 3))"
        painted: list[int] = self.lanes.evaluate(pixel)
        return painted

    @property
    def steps(self) -> list[str]:
        """The steps of the chosen way, each with its note."""
        return [" | ".join(step.inner_text().splitlines()) for step in self.root.locator(".ss-way li").all()]

    @property
    def status(self) -> str:
        return self.root.locator("[aria-live]").inner_text()
