"""Writes the exercises from their solutions: `python solutions/build.py`.

`exNN_slug.py` in this folder is what people edit; `exercises/en` and `exercises/zh` are made from it.
"""

from __future__ import annotations

from pathlib import Path

from sparksim.course.source import build

SOLUTIONS_DIR = Path(__file__).parent
EXERCISES_DIR = SOLUTIONS_DIR.parent / "exercises"

if __name__ == "__main__":
    for path in build(SOLUTIONS_DIR, EXERCISES_DIR):
        print(path.relative_to(SOLUTIONS_DIR.parent))
