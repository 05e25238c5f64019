"""Ships the courseware inside the wheel, so that an installed sparksim can lay it out for a learner.

`lessons/`, `exercises/` and `examples/` live at the root of the repository; in the wheel they lie under
`sparksim/shipped/`. hatchling's own `force-include` table refuses paths that do not exist, hence this hook.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIPPED = ("lessons", "exercises", "examples")


class ShipCourseware(BuildHookInterface):
    """Adds the courseware folders that exist to a real wheel; an editable install reads them where they are."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        for name in SHIPPED:
            folder = Path(self.root, name)
            if folder.is_dir():
                build_data["force_include"][str(folder)] = f"sparksim/shipped/{name}"
