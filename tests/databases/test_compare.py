"""The script that compares the five ways prints what each of them asked of the database, and cleans up."""

from __future__ import annotations

import subprocess
import sys

from tests.databases.conftest import EXAMPLES_DIR
from tests.databases.saved import saved


def test_one_table_tells_the_five_ways_apart(url: str) -> None:
    options = ("--records", "12", "--partitions", "3", "--rounds", "2")
    command = [sys.executable, EXAMPLES_DIR / "compare.py", url, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    heading, columns, *rows = done.stdout.splitlines()
    assert heading == "12 records in 3 partitions, 2 rounds, on local[2]"
    assert columns.split() == ["way", "connections", "statements", "commits", "records/s"]
    cells = {row[0]: row.split()[-4:] for row in rows[:5]}
    assert cells["1"] == ["-"] * 4
    assert cells["2"][:3] == ["24", "24", "24"]
    assert cells["3"][:3] == ["6", "24", "24"]
    assert cells["4"][1:3] == ["24", "24"]
    assert cells["5"][1:3] == ["6", "6"]
    for way in "45":
        assert cells[way][0] in ("1", "2")
    assert all(float(cells[way][3].replace(",", "")) > 0 for way in "2345")
    assert "it holds 'connection', a Connection" in rows[-1]
    assert not saved(url)
