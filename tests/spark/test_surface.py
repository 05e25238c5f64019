"""The recording of PySpark's public surface is still what PySpark says. Fails, and does not skip, without pyspark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.surface import recorded_surface
from tests.spark.real import spark_context
from tests.spark.record_surface import CLASSES, record_surface
from tests.streaming.test_public_surface import LISTENER_OBJECTS, MISSING_ACCESSORS

pytestmark = pytest.mark.spark

SCALA_S = {"curried", "hashCode", "productArity", "productIterator", "productPrefix", "toString", "tupled"}
"""What the compiler gives to every case class."""


@pytest.fixture(scope="module")
def sc() -> Iterator[Any]:
    context = spark_context()
    yield context
    context.stop()


@pytest.mark.parametrize("part", ["modules", "functions"])
def test_modules_and_functions_are_as_recorded(part: str) -> None:
    assert record_surface()[part] == recorded_surface()[part]


@pytest.mark.parametrize("name", CLASSES)
def test_class_is_as_recorded(name: str) -> None:
    assert record_surface()["classes"][name] == recorded_surface()["classes"][name]


@pytest.mark.parametrize("name", LISTENER_OBJECTS)
def test_what_a_listener_is_told_has_these_accessors_in_java(name: str, sc: Any) -> None:
    kind = sc._jvm.java.lang.Class.forName(f"org.apache.spark.streaming.api.java.Java{name}")
    accessors = {method.getName() for method in kind.getDeclaredMethods() if method.getParameterCount() == 0}
    ours = {*LISTENER_OBJECTS[name].split(), *MISSING_ACCESSORS.get(name, {})}
    assert {each for each in accessors if "$" not in each} - SCALA_S == ours
