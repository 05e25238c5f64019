"""The name of a column that a query gives none: its expression, written as Spark writes it (Spark: toPrettySQL).

`select word, count(*) from words` has the columns `word` and `count(1)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BINARY = {
    "Add": "+",
    "Sub": "-",
    "Mul": "*",
    "Div": "/",
    "Mod": "%",
    "IntDiv": "div",
    "EQ": "=",
    "GT": ">",
    "GTE": ">=",
    "LT": "<",
    "LTE": "<=",
    "And": "AND",
    "Or": "OR",
    "NullSafeEQ": "<=>",
}
_UPPER = {"ceil", "ceiling", "floor", "rlike"}
"""Functions whose expression Spark calls by a name in capitals."""


def column_name(node: Any, text: str) -> str:
    """The name of the expression `node` of the query `text`, which tells how the query calls its functions."""
    kind = type(node).__name__
    if kind in ("Explode", "ExplodeOuter"):
        return "col"
    if kind == "Anonymous" and node.name.lower() in ("window", "session_window"):
        return str(node.name.lower())
    if kind in ("Cast", "TryCast") and type(node.this).__name__ == "Column":
        return str(node.this.name)
    return _Namer(text).name(node)


class _Namer:
    def __init__(self, text: str) -> None:
        self._text = text

    def name(self, node: Any) -> str:
        """One expression; parentheses stand where Spark's tree has a level, not where the query has them."""
        kind = type(node).__name__
        if kind in _BINARY:
            return f"({self.name(node.this)} {_BINARY[kind]} {self.name(node.expression)})"
        write = getattr(self, f"_{kind.lower()}", None)
        if write is not None:
            return str(write(node))
        if self._called(node) or kind == "Anonymous" or hasattr(node, "sql_name"):
            return self._function(node)
        return str(node.sql(dialect="spark"))

    def _names(self, nodes: list[Any]) -> str:
        return ", ".join(map(self.name, nodes))

    def _called(self, node: Any) -> str:
        """The function's name in the query, if `node` is written as a call there."""
        start, end = node.meta.get("start"), node.meta.get("end")
        return "" if start is None else self._text[start : end + 1].lower()

    def _function(self, node: Any) -> str:
        called = self._called(node) or (node.name if type(node).__name__ == "Anonymous" else node.sql_name()).lower()
        return f"{called.upper() if called in _UPPER else called}({self._names(list(arguments_of(node)))})"

    def _column(self, node: Any) -> str:
        return str(node.name)

    def _star(self, node: Any) -> str:
        return "1"

    def _literal(self, node: Any) -> str:
        return str(node.this)

    def _boolean(self, node: Any) -> str:
        return str(node.this).lower()

    def _paren(self, node: Any) -> str:
        return self.name(node.this)

    def _alias(self, node: Any) -> str:
        return f"{self.name(node.this)} AS {node.alias}"

    def _timestamptrunc(self, node: Any) -> str:
        return f"date_trunc({node.args['unit'].name.lower()}, {self.name(node.this)})"

    def _distinct(self, node: Any) -> str:
        return f"DISTINCT {self._names(node.expressions)}"

    def _neq(self, node: Any) -> str:
        return f"(NOT ({self.name(node.this)} = {self.name(node.expression)}))"

    def _not(self, node: Any) -> str:
        inner = node.this
        if type(inner).__name__ == "Is":
            return f"({self.name(inner.this)} IS NOT {self.name(inner.expression)})"
        return f"(NOT {self.name(inner)})"

    def _is(self, node: Any) -> str:
        return f"({self.name(node.this)} IS {self.name(node.expression)})"

    def _neg(self, node: Any) -> str:
        inner = self.name(node.this)
        return f"-{inner}" if type(node.this).__name__ == "Literal" else f"(- {inner})"

    def _dpipe(self, node: Any) -> str:
        return f"concat({self.name(node.this)}, {self.name(node.expression)})"

    def _like(self, node: Any) -> str:
        return f"{self.name(node.this)} LIKE {self.name(node.expression)}"

    def _in(self, node: Any) -> str:
        return f"({self.name(node.this)} IN ({self._names(node.expressions)}))"

    def _between(self, node: Any) -> str:
        value = self.name(node.this)
        return f"(({value} >= {self.name(node.args['low'])}) AND ({value} <= {self.name(node.args['high'])}))"

    def _if(self, node: Any) -> str:
        parts = [node.this, node.args["true"], node.args.get("false")]
        return f"(IF({self._names([part for part in parts if part is not None])}))"

    def _case(self, node: Any) -> str:
        cases = [f"WHEN {self.name(case.this)} THEN {self.name(case.args['true'])}" for case in node.args["ifs"]]
        default = node.args.get("default")
        return " ".join(["CASE", *cases, *([f"ELSE {self.name(default)}"] if default is not None else []), "END"])

    def _cast(self, node: Any) -> str:
        if type(node.this).__name__ == "Literal" and not node.this.is_string:
            return str(node.this.this)  # 10L or 1.5D
        return f"CAST({self.name(node.this)} AS {node.to.sql(dialect='spark')})"

    _trycast = _cast

    def _bracket(self, node: Any) -> str:
        return f"{self.name(node.this)}[{self._names(node.expressions)}]"

    def _dot(self, node: Any) -> str:
        return f"{self.name(node.this)}.{node.name}"


def arguments_of(node: Any) -> Iterator[Any]:
    """The expressions a function is called with, in order."""
    for key in node.arg_types:
        value = node.args.get(key)
        for part in value if isinstance(value, list) else [value]:
            if hasattr(part, "args"):
                yield part
