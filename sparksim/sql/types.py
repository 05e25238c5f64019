"""The types of columns, with PySpark's names, texts and equality (PySpark: pyspark.sql.types)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, overload

from sparksim.sql.row import Row
from sparksim.sql.utils import PySparkTypeError, PySparkValueError


class DataType:
    """Base of all types. Two types are equal when they are of one class and have equal parts."""

    _simple: ClassVar[str] = ""

    @classmethod
    def typeName(cls) -> str:
        """The name in Spark's schemas, such as `long`."""
        return cls.__name__.removesuffix("Type").lower()

    def simpleString(self) -> str:
        """The name in SQL, such as `bigint`."""
        return self._simple or self.typeName()

    def _tree_name(self) -> str:
        """The name in `printSchema`."""
        return self.typeName()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class NullType(DataType):
    """The type of NULL alone."""

    @classmethod
    def typeName(cls) -> str:
        """Spark's `void`."""
        return "void"


class AtomicType(DataType):
    """A type without parts."""


class NumericType(AtomicType):
    """A type of numbers."""


class IntegralType(NumericType):
    """A type of whole numbers."""

    _bits: ClassVar[int]


class FractionalType(NumericType):
    """A type of numbers that need not be whole."""


class StringType(AtomicType):
    """Text."""


class BinaryType(AtomicType):
    """Bytes."""


class BooleanType(AtomicType):
    """True or False."""


class DateType(AtomicType):
    """A day: `datetime.date`."""


class TimestampType(AtomicType):
    """A moment: `datetime.datetime`, to the microsecond."""


class TimestampNTZType(AtomicType):
    """A moment without time zone: `datetime.datetime`."""

    @classmethod
    def typeName(cls) -> str:
        """Spark's `timestamp_ntz`."""
        return "timestamp_ntz"


class ByteType(IntegralType):
    """Whole numbers of 8 bits."""

    _simple, _bits = "tinyint", 8


class ShortType(IntegralType):
    """Whole numbers of 16 bits."""

    _simple, _bits = "smallint", 16


class IntegerType(IntegralType):
    """Whole numbers of 32 bits."""

    _simple, _bits = "int", 32


class LongType(IntegralType):
    """Whole numbers of 64 bits: what Python's int becomes."""

    _simple, _bits = "bigint", 64


class FloatType(FractionalType):
    """Floating point of 32 bits."""


class DoubleType(FractionalType):
    """Floating point of 64 bits: what Python's float becomes."""


class DecimalType(FractionalType):
    """Exact decimal numbers of up to `precision` digits, `scale` of them after the point."""

    def __init__(self, precision: int = 10, scale: int = 0) -> None:
        self.precision = precision
        self.scale = scale

    def simpleString(self) -> str:
        """Such as `decimal(10,0)`."""
        return f"decimal({self.precision},{self.scale})"

    def _tree_name(self) -> str:
        return self.simpleString()

    def __repr__(self) -> str:
        return f"DecimalType({self.precision},{self.scale})"


class ArrayType(DataType):
    """Lists of one element type."""

    def __init__(self, elementType: DataType, containsNull: bool = True) -> None:
        self.elementType = _checked(elementType, "elementType")
        self.containsNull = containsNull

    def simpleString(self) -> str:
        """Such as `array<bigint>`."""
        return f"array<{self.elementType.simpleString()}>"

    def __repr__(self) -> str:
        return f"ArrayType({self.elementType}, {self.containsNull})"


class MapType(DataType):
    """Dictionaries of one key type and one value type."""

    def __init__(self, keyType: DataType, valueType: DataType, valueContainsNull: bool = True) -> None:
        self.keyType = _checked(keyType, "keyType")
        self.valueType = _checked(valueType, "valueType")
        self.valueContainsNull = valueContainsNull

    def simpleString(self) -> str:
        """Such as `map<string,bigint>`."""
        return f"map<{self.keyType.simpleString()},{self.valueType.simpleString()}>"

    def __repr__(self) -> str:
        return f"MapType({self.keyType}, {self.valueType}, {self.valueContainsNull})"


class StructField(DataType):
    """One named column of a `StructType`."""

    def __init__(
        self, name: str, dataType: DataType, nullable: bool = True, metadata: dict[str, Any] | None = None
    ) -> None:
        self.name = name
        self.dataType = _checked(dataType, "dataType")
        self.nullable = nullable
        self.metadata = metadata or {}

    def simpleString(self) -> str:
        """Such as `word:string`."""
        return f"{self.name}:{self.dataType.simpleString()}"

    def __repr__(self) -> str:
        return f"StructField('{self.name}', {self.dataType}, {self.nullable})"


class StructType(DataType):
    """Named columns in order: the schema of a DataFrame, or the type of a row within one."""

    def __init__(self, fields: list[StructField] | None = None) -> None:
        self.fields = list(fields or [])

    @property
    def names(self) -> list[str]:
        """The names of the columns, in order."""
        return [field.name for field in self.fields]

    def fieldNames(self) -> list[str]:
        """The names of the columns, in order."""
        return self.names

    def add(
        self,
        field: str | StructField,
        data_type: str | DataType | None = None,
        nullable: bool = True,
        metadata: dict[str, Any] | None = None,
    ) -> StructType:
        """Append a column, given as a `StructField` or as its parts; a type may be a text such as "bigint"."""
        if isinstance(field, StructField):
            self.fields.append(field)
            return self
        if data_type is None:
            raise PySparkValueError(f"add({field!r}): a column needs a type, such as LongType()")
        if isinstance(data_type, str):
            from sparksim.sql.ddl import parse_type

            data_type = parse_type(data_type)
        self.fields.append(StructField(field, data_type, nullable, metadata))
        return self

    def simpleString(self) -> str:
        """Such as `struct<word:string,total:bigint>`."""
        return f"struct<{','.join(field.simpleString() for field in self.fields)}>"

    def treeString(self) -> str:
        """The lines that `printSchema` prints, each ended."""
        return "\n".join(["root", *_struct_lines(self, " |")]) + "\n"

    def __iter__(self) -> Iterator[StructField]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)

    @overload
    def __getitem__(self, key: str | int) -> StructField: ...
    @overload
    def __getitem__(self, key: slice) -> StructType: ...

    def __getitem__(self, key: str | int | slice) -> StructField | StructType:
        if isinstance(key, str):
            for field in self.fields:
                if field.name == key:
                    return field
            raise KeyError(f"No StructField named {key}")
        return StructType(self.fields[key]) if isinstance(key, slice) else self.fields[key]

    def __repr__(self) -> str:
        return f"StructType([{', '.join(map(str, self.fields))}])"


def _checked(data_type: DataType, name: str) -> DataType:
    """PySpark asserts the same; the usual slip is a class where an instance belongs."""
    if not isinstance(data_type, DataType):
        raise PySparkTypeError(f"{name} must be a DataType such as LongType(), got {data_type!r}")
    return data_type


def _struct_lines(struct: StructType, margin: str) -> Iterator[str]:
    for field in struct.fields:
        yield f"{margin}-- {field.name}: {field.dataType._tree_name()} (nullable = {_lower(field.nullable)})"
        yield from _part_lines(field.dataType, f"{margin}    |")


def _part_lines(data_type: DataType, margin: str) -> Iterator[str]:
    """The lines below a column, for what its type is made of (Spark: DataType.buildFormattedString)."""
    if isinstance(data_type, StructType):
        yield from _struct_lines(data_type, margin)
    elif isinstance(data_type, ArrayType):
        nulls = f"(containsNull = {_lower(data_type.containsNull)})"
        yield f"{margin}-- element: {data_type.elementType._tree_name()} {nulls}"
        yield from _part_lines(data_type.elementType, f"{margin}    |")
    elif isinstance(data_type, MapType):
        nulls = f"(valueContainsNull = {_lower(data_type.valueContainsNull)})"
        yield f"{margin}-- key: {data_type.keyType._tree_name()}"
        yield from _part_lines(data_type.keyType, f"{margin}    |")
        yield f"{margin}-- value: {data_type.valueType._tree_name()} {nulls}"
        yield from _part_lines(data_type.valueType, f"{margin}    |")


def _lower(flag: bool) -> str:
    return str(flag).lower()


__all__ = [
    "ArrayType",
    "BinaryType",
    "BooleanType",
    "ByteType",
    "DataType",
    "DateType",
    "DecimalType",
    "DoubleType",
    "FloatType",
    "IntegerType",
    "LongType",
    "MapType",
    "NullType",
    "Row",
    "ShortType",
    "StringType",
    "StructField",
    "StructType",
    "TimestampNTZType",
    "TimestampType",
]
