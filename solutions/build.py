"""Writes the exercises from their solutions: `python solutions/build.py`.

`exNN_slug.py` in this folder is what people edit; `exercises/en` and `exercises/zh` are made from it. With
`--nbgrader DIR` the source notebooks of an nbgrader course are written into DIR instead, in one language.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sparksim.course.nbgrader_source import write_nbgrader_course
from sparksim.course.source import build
from sparksim.course.texts import LANGUAGES

SOLUTIONS_DIR = Path(__file__).parent
EXERCISES_DIR = SOLUTIONS_DIR.parent / "exercises"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nbgrader", metavar="DIR", type=Path, help="the folder of an nbgrader course")
    parser.add_argument("--lang", choices=LANGUAGES, default=LANGUAGES[0], help="the language of that course")
    options = parser.parse_args()
    if options.nbgrader is None:
        for path in build(SOLUTIONS_DIR, EXERCISES_DIR):
            print(path.relative_to(SOLUTIONS_DIR.parent))
    else:
        for path in write_nbgrader_course(SOLUTIONS_DIR, options.nbgrader, options.lang):
            print(path)
