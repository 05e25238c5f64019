"""What becomes of a file whose batch is done (Spark: FileStreamSourceCleaner)."""

from __future__ import annotations

from collections.abc import Callable

import fsspec

from sparksim.core.errors import IllegalArgumentError
from sparksim.sql.formats.format import FileOptions

Clean = Callable[[str], None]
"""Called with the URL of a file."""


def cleaner(options: FileOptions) -> Clean | None:
    """By the option `cleanSource`: nothing (off), or it is deleted, or moved below `sourceArchiveDir` (archive).

    Raises `IllegalArgumentError` for another word, or for archive without a directory.
    """
    mode = options.text("cleanSource", "off").lower()
    if mode not in ("off", "delete", "archive"):
        raise IllegalArgumentError(f"cleanSource={mode!r}: give archive, delete or off")
    archive = options.optional("sourceArchiveDir")
    if mode == "archive":
        if archive is None:
            raise IllegalArgumentError("cleanSource='archive': give sourceArchiveDir, the directory to move files to")
        return lambda url: _move(url, archive)
    return _delete if mode == "delete" else None


def _delete(url: str) -> None:
    files, path = fsspec.core.url_to_fs(url)
    if files.exists(path):
        files.rm_file(path)


def _move(url: str, archive: str) -> None:
    """Below the archive the file keeps its whole path."""
    files, path = fsspec.core.url_to_fs(url)
    _, root = fsspec.core.url_to_fs(archive)
    if files.exists(path):
        target = f"{root.rstrip('/')}/{path.lstrip('/')}"
        files.makedirs(target.rpartition("/")[0], exist_ok=True)
        files.mv(path, target)
