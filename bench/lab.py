"""From a move of the lab's slider to the redrawn timeline, in a browser: `python -m bench.lab` (make bench-lab).

A 60-second word count of {1 receiver, 3 × 2 cores} in JupyterLab. The clock is the page's own: it starts with the key
that moves the slider and stops when the timeline of the new run has been painted. No run is shown twice, so nothing
comes from memory. Where the time goes is measured in this process, without the browser.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from playwright.sync_api import sync_playwright

from bench.measure import Row, table
from sparksim.lab.collector import Collector
from sparksim.sim import Cluster, Poisson, Simulation
from sparksim.viz.streaming_view import delays_of
from sparksim.viz.view import timeline_packet
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.jupyterlab import jupyterlab, run_all_cells

AIM_MS = 200
UNTIL_S, RATE_PER_S, BATCH_S = 60, 10, 2.0
PROGRAM = f"""
from sparksim.lab import lab
from sparksim.sim import Cluster, Poisson, Simulation


def word_count(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


network = {{"localhost:9999": Poisson(rate={RATE_PER_S})}}
lab(Simulation(word_count, network=network, batch={BATCH_S}, cluster=Cluster(executors=3, cores=2)), until={UNTIL_S})
"""

MOVES = ("lab-executor_crash", "lab-receiver_crash", "lab-driver_crash")
"""Sliders with many places: each of them is moved from its beginning, a place at a time."""
MOVES_EACH = 12
BREATH_MS = 400
"""Between two moves: longer than the lab takes for changes that belong together."""

MOVE = """([slider, key]) => new Promise((done) => {
    const root = document.querySelector(".ss-timeline");
    const handle = document.querySelector(`.${slider} [role=slider], .${slider} .noUi-handle`);
    handle.focus();
    const begun = performance.now();
    const shown = root.timeline.run;
    const look = () => {
        if (root.timeline.run !== shown && !root.timeline.asked) done(performance.now() - begun);
        else requestAnimationFrame(look);
    };
    handle.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    requestAnimationFrame(look);
})"""


def moved_ms() -> list[float]:
    """How long each move took, in the page's own milliseconds."""
    with TemporaryDirectory() as folder, jupyterlab(Path(folder), [PROGRAM]) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        run_all_cells(page, address)
        page.locator(".ss-timeline[data-ready='1'][data-moment]").wait_for(timeout=60_000)
        durations = []
        for slider in MOVES:
            for _ in range(MOVES_EACH):
                page.wait_for_timeout(BREATH_MS)
                durations.append(page.evaluate(MOVE, [slider, "ArrowRight"]))
            page.locator(".lab-reset").click()
            page.wait_for_timeout(5 * BREATH_MS)
        browser.close()
    return durations


def word_count(ssc: Any) -> None:
    """The program of the notebook."""
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


def parts_ms() -> dict[str, tuple[float, float]]:
    """Wall-clock and processor time of each step in the kernel, medians."""
    network = {"localhost:9999": Poisson(RATE_PER_S)}
    simulation = Simulation(word_count, network=network, batch=BATCH_S, cluster=Cluster(3, 2))
    taken: dict[str, list[tuple[float, float]]] = {}
    for seed in range(MOVES_EACH):
        other = simulation.with_(seed=seed)
        with Collector().resting():
            run = _step(taken, "simulate", partial(other.run, until=UNTIL_S))
            _step(taken, "the timeline's packet", partial(timeline_packet, run.trace))
            _step(taken, "the delay plot's numbers", partial(delays_of, run.trace))
    return {step: tuple(map(median, zip(*times, strict=True))) for step, times in taken.items()}


def _step(taken: dict[str, list[tuple[float, float]]], step: str, work: Callable[[], Any]) -> Any:
    wall_s, cpu_s = perf_counter(), process_time()
    result = work()
    taken.setdefault(step, []).append(((perf_counter() - wall_s) * 1000, (process_time() - cpu_s) * 1000))
    return result


def rows() -> list[Row]:
    """The whole, then its parts beside the processor time that they took."""
    moves = moved_ms()
    typical_ms, parts = median(moves), parts_ms()
    return [
        Row(
            f"slider to redrawn timeline ({len(moves)} moves)", typical_ms, "the aim", AIM_MS, "ms", typical_ms / AIM_MS
        ),
        Row("the quickest of them", min(moves), "", 0, "ms", None),
        *(
            Row(f"of it: {step}", wall, "processor time", cpu, "ms", wall / cpu if cpu else None)
            for step, (wall, cpu) in parts.items()
        ),
    ]


if __name__ == "__main__":
    print(table(rows()))
