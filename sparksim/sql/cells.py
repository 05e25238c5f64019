"""How Spark writes a value as text: in `show()`, and where a column of texts holds other values (ToPrettyString)."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import Any

from sparksim.sql import types as t

_NULL = "NULL"


def cell_text(value: Any, data_type: t.DataType) -> str:
    """The text of a value; parts of arrays, maps and structs are written in the same way."""
    if value is None:
        return _NULL
    if isinstance(data_type, t.BooleanType):
        return str(value).lower()
    if isinstance(data_type, t.FloatType):
        return _java_text(_shortest_float(value))
    if isinstance(data_type, t.DoubleType):
        return _java_text(repr(float(value)))
    if isinstance(data_type, t.TimestampType | t.TimestampNTZType):
        return value.isoformat(" ").rstrip("0").rstrip(".") if value.microsecond else str(value.isoformat(" "))
    if isinstance(data_type, t.BinaryType):
        return f"[{' '.join(f'{byte:02X}' for byte in value)}]"
    if isinstance(data_type, t.ArrayType):
        return f"[{', '.join(cell_text(each, data_type.elementType) for each in value)}]"
    if isinstance(data_type, t.MapType):
        pairs = (f"{cell_text(k, data_type.keyType)} -> {cell_text(v, data_type.valueType)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(data_type, t.StructType):
        parts = (cell_text(each, field.dataType) for each, field in zip(value, data_type, strict=True))
        return f"{{{', '.join(parts)}}}"
    return format(value, "f") if isinstance(data_type, t.DecimalType) else str(value)


def _java_text(number: str) -> str:
    """A floating point number, given as Python writes it, as Java writes it (Double.toString)."""
    if number in ("nan", "inf", "-inf"):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[number]
    sign, digits, exponent = Decimal(number).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    power = len(digits) + int(exponent) - 1  # of the first digit
    minus = "-" if sign else ""
    if text == "0":
        return f"{minus}0.0"
    if -3 <= power < 0:
        return f"{minus}0.{'0' * (-power - 1)}{text}"
    if 0 <= power < 7:
        return f"{minus}{text[: power + 1].ljust(power + 1, '0')}.{text[power + 1 :] or '0'}"
    return f"{minus}{text[0]}.{text[1:] or '0'}E{power}"


def _shortest_float(value: float) -> str:
    """The fewest digits that give back a number of 32 bits."""
    wanted = struct.pack("f", value)
    return next(
        (text for digits in range(1, 9) if struct.pack("f", float(text := f"{value:.{digits}g}")) == wanted),
        f"{value:.9g}",
    )
