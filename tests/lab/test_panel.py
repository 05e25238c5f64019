"""The panel without a browser: a knob is turned, and the run that is shown is that of the turned simulation."""

from __future__ import annotations

import asyncio
import re
import sys
from typing import Any

import pytest

from sparksim.core.errors import IllegalArgumentError
from sparksim.lab import lab
from sparksim.lab.panel import Lab
from sparksim.lab.settings import Settings
from sparksim.sim import Replay
from sparksim.viz.view import timeline_packet
from tests.lab.program import UNTIL_S, simulation


@pytest.fixture
def panel() -> Lab:
    return lab(simulation(), until=UNTIL_S)


def turn(panel: Lab, name: str, value: Any) -> None:
    panel.knobs.widgets[name].value = value


def rows(panel: Lab) -> dict[str, list[str]]:
    """The table of differences: what, and the texts of its cells."""
    lines = re.findall(r"<tr data-what='(\w+)'>(.*?)</tr>", panel.box.children[-1].value)
    return {what: re.findall("<td.*?>(.*?)</td>", line)[1:] for what, line in lines}


def test_it_begins_with_the_given_run(panel: Lab) -> None:
    run = simulation().run(until=UNTIL_S)
    assert panel.settings == Settings.of(simulation())
    assert panel.view is not None
    assert panel.view.timeline.packet == timeline_packet(run.trace)
    assert panel.view.delays.delays["series"][1]["values"] == [
        None if ms is None else ms / 1000 for ms in run.batches.column("processing_time_ms")
    ]
    assert panel.error == ""


def test_a_turned_knob_shows_another_run_in_the_same_widgets(panel: Lab) -> None:
    view = panel.view
    turn(panel, "batch", 1.0)
    assert panel.view is view
    assert view is not None
    run = simulation(batch=1.0).run(until=UNTIL_S)
    assert view.timeline.packet == timeline_packet(run.trace)
    assert view.delays.delays["level"] == {"value": 1.0, "name": "batch interval"}


def test_a_combination_that_cannot_be_is_said_in_the_panel(panel: Lab) -> None:
    before = panel.run
    turn(panel, "log", True)
    assert panel.error.startswith(
        "SparkException: spark.streaming.receiver.writeAheadLog.enable=true needs a checkpoint"
    )
    assert panel.run is before
    turn(panel, "checkpoint", True)
    assert panel.error == ""
    assert panel.run is not before


def test_an_error_is_text_and_nothing_else(monkeypatch: pytest.MonkeyPatch, panel: Lab) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("<script>alert(1)</script>")

    monkeypatch.setattr("sparksim.sim.simulation.Simulation.run", fail)
    turn(panel, "cores", 1)
    assert panel.error == "ValueError: <script>alert(1)</script>"
    assert "<script>" not in panel.box.children[3].value


def test_a_simulation_that_fails_from_the_start_leaves_the_knobs() -> None:
    broken = simulation(conf={"spark.streaming.receiver.writeAheadLog.enable": True})
    panel = lab(broken, until=UNTIL_S)
    assert (panel.run, panel.view) == (None, None)
    panel.pin()
    assert panel.pinned is None
    turn(panel, "checkpoint", True)
    assert panel.run is not None


def test_a_pinned_run_stays_beside_the_next_with_what_differs(panel: Lab) -> None:
    panel.pin()
    assert rows(panel) == {}
    assert "Nothing is different yet" in panel.box.children[-1].value
    first = panel.run
    turn(panel, "batch", 1.0)
    turn(panel, "driver_crash", 6.0)
    assert panel.pinned is not None
    assert panel.pinned.run is first
    assert len(panel.box.children[-2].children) == 2
    said = rows(panel)
    assert said["batch"] == ["2", "1", "-1"]
    assert said["driver_crash"] == ["never", "6", ""]
    assert first is not None
    assert panel.run is not None
    lost = [run.delivery.count("lost") for run in (first, panel.run)]
    assert said["lost"] == [*map(str, lost), f"{lost[1] - lost[0]:+}"]
    panel.pin()
    assert panel.pinned is None
    assert len(panel.box.children[-2].children) == 1
    assert rows(panel) == {}


def test_turning_back_is_remembered_and_reset_turns_everything_back(panel: Lab) -> None:
    first = panel.run
    turn(panel, "executors", 1)
    turn(panel, "storage_level", "MEMORY_ONLY")
    panel.reset()
    assert panel.settings == Settings.of(simulation())
    assert panel.run is first


def test_the_python_that_is_shared_rebuilds_the_run(panel: Lab) -> None:
    turn(panel, "rate", 20)
    panel.share()
    names: dict[str, Any] = {}
    exec(panel.box.children[2].value, names)
    assert panel.run is not None
    assert names["run"].batches == panel.run.batches
    turn(panel, "cores", 4)
    assert "cores=4" in panel.box.children[2].value  # it follows
    panel.share()
    assert panel.box.children[2].layout.display == "none"


def test_where_no_load_has_a_rate_its_slider_rests() -> None:
    panel = lab(simulation(network={"localhost:9999": Replay([(1, "a b"), (3, "b")])}), until=UNTIL_S)
    assert panel.knobs.widgets["rate"].disabled
    turn(panel, "batch", 1.0)
    assert (panel.error, panel.settings.rate) == ("", None)


def test_in_a_notebook_only_the_last_of_quick_changes_is_simulated(monkeypatch: pytest.MonkeyPatch, panel: Lab) -> None:
    redrawn: list[float] = []
    monkeypatch.setattr(panel, "redraw", lambda _loop: redrawn.append(panel.settings.batch))

    async def drag() -> None:
        for batch in (0.2, 0.5, 1.0):
            turn(panel, "batch", batch)
        while not redrawn:
            await asyncio.sleep(0)

    asyncio.run(drag())
    assert redrawn == [1.0]


def test_it_speaks_chinese() -> None:
    panel = lab(simulation(), until=UNTIL_S, lang="zh")
    assert panel.knobs.widgets["batch"].description == "批次间隔（秒）"
    assert panel.view is not None
    assert panel.view.delays.delays["level"]["name"] == "批次间隔"


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"until": 0}, IllegalArgumentError, "until=0: give a positive number of seconds to simulate"),
        ({"lang": "fr"}, ValueError, "lang='fr': there are texts in 'en' and 'zh'"),
        ({"theme": "blue"}, ValueError, "theme='blue': use one of auto, light, dark"),
    ],
)
def test_a_lab_that_cannot_be_is_refused(how: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        lab(simulation(), **how)


def test_without_ipywidgets_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    for module in ("panel", "knobs"):
        monkeypatch.delitem(sys.modules, f"sparksim.lab.{module}", raising=False)
    with pytest.raises(ImportError, match=r"the lab needs ipywidgets .*pip install 'sparksim\[notebook\]'"):
        lab(simulation())
