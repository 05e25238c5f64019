"""A submission read from disk: the text of a script, or of each code cell of a notebook.

Nothing of it is run or compiled here. Cells may have been copied, split or deleted: what counts are the functions that
are there after the last cell.
"""

from __future__ import annotations

import json
from pathlib import Path

from sparksim.course.texts import Text

SUFFIXES = (".py", ".ipynb")
LARGEST_KB = 2048

Chunk = tuple[str, str]
"""A name for errors ("submission", or "submission 3" for the third cell), and a text."""


class UnreadableSubmission(Exception):
    """A file that holds no program; `text` says why, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def read_submission(path: Path) -> list[Chunk]:
    """The chunks of a submission. Raises `UnreadableSubmission`."""
    try:
        if path.is_symlink():  # it may lead to the solution, which the grader can read
            raise UnreadableSubmission(Text("a link; hand in the file itself", "是一个链接；请提交文件本身"))
        if not path.is_file() or path.stat().st_size > LARGEST_KB << 10:
            raise UnreadableSubmission(
                Text(f"no file, or one of more than {LARGEST_KB} kB", f"不是文件，或超过 {LARGEST_KB} kB")
            )
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableSubmission(Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}")) from None
    except UnicodeDecodeError:
        raise UnreadableSubmission(Text("not a text in UTF-8", "不是 UTF-8 编码的文本")) from None
    return _cells(text) if path.suffix == ".ipynb" else [("submission", text)]


def _joined(source: str | list[str]) -> str:
    return source if isinstance(source, str) else "".join(source)


def _cells(text: str) -> list[Chunk]:
    try:
        cells = json.loads(text)["cells"]
        sources = [(number, cell["source"]) for number, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
        return [(f"submission {number}", python_of(_joined(source))) for number, source in sources]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise UnreadableSubmission(Text("not a notebook that Jupyter wrote", "不是由 Jupyter 写出的笔记本")) from None


def python_of(text: str) -> str:
    """A cell without what only IPython understands; the lines keep their numbers."""
    if text.lstrip().startswith("%%"):
        return ""
    return "\n".join("" if line.startswith(("%", "!")) else line for line in text.splitlines())
