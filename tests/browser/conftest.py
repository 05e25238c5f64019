"""One Chromium for all browser tests that need no other one, and one run to look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sparksim.sim.run import Run
from tests.browser.story import crashes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """There can be only one in a thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield chromium
    chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own; a test fails when its scripts fail."""
    shown = browser.new_page(viewport={"width": 1360, "height": 1000}, color_scheme="light")
    shown.set_default_timeout(60_000)
    errors: list[str] = []
    shown.on("pageerror", lambda error: errors.append(str(error)))
    yield shown
    shown.close()
    assert errors == []


@pytest.fixture(scope="session")
def run() -> Run:
    return crashes()


@pytest.fixture(scope="session")
def saved(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run as a page on the disk."""
    path = tmp_path_factory.mktemp("page") / "run.html"
    run.save(path)
    return path
