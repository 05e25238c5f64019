"""What the pages for readers show is what happens: their programs run and print what stands below them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS_DIR = Path(__file__).parents[1] / "docs"
PROGRAM = re.compile(r"^```python\n(.*?)^```\n+```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
SHOWN = [
    (page.name, program, printed)
    for page in sorted(DOCS_DIR.glob("*.md"))
    for program, printed in PROGRAM.findall(page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "program", "printed"), SHOWN, ids=[page for page, _, _ in SHOWN])
def test_a_program_prints_what_stands_below_it(page: str, program: str, printed: str, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    run = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == printed


def test_pages_with_programs_are_found() -> None:
    assert "how-it-works.md" in {page for page, _, _ in SHOWN}


@pytest.mark.parametrize("page", sorted(DOCS_DIR.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (DOCS_DIR / link).exists()] == []
