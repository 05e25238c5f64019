"""Whether a record fits a schema that the program gave (PySpark: _make_type_verifier of sql/types.py)."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from sparksim.sql import types as t
from sparksim.sql.utils import PySparkTypeError, PySparkValueError

_ACCEPTED: dict[type[t.DataType], tuple[type, ...]] = {
    t.BooleanType: (bool,),
    t.ByteType: (int,),
    t.ShortType: (int,),
    t.IntegerType: (int,),
    t.LongType: (int,),
    t.FloatType: (float,),
    t.DoubleType: (float,),
    t.DecimalType: (Decimal,),
    t.BinaryType: (bytes, bytearray),
    t.DateType: (datetime.date, datetime.datetime),
    t.TimestampType: (datetime.datetime,),
    t.TimestampNTZType: (datetime.datetime,),
    t.ArrayType: (list, tuple),
    t.MapType: (dict,),
}


def verify(value: Any, data_type: t.DataType, nullable: bool = True, where: str = "") -> None:
    """Raise `PySparkTypeError` or `PySparkValueError`, naming the field, unless `value` may stand under `data_type`.

    Text accepts everything, as in PySpark.
    """
    if value is None:
        if not nullable:
            raise PySparkValueError(f"[CANNOT_BE_NONE] {where}None stands in a column that is not nullable")
        return
    if isinstance(data_type, t.StructType):
        _verify_struct(value, data_type, where)
        return
    accepted = _ACCEPTED.get(type(data_type))
    if accepted is not None and type(value) not in accepted:
        raise PySparkTypeError(
            f"[CANNOT_ACCEPT_OBJECT_IN_TYPE] {where}`{data_type}` can not accept object `{value}` in type "
            f"`{type(value).__name__}`"
        )
    if isinstance(data_type, t.IntegralType):
        limit = 2 ** (data_type._bits - 1)
        if not -limit <= value < limit:
            raise PySparkValueError(
                f"[VALUE_OUT_OF_BOUND] {where}`{data_type}` holds {-limit} to {limit - 1}, got {value}"
            )
    elif isinstance(data_type, t.ArrayType):
        for element in value:
            verify(element, data_type.elementType, data_type.containsNull, f"{where}element in array: ")
    elif isinstance(data_type, t.MapType):
        for key, each in value.items():
            verify(key, data_type.keyType, False, f"{where}key of map: ")
            verify(each, data_type.valueType, data_type.valueContainsNull, f"{where}value of map: ")


def _verify_struct(value: Any, struct: t.StructType, where: str) -> None:
    if isinstance(value, tuple | list):
        if len(value) != len(struct):
            raise PySparkValueError(
                f"[LENGTH_SHOULD_BE_THE_SAME] {where}the record has {len(value)} values and the schema {len(struct)} "
                f"fields: {value!r}"
            )
        values = list(value)
    elif isinstance(value, dict) or hasattr(value, "__dict__"):
        named = value if isinstance(value, dict) else value.__dict__
        values = [named.get(name) for name in struct.names]
    else:
        raise PySparkTypeError(
            f"[CANNOT_ACCEPT_OBJECT_IN_TYPE] {where}a record with {len(struct)} fields must be a Row, a tuple or a "
            f"dict, got `{value!r}` in type `{type(value).__name__}`"
        )
    for field, each in zip(struct, values, strict=True):
        verify(each, field.dataType, field.nullable, f"{where}field {field.name}: ")
