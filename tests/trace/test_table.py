"""A table is a sequence of rows that can be asked, shown and taken elsewhere."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from sparksim.trace import Table


@dataclass(frozen=True, slots=True)
class City:
    name: str
    people: int
    area_km2: float | None
    rivers: tuple[str, ...] = ()
    capital: bool = False


PARIS = City("Paris", 2_100_000, 105.4, ("Seine", "Bièvre"), capital=True)
LYON = City("Lyon", 520_000, None, ("Rhône", "Saône"))
ULM = City("Ulm", 126_000, 118.6890004, ("Donau",))
CITIES = Table(City, [PARIS, LYON, ULM])


def test_it_is_a_sequence_of_rows() -> None:
    assert len(CITIES) == 3
    assert CITIES[1] is LYON
    assert list(CITIES) == [PARIS, LYON, ULM]
    assert CITIES[1:] == Table(City, [LYON, ULM])
    assert Table(City, [LYON]) != CITIES
    assert CITIES != [PARIS, LYON, ULM]
    assert hash(CITIES) == hash(CITIES[:])


def test_a_column_is_a_list() -> None:
    assert CITIES.column("people") == [2_100_000, 520_000, 126_000]
    assert Table(City).column("people") == []


def test_where_filters_by_value_by_condition_and_by_both() -> None:
    assert CITIES.where(name="Lyon") == Table(City, [LYON])
    assert CITIES.where(lambda city: city.people < 1_000_000) == Table(City, [LYON, ULM])
    assert CITIES.where(lambda city: city.people < 1_000_000, area_km2=None) == Table(City, [LYON])


@pytest.mark.parametrize("ask", [lambda: CITIES.column("mayor"), lambda: CITIES.where(mayor="x")])
def test_an_unknown_column_is_named_with_the_known_ones(ask: object) -> None:
    with pytest.raises(ValueError, match="no column 'mayor': the columns are name, people, area_km2, rivers, capital"):
        ask()  # type: ignore[operator]  # one of the two lambdas above


def test_as_text_numbers_stand_right_and_none_is_a_dash() -> None:
    assert str(CITIES) == "\n".join(
        [
            "name    people  area_km2  rivers         capital",
            "-----  -------  --------  -------------  -------",
            "Paris  2100000     105.4  Seine, Bièvre  yes",
            "Lyon    520000         -  Rhône, Saône   no",
            "Ulm     126000   118.689  Donau          no",
        ]
    )


def test_a_long_table_shows_its_two_ends() -> None:
    table = Table(City, [City(f"city {i}", i, None) for i in range(1000)])
    lines = table.to_text(max_rows=6).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == [
        "city 0", "city 1", "city 2", "city 3", "... 994 more rows ...", "city 998", "city 999",
    ]  # fmt: skip
    assert len(str(table).splitlines()) == 63


def test_a_long_text_is_cut_and_stays_on_one_line() -> None:
    table = Table(City, [City("a\nlong " + "x" * 100, 1, None)])
    assert str(table).splitlines()[2].startswith("a long " + "x" * 64 + "…  ")


def test_an_empty_table_shows_its_columns() -> None:
    assert str(Table(City)).splitlines()[0] == "name  people  area_km2  rivers  capital"


def test_as_html_text_is_escaped_and_long_tables_show_their_ends() -> None:
    html = Table(City, [City("<b>", 1, None)] * 100)._repr_html_()
    assert '<td style="text-align: left">&lt;b&gt;</td><td style="text-align: right">1</td>' in html
    assert html.count("<tr>") == 1 + 60 + 1
    assert '<td colspan="5">… 40 more rows …</td>' in html


def test_as_csv_none_is_empty_and_tuples_are_joined(tmp_path: Path) -> None:
    CITIES[:2].to_csv(tmp_path / "cities.csv")
    assert (tmp_path / "cities.csv").read_bytes().decode() == (
        "name,people,area_km2,rivers,capital\nParis,2100000,105.4,Seine;Bièvre,True\nLyon,520000,,Rhône;Saône,False\n"
    )


def test_pandas_gets_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=lambda data, columns: (data, columns)))
    data, columns = CITIES.to_pandas()
    assert columns == ["name", "people", "area_km2", "rivers", "capital"]
    assert data["area_km2"] == [105.4, None, 118.6890004]


def test_without_pandas_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        ImportError, match=r"needs pandas, which is not installed; try: pip install 'sparksim\[notebook\]'"
    ):
        CITIES.to_pandas()


def test_a_table_that_is_given_more_width_shows_longer_texts() -> None:
    long = [City("x" * 200, 1, None)]
    assert "x…" in str(Table(City, long))
    wide = Table(City, long, width=300)
    assert "x" * 200 in str(wide)
    assert "x" * 200 in str(wide[:1])
    assert "x" * 200 in str(wide.where(people=1))
