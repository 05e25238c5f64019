"""Storage levels print as PySpark's do; their short names are Scala's."""

from __future__ import annotations

import pytest

from sparksim.core.storage_level import StorageLevel


@pytest.mark.parametrize(
    ("level", "text", "short"),
    [
        (StorageLevel.NONE, "Serialized 1x Replicated", "NONE"),
        (StorageLevel.DISK_ONLY, "Disk Serialized 1x Replicated", "DISK_ONLY"),
        (StorageLevel.DISK_ONLY_3, "Disk Serialized 3x Replicated", "DISK_ONLY_3"),
        (StorageLevel.MEMORY_ONLY, "Memory Serialized 1x Replicated", "MEMORY_ONLY_SER"),
        (StorageLevel.MEMORY_ONLY_2, "Memory Serialized 2x Replicated", "MEMORY_ONLY_SER_2"),
        (StorageLevel.MEMORY_AND_DISK, "Disk Memory Serialized 1x Replicated", "MEMORY_AND_DISK_SER"),
        (StorageLevel.MEMORY_AND_DISK_2, "Disk Memory Serialized 2x Replicated", "MEMORY_AND_DISK_SER_2"),
        (StorageLevel.OFF_HEAP, "Disk Memory OffHeap Serialized 1x Replicated", "OFF_HEAP"),
        (StorageLevel.MEMORY_AND_DISK_DESER, "Disk Memory Deserialized 1x Replicated", "MEMORY_AND_DISK"),
    ],
)
def test_names(level: StorageLevel, text: str, short: str) -> None:
    assert (str(level), level.short_name) == (text, short)


def test_repr_and_equality() -> None:
    assert repr(StorageLevel.MEMORY_AND_DISK_2) == "StorageLevel(True, True, False, False, 2)"
    assert StorageLevel(False, True, False, False) == StorageLevel.MEMORY_ONLY
    assert StorageLevel.MEMORY_ONLY != StorageLevel.MEMORY_ONLY_2
