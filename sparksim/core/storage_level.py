"""How a cached partition or a received block is kept (PySpark: StorageLevel)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class StorageLevel:
    """Where data is kept, in what form, and in how many copies. Python data is always serialised."""

    useDisk: bool
    useMemory: bool
    useOffHeap: bool
    deserialized: bool
    replication: int = 1

    NONE: ClassVar[StorageLevel]
    DISK_ONLY: ClassVar[StorageLevel]
    DISK_ONLY_2: ClassVar[StorageLevel]
    DISK_ONLY_3: ClassVar[StorageLevel]
    MEMORY_ONLY: ClassVar[StorageLevel]
    MEMORY_ONLY_2: ClassVar[StorageLevel]
    MEMORY_AND_DISK: ClassVar[StorageLevel]
    MEMORY_AND_DISK_2: ClassVar[StorageLevel]
    OFF_HEAP: ClassVar[StorageLevel]
    MEMORY_AND_DISK_DESER: ClassVar[StorageLevel]

    def __repr__(self) -> str:
        flags = (self.useDisk, self.useMemory, self.useOffHeap, self.deserialized, self.replication)
        return f"StorageLevel({', '.join(map(str, flags))})"

    def __str__(self) -> str:
        places = (("Disk", self.useDisk), ("Memory", self.useMemory), ("OffHeap", self.useOffHeap))
        form = "Deserialized" if self.deserialized else "Serialized"
        return " ".join([name for name, used in places if used] + [form, f"{self.replication}x Replicated"])

    @property
    def short_name(self) -> str:
        """Spark's name of the level, such as `MEMORY_AND_DISK_SER_2` (Scala: StorageLevel)."""
        if not (self.useDisk or self.useMemory):
            return "NONE"
        if self.useOffHeap:
            return "OFF_HEAP"
        if not self.useMemory:
            name = "DISK_ONLY"
        else:
            name = ("MEMORY_AND_DISK" if self.useDisk else "MEMORY_ONLY") + ("" if self.deserialized else "_SER")
        return name if self.replication == 1 else f"{name}_{self.replication}"


StorageLevel.NONE = StorageLevel(False, False, False, False)
StorageLevel.DISK_ONLY = StorageLevel(True, False, False, False)
StorageLevel.DISK_ONLY_2 = StorageLevel(True, False, False, False, 2)
StorageLevel.DISK_ONLY_3 = StorageLevel(True, False, False, False, 3)
StorageLevel.MEMORY_ONLY = StorageLevel(False, True, False, False)
StorageLevel.MEMORY_ONLY_2 = StorageLevel(False, True, False, False, 2)
StorageLevel.MEMORY_AND_DISK = StorageLevel(True, True, False, False)
StorageLevel.MEMORY_AND_DISK_2 = StorageLevel(True, True, False, False, 2)
StorageLevel.OFF_HEAP = StorageLevel(True, True, True, False, 1)
StorageLevel.MEMORY_AND_DISK_DESER = StorageLevel(True, True, False, True)
