"""Types written as text: what cannot be read to its end is refused, never read in part."""

from __future__ import annotations

import pytest

from sparksim.sql.ddl import parse_schema
from sparksim.sql.types import DecimalType, LongType, StringType, StructField, StructType
from sparksim.sql.utils import ParseException


@pytest.mark.parametrize(
    "text", ["a int b string", "a int,", "a", "int, string", "", "a int, a", "a nonsense", "a < b"]
)
def test_a_text_that_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(ParseException, match="cannot read"):
        parse_schema(text)


def test_names_may_be_quoted_and_columns_described() -> None:
    fields = [StructField("a b", LongType(), nullable=False), StructField("c", DecimalType(5, 2))]
    assert parse_schema("`a b` bigint not null, c decimal(5,2) comment 'the sum'") == StructType(fields)


def test_a_type_alone_is_that_type() -> None:
    assert parse_schema("string") == StringType()
