"""The temporary views of a session: tables that queries find by name (PySpark: pyspark.sql.Catalog)."""

from __future__ import annotations

import re
from typing import NamedTuple

from sparksim.sql.relation import Relation
from sparksim.sql.utils import AnalysisException


class Table(NamedTuple):
    """What `Catalog.listTables` tells of a view."""

    name: str
    catalog: str | None
    namespace: list[str] | None
    description: str | None
    tableType: str
    isTemporary: bool


class Views:
    """Relations by name; case makes no difference, as in Spark."""

    def __init__(self) -> None:
        self._views: dict[str, tuple[str, Relation]] = {}

    def put(self, name: str, relation: Relation, replace: bool) -> None:
        """Name a relation. Raises `AnalysisException` for a name that is none, or is taken and not to be replaced."""
        if not re.fullmatch(r"\w+", name, re.ASCII):
            raise AnalysisException(f"[INVALID_TEMP_VIEW_NAME] {name!r} cannot name a view: use letters, digits and _")
        if not replace and name.lower() in self._views:
            raise AnalysisException(
                f"[TEMP_TABLE_OR_VIEW_ALREADY_EXISTS] there is a view {name!r} already; see createOrReplaceTempView"
            )
        self._views[name.lower()] = (name, relation)

    def get(self, name: str) -> Relation | None:
        """The relation of this name, if there is one."""
        found = self._views.get(name.lower())
        return found[1] if found else None

    def drop(self, name: str) -> bool:
        """Forget a view. Gives whether there was one."""
        return self._views.pop(name.lower(), None) is not None

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._views)


class Catalog:
    """What views there are. sparksim keeps temporary views only: no databases, no stored tables."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def listTables(self) -> list[Table]:
        """All views."""
        return [Table(name, None, [], None, "TEMPORARY", True) for name in self._views.names()]

    def tableExists(self, tableName: str) -> bool:
        """Whether there is a view of this name."""
        return self._views.get(tableName) is not None

    def dropTempView(self, viewName: str) -> bool:
        """Forget a view. Gives whether there was one."""
        return self._views.drop(viewName)

    def currentDatabase(self) -> str:
        """`default`."""
        return "default"
