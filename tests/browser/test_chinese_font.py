"""Chinese pages show on a machine without a Chinese font: they bring the letters along."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import pytest

from sparksim.sim.run import Run
from tests.browser.conftest import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

pytestmark = pytest.mark.browser

FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""

PICTURES = """(letters) => {
  const style = getComputedStyle(document.querySelector(".ss-timeline, .sc-root"));
  return letters.map((letter) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
    const context = canvas.getContext("2d");
    context.font = `24px ${style.fontFamily}`;
    context.fillText(letter, 4, 30);
    return canvas.toDataURL();
  });
}"""
"""What each letter looks like in the page's own font; letters that there are not all look the same."""

LETTERS = ["批", "次", "接", "收", "器", "延", "迟"]


@pytest.fixture(scope="module")
def latin_only(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser on a machine that has DejaVu and no other font."""
    folder = tmp_path_factory.mktemp("fonts")
    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    (folder / "fonts.conf").write_text(FONTS_CONF.format(fonts=fonts, cache=folder / "cache"))
    env = {**os.environ, "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, env=env)
    yield chromium.new_page(viewport={"width": 1360, "height": 1000})
    chromium.close()


def pictures(page: Page, path: Path, ready: str) -> set[str]:
    page.goto(path.as_uri())
    page.locator(ready).wait_for()
    return set(page.evaluate(PICTURES, LETTERS))


def test_both_pages_bring_their_letters(latin_only: Page, run: Run, tmp_path: Path) -> None:
    for lang, different in (("en", 1), ("zh", len(LETTERS))):
        run.save(tmp_path / "run.html", lang=lang)
        run.streaming_page(lang=lang).save(tmp_path / "streaming.html")
        assert len(pictures(latin_only, tmp_path / "run.html", "[data-ready='1'][data-moment]")) == different
        assert len(pictures(latin_only, tmp_path / "streaming.html", "#streaming[data-batches]")) == different


def test_what_was_shown_first_has_its_letters_too(latin_only: Page, run: Run, tmp_path: Path) -> None:
    """A text that stands in place before the font is known may keep its boxes; a box is as wide as its font says."""
    run.save(tmp_path / "run.html", lang="zh")
    latin_only.goto(tmp_path.joinpath("run.html").as_uri())
    latin_only.locator("[data-ready='1'][data-moment]").wait_for()
    button = latin_only.locator("button", has_text="全程")
    assert button.count() == 1
    widths = """(button) => {
      const range = document.createRange();
      range.selectNodeContents(button);
      return [range.getBoundingClientRect().width, parseFloat(getComputedStyle(button).fontSize)];
    }"""
    width, size = button.evaluate(widths)
    assert width == pytest.approx(2 * size, abs=0.5)
    assert latin_only.evaluate("document.activeElement.className") == "ss-lanes"
