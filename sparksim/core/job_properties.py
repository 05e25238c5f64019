"""The properties that the jobs of one thread carry: group, description, tags (PySpark: SparkContext.setJobGroup)."""

from __future__ import annotations

from contextlib import AbstractContextManager

from sparksim.core import local_properties
from sparksim.core.errors import IllegalArgumentError


class JobProperties:
    """The part of `SparkContext` that sets local properties."""

    def setLocalProperty(self, key: str, value: str | None) -> None:
        """Set a property of the jobs of this thread; None removes it."""
        local_properties.put(key, value)

    def getLocalProperty(self, key: str) -> str | None:
        """A property of the jobs of this thread, or None."""
        return local_properties.get(key)

    def setJobGroup(self, groupId: str, description: str, interruptOnCancel: bool = False) -> None:
        """Give the jobs of this thread a group and a description."""
        for key, value in _job_group(groupId, description, interruptOnCancel).items():
            local_properties.put(key, value)

    def setJobDescription(self, value: str | None) -> None:
        """Describe the jobs of this thread."""
        local_properties.put(local_properties.JOB_DESCRIPTION, value)

    def setInterruptOnCancel(self, interruptOnCancel: bool) -> None:
        """Whether cancelling a job of this thread interrupts its tasks."""
        local_properties.put(local_properties.INTERRUPT_ON_CANCEL, str(interruptOnCancel).lower())

    def addJobTag(self, tag: str) -> None:
        """Tag the jobs of this thread."""
        if not tag or "," in tag:
            raise IllegalArgumentError(f"a job tag must not be empty or hold a comma, got {tag!r}")
        self._set_tags(self.getJobTags() | {tag})

    def removeJobTag(self, tag: str) -> None:
        """Tag the jobs of this thread no more with `tag`."""
        self._set_tags(self.getJobTags() - {tag})

    def getJobTags(self) -> set[str]:
        """The tags of the jobs of this thread."""
        return set((local_properties.get(local_properties.JOB_TAGS) or "").split(",")) - {""}

    def clearJobTags(self) -> None:
        """Tag the jobs of this thread no more."""
        self._set_tags(set())

    def _set_tags(self, tags: set[str]) -> None:
        local_properties.put(local_properties.JOB_TAGS, ",".join(sorted(tags)) or None)

    def _job_group(self, groupId: str, description: str, interruptOnCancel: bool) -> AbstractContextManager[None]:
        return local_properties.overlay(_job_group(groupId, description, interruptOnCancel))


def _job_group(group: str, description: str, interrupt: bool) -> dict[str, str | None]:
    return {
        local_properties.JOB_GROUP: group,
        local_properties.JOB_DESCRIPTION: description,
        local_properties.INTERRUPT_ON_CANCEL: str(interrupt).lower(),
    }
