"""The id that a query keeps for ever, in the file `metadata` of its checkpoint (Spark: StreamMetadata)."""

from __future__ import annotations

from collections.abc import Callable

from sparksim.core.errors import IllegalStateError
from sparksim.sql.streaming.store.folder import Charge, Folder, no_time
from sparksim.sql.streaming.store.metadata_log import json_object, json_text, text_of

METADATA = "metadata"


def query_id(path: str, draw: Callable[[], str], charge: Charge = no_time) -> str:
    """The id in the checkpoint at `path`; a new checkpoint gets the one that `draw` gives.

    Raises `IllegalStateError` for a file that holds no id.
    """
    folder = Folder(path, charge)
    data = folder.read(METADATA)
    if data is None:
        folder.create(METADATA, json_text({"id": draw()}).encode("utf-8"))
        data = folder.read(METADATA) or b""
    try:
        return text_of(json_object(data.decode("utf-8")), "id")
    except ValueError as error:
        raise IllegalStateError(
            f"{folder.url_of(METADATA)} holds no query's id: {error}. Give the query a checkpointLocation of its own, "
            'or put the file back: {"id":"..."} with the id that progress reports name'
        ) from None
