"""Small SQL programs whose answers on real PySpark are recorded in `data/pyspark_3_5.json`.

`@case` registers a function of one argument, an `Api`. It imports neither pyspark nor sparksim and returns a value that
JSON can hold; queries whose order Spark does not promise are sorted by the query.
"""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "pyspark_3_5.json"
WORDS = ["to", "be", "or", "not", "to", "be"]


@dataclass(frozen=True)
class Api:
    """A session, and the names that a program would import from its package."""

    spark: Any
    Row: Any
    F: Any
    T: Any

    @property
    def words(self) -> Any:
        return self.spark.sparkContext.parallelize(WORDS, 2).map(lambda word: (word,)).toDF(["word"])

    def people(self) -> Any:
        rows = [("Ann", 31, 1.5), ("Bob", 25, None), ("Cy", 31, -0.25), (None, None, 1e10)]
        return self.spark.createDataFrame(rows, "name string, age int, score double")


CASES: dict[str, Callable[[Api], Any]] = {}


def case(function: Callable[[Api], Any]) -> Callable[[Api], Any]:
    assert function.__name__ not in CASES
    CASES[function.__name__] = function
    return function


def answer(name: str, api: Api) -> Any:
    """What the case gives, as JSON would give it back: tuples are lists."""
    return json.loads(json.dumps(CASES[name](api)))


def recorded() -> dict[str, Any]:
    answers: dict[str, Any] = json.loads(RECORDING.read_text(encoding="utf-8"))
    return answers


def printed(act: Callable[[], object]) -> str:
    text = io.StringIO()
    with redirect_stdout(text):
        act()
    return text.getvalue()


def refused(act: Callable[[], object]) -> list[Any]:
    """The kind of the error, and its class where Spark has one."""
    try:
        act()
    except Exception as error:
        return [type(error).__name__, getattr(error, "getErrorClass", lambda: None)()]
    return ["no error"]


# --- show -----------------------------------------------------------------------------------------------------------


@case
def word_count(api: Api) -> str:
    api.words.createOrReplaceTempView("words")
    counted = api.spark.sql("select word, count(*) as total from words group by word order by total desc, word")
    return printed(counted.show)


@case
def show_of_nothing(api: Api) -> str:
    return printed(api.spark.createDataFrame([], "word string, total bigint").show)


@case
def show_of_nulls_and_doubles(api: Api) -> str:
    return printed(api.people().show)


@case
def show_cuts_after_twenty_rows(api: Api) -> str:
    return printed(api.spark.range(21).show)


@case
def show_of_twenty_rows(api: Api) -> str:
    return printed(api.spark.range(20).show)


@case
def show_says_one_row(api: Api) -> str:
    return printed(lambda: api.spark.range(3).show(1))


@case
def show_of_no_rows_asked(api: Api) -> str:
    return printed(lambda: api.spark.range(3).show(0))


LONG = "a text of more than twenty characters"


@case
def show_cuts_long_texts(api: Api) -> str:
    return printed(api.spark.createDataFrame([(LONG, LONG[:20]), (LONG[:21], "")], ["long name of a column", "b"]).show)


@case
def show_uncut_is_flush_left(api: Api) -> str:
    return printed(lambda: api.spark.createDataFrame([(LONG, 1), ("x", 20000)], ["a", "b"]).show(truncate=False))


@case
def show_cut_at_a_number(api: Api) -> list[str]:
    frame = api.spark.createDataFrame([(LONG, 1234567)], ["a", "b"])
    return [printed(lambda width=width: frame.show(truncate=width)) for width in (10, 4, 3, 1, 0)]


@case
def show_vertical(api: Api) -> str:
    return printed(lambda: api.people().show(vertical=True))


@case
def show_vertical_cuts(api: Api) -> str:
    frame = api.spark.createDataFrame([(LONG, 1), ("x", 2)], ["a", "bcdefg"])
    return printed(lambda: frame.show(1, 10, True))


@case
def show_vertical_of_nothing(api: Api) -> str:
    return printed(lambda: api.spark.createDataFrame([], "a int").show(vertical=True))


@case
def show_of_wide_characters(api: Api) -> str:
    rows = [("流处理", 1), ("ｆｕｌｌ", 2), ("é", 3), ("한국어", 4), ("😀", 5)]
    return printed(api.spark.createDataFrame(rows, ["词", "n"]).show)


@case
def show_escapes_control_characters(api: Api) -> str:
    return printed(api.spark.createDataFrame([("a\nb\tc\rd\x0be\x07f\\g\bh\fi",)], ["x\ny"]).show)


@case
def show_of_doubles(api: Api) -> str:
    numbers = [0.0, -0.0, 1.0, 0.1, 100.0, 1234567.0, 12345678.0, 9999999.999, 1e7, 0.001, 0.00099, 1e-10, 1.5e300]
    numbers += [1 / 3, 2 / 3, 123456.789, -1e21, float("inf"), float("-inf"), float("nan")]
    return printed(lambda: api.spark.createDataFrame([(number,) for number in numbers], ["x"]).show(truncate=False))


@case
def show_of_floats(api: Api) -> str:
    numbers = [0.1, 1.1, 16777216.0, 3.4e38, 1e-5, 1 / 3]
    return printed(api.spark.createDataFrame([(number,) for number in numbers], "x float").show)


@case
def show_of_times(api: Api) -> str:
    times = [datetime.datetime(2020, 1, 2, 3, 4, 5), datetime.datetime(2020, 1, 2, 3, 4, 5, 120000)]
    times += [datetime.datetime(2020, 1, 2), datetime.datetime(2020, 1, 2, 0, 0, 0, 1)]
    rows = [(time, time.date()) for time in times]
    return printed(lambda: api.spark.createDataFrame(rows, ["ts", "day"]).show(truncate=False))


@case
def show_of_booleans_bytes_and_decimals(api: Api) -> str:
    rows = [(True, b"ab\xff", Decimal("1.50")), (False, b"", Decimal("-0.05")), (None, None, None)]
    return printed(api.spark.createDataFrame(rows, "a boolean, b binary, c decimal(10,2)").show)


@case
def show_of_inferred_decimals(api: Api) -> str:
    frame = api.spark.createDataFrame([(Decimal("1.5"),), (Decimal(0),)], ["x"])
    return printed(lambda: frame.show(truncate=False)) + printed(frame.printSchema)


@case
def show_of_nested_values(api: Api) -> str:
    rows = [([1, None, 3], {"a": 1.5}, api.Row(x=1, y="s")), ([], {}, None), (None, None, api.Row(x=None, y=None))]
    schema = "l array<int>, m map<string,double>, s struct<x:int,y:string>"
    return printed(lambda: api.spark.createDataFrame(rows, schema).show(truncate=False))


@case
def show_of_deeply_nested_values(api: Api) -> str:
    rows = [([["a", None], []], {"k": [1, 2]}, {"t": {"u": True}})]
    schema = "l array<array<string>>, m map<string,array<int>>, s struct<t:struct<u:boolean>>"
    return printed(lambda: api.spark.createDataFrame(rows, schema).show(truncate=False))


@case
def show_refuses_bad_arguments(api: Api) -> list[Any]:
    frame = api.spark.range(1)
    return [refused(lambda: frame.show("x")), refused(lambda: frame.show(1, True, 1))]


# --- schema ---------------------------------------------------------------------------------------------------------


@case
def schema_of_tuples(api: Api) -> list[Any]:
    frame = api.spark.createDataFrame([("a", 1, 2.5, True, None), ("b", 2, 0.5, False, b"x")])
    return [str(frame.schema), frame.dtypes, frame.columns, repr(frame)]


@case
def schema_of_rows(api: Api) -> str:
    frame = api.spark.createDataFrame([api.Row(word="to", total=2, at=datetime.date(2020, 1, 1))])
    return printed(frame.printSchema)


@case
def schema_of_nested_records(api: Api) -> list[Any]:
    record = api.Row(b=[1], a={"k": [api.Row(x=1.5)]}, c=(1, "s"), d=datetime.datetime(2020, 1, 1))
    frame = api.spark.createDataFrame([record])
    return [printed(frame.printSchema), frame.schema.simpleString(), str(frame.collect())]


@case
def schema_of_dicts_is_sorted_by_name(api: Api) -> list[Any]:
    frame = api.spark.createDataFrame([{"b": 1, "a": "x"}, {"b": 2, "a": None}])
    return [frame.dtypes, str(frame.collect())]


@case
def names_for_some_columns(api: Api) -> list[Any]:
    return api.spark.createDataFrame([(1, 2, 3)], ["a"]).columns


@case
def schema_as_text(api: Api) -> list[str]:
    texts = ["a int, b: string", "a bigint not null, b array<map<string,int>>", "bigint", "a decimal(5,2)"]
    texts += ["s struct<x:int,y:struct<z:date>>", "a tinyint, b smallint, c float, d timestamp, e binary, f boolean"]
    return [printed(api.spark.createDataFrame([], text).printSchema) for text in texts]


@case
def schema_as_struct_type(api: Api) -> list[Any]:
    T = api.T
    schema = T.StructType([T.StructField("a", T.IntegerType(), False), T.StructField("b", T.ArrayType(T.StringType()))])
    schema.add("c", T.MapType(T.StringType(), T.LongType())).add("d", T.DecimalType(5, 2)).add("e", "string")
    frame = api.spark.createDataFrame([(1, ["x"], {"k": 1}, Decimal("1.5"), "z")], schema)
    return [str(schema), frame.schema == schema, printed(frame.printSchema), str(frame.first())]


@case
def single_type_makes_a_column_called_value(api: Api) -> list[Any]:
    return [str(api.spark.createDataFrame([1, 2], api.T.IntegerType()).collect()), str(api.spark.range(2).schema)]


@case
def texts_swallow_other_types(api: Api) -> list[Any]:
    frame = api.spark.createDataFrame([(1,), ("x",), (True,), (1.5,)], ["a"])
    return [frame.dtypes, str(frame.collect())]


@case
def schema_of_a_query(api: Api) -> str:
    api.people().createOrReplaceTempView("people")
    text = """select name, count(*), count(age) as n, sum(age), avg(age), max(score), min(name), sum(score), 1 as one,
              length(name) as l, age + 1, age / 2, name = 'Ann' as is_ann from people group by name, age"""
    return printed(api.spark.sql(text).printSchema)


@case
def names_of_unnamed_columns(api: Api) -> list[str]:
    api.people().createOrReplaceTempView("people")
    text = """select count(*), count(distinct age), sum(age), max(UPPER(name)), min(age + 1), avg(score * 2),
              sum(case when age > 30 then 1 else 0 end), count(age) > 1, max(age) % 2, not (max(age) = 1) from people"""
    more = """select age = 31, age <> 3, age > 1 and age < 50 or score <= 1, name is null, name is not null, -age, 7,
              1.5, null, true, name || 'x', concat(name, '-', age), age in (1, 2), cast(age as string), name like 'A%',
              age between 1 and 2, coalesce(name, 'none'), if(age > 1, 'a', 'b'), substring(name, 1, 2), (age),
              length(trim(name)), array(1, 2), people.age, age div 2, age == 31 from people"""
    return [*api.spark.sql(text).columns, *api.spark.sql(more).columns]


# --- rows -----------------------------------------------------------------------------------------------------------


@case
def rows(api: Api) -> list[Any]:
    row, person = api.Row(word="to", total=2), api.Row("name", "age")
    return [
        *(repr(each) for each in (row, person, person("Ann", 31), api.Row(a=api.Row(b=1)), api.Row())),
        [row.word, row["total"], row[0], row[-1], list(row), "word" in row, "to" in row, "name" in person],
        row.asDict(),
        api.Row(a=api.Row(b=1), c=[api.Row(d=2)]).asDict(True),
        [row == ("to", 2), row == api.Row(word="to", total=2), isinstance(row, tuple), len(row)],
        [refused(lambda: row.nope), refused(lambda: row["nope"]), refused(person.asDict)],
        [refused(lambda: person(1, 2, 3)), refused(lambda: api.Row(1, a=1)), refused(lambda: setattr(row, "word", 1))],
    ]


@case
def collect_and_its_kin(api: Api) -> list[Any]:
    frame, none = api.people().orderBy("name"), api.spark.createDataFrame([], "a int")
    found = [frame.collect(), frame.first(), frame.head(), frame.head(1), frame.take(2), frame.tail(1), frame.count()]
    return [*map(str, found), none.first(), none.head(), none.head(1), none.count(), none.isEmpty()]


@case
def values_come_back(api: Api) -> list[str]:
    record = (1, 2.5, "s", True, datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, 1, 2, 3, 4))
    nested = ([1, 2], {"k": 1}, api.Row(x=1), bytearray(b"ab"), Decimal("1.50"))
    schema = "f array<int>, g map<string,int>, h struct<x:int>, i binary, j decimal(5,2)"
    frames = [api.spark.createDataFrame([record]), api.spark.createDataFrame([nested], schema)]
    return [repr(frame.collect()) for frame in frames]


@case
def rdd_of_a_query(api: Api) -> list[Any]:
    api.words.createOrReplaceTempView("words")
    counted = api.spark.sql("select word, count(*) as total from words group by word")
    return sorted(counted.rdd.map(lambda row: (row.word, row["total"])).collect())


# --- queries --------------------------------------------------------------------------------------------------------


def query(name: str, text: str) -> None:
    """A case that shows what a query over `words` and `people` gives."""

    def run(api: Api) -> str:
        api.words.createOrReplaceTempView("words")
        api.people().createOrReplaceTempView("People")
        return printed(lambda: api.spark.sql(text).show(truncate=False))

    run.__name__ = name
    case(run)


query("filter_and_sort", "select name, age from people where age > 25 order by name desc")
query("nulls_come_first", "select name from people order by name")
query("nulls_come_last_descending", "select name from people order by name desc")
query("having", "select word, count(1) c from words group by word having c > 1 order by word")
query("subquery", "select max(total) from (select word, count(*) as total from words group by word) t")
query("with_clause", "with c as (select word, count(*) n from words group by word) select * from c order by n, word")
query("in_subquery", "select distinct word from words where word in (select word from words where word like 'b%')")
query("self_join", "select a.name, b.name from people a join people b on a.age = b.age and a.name < b.name")
query("left_join", "select w.word, p.name from words w left join people p on w.word = p.name order by word limit 2")
query("union_all", "select 'a' x, 1 y union all select 'b', 2 order by x")
query("arithmetic", "select 7 / 2 a, 7 % 3 b, 7 div 2 c, -7 % 3 d, 1 / 0 e, 1 % 0 f, 2 * 3.5 g, 1 + null h")
query("casts", "select cast('12' as int) a, cast('x' as int) b, cast(2.7 as int) c, cast(1 as string) d, '1' = 1 e")
query(
    "casts_of_columns",
    "select cast(score as int) a, cast(name as int) b, cast(age as double) c from people where score < 9 order by a",
)
query("floor_and_round", "select floor(2.7) a, ceil(2.1) b, round(2.5) c, round(-1.25, 1) d, abs(-3) e, pow(2, 3) f")
query("texts", "select upper('a') a, length('abc') b, substring('hello', 2, 3) c, instr('hello', 'l') d, trim(' x ') e")
query(
    "more_texts", "select concat('a', 'b') a, concat_ws('-', 'a', 'b') b, replace('aba', 'a', 'x') c, reverse('ab') d"
)
query("split_and_explode", "select explode(split('to be or', ' ')) as word")
query("collections", "select array(1, 2)[0] a, map('k', 1)['k'] b, named_struct('x', 1).x c, size(array(1, 2)) d")
query("nested_results", "select array(1, null) a, map('k', 1.5D) b, named_struct('x', 1, 'y', 's') c")
query("days", "select datediff('2020-03-01', '2020-02-28') b, year('2020-03-01') c")
query("dates", "select to_date('2020-03-01') a, date_add('2020-03-01', 1) b, date_format('2020-03-01', 'yyyy/MM') c")
query("conditions", "select if(1 > 0, 'y', 'n') a, case when false then 1 end b, coalesce(null, 2) c, nvl(null, 3) d")
query("null_logic", "select null = 1 a, null <=> null b, null is null c, true and null d, not null e, 1 in (2, null) f")
query("aggregates_skip_nulls", "select count(*) a, count(age) b, avg(age) c, sum(age) d, min(score) e from people")
query("aggregates_of_nothing", "select count(*) a, sum(age) b, max(name) c from people where age > 99")
query("collected", "select age, sort_array(collect_list(name)) names from people group by age order by age")
query("ranks", "select name, row_number() over (order by name) n, rank() over (order by age) r from people order by n")
query("running_sum", "select name, sum(age) over (order by name) total from people order by name")
query("star_and_more", "select *, age + 1 as next from people order by name")
query("names_in_any_case", "SELECT NAME, Age FROM PEOPLE WHERE NAME = 'Ann'")
query("backticks", "select `name` as `the name` from `people` where name = 'Ann'")
query("concat_of_null", "select concat('a', null) a, 'a' || null b, concat_ws('-', 'a', null, 'b') c")
query(
    "parts_of_days",
    "select dayofweek(date '2020-03-01') a, weekofyear(date '2020-03-01') b, dayofyear(date '2020-03-01') c",
)
query("distinct_pairs", "select count(distinct age, name) a, count(distinct age) b from people")
query("explode_beside_columns", "select n, explode(split(s, ',')) w from (select 1 n, 'a,b' s) order by w")
query("lateral_view", "select n, w from (select 1 n, 'a,b' s) t lateral view explode(split(s, ',')) x as w order by w")
query("except_and_intersect", "(select 1 a union select 2) except select 2")
query(
    "filtered_count",
    "select count(*) filter (where age > 30) a, count_if(age > 30) b, max(age) filter (where age < 0) c from people",
)
query("extremes", "select greatest(1, 3, null) a, least(2, 1) b, max_by(name, age) c from people where age < 31")
query(
    "from_unix", "select hour(timestamp '2020-01-02 03:04:05') a, date_trunc('hour', timestamp '2020-01-02 03:04:05') b"
)
query(
    "regular_expressions",
    "select regexp_replace('a1b22', '[0-9]+', '#') a, regexp_extract('a1', '[0-9]', 0) b, 'ab' rlike '^a' c",
)
query(
    "padding",
    "select lpad('7', 3, '0') a, rpad('x', 3, '-') b, repeat('ab', 2) c, initcap('to be') d, left('abc', 2) e",
)
query("array_functions", "select array_contains(array(1, 2), 2) a, sort_array(array(3, 1)) b, array_max(array(1, 4)) c")
query(
    "substring_from_zero_and_end",
    "select substring('hello', 0, 2) a, substring('hello', -3, 2) b, substring('hello', 2) c",
)


# --- DataFrame methods ----------------------------------------------------------------------------------------------


@case
def methods(api: Api) -> list[str]:
    people, F = api.people(), api.F
    frames = [
        people.select("name", (people.age + 1).alias("next"), F.upper("name")).orderBy("name"),
        people.where((F.col("age") > 25) & F.col("score").isNotNull()).orderBy(F.desc("name")),
        people.filter("age = 31").orderBy("score", ascending=False),
        people.groupBy("age").count().orderBy("age"),
        people.groupBy("age").agg(F.max("score").alias("best"), F.count("*"), F.sum("age")).orderBy("age"),
        people.groupBy("age").agg({"score": "max"}).orderBy("age"),
        people.groupBy().sum("age"),
        people.agg(F.avg("age"), F.countDistinct("age")),
        people.withColumn("age", F.col("age") * 2).withColumn("old", F.lit(True)).orderBy("name"),
        people.withColumnRenamed("age", "years").drop("score").orderBy("name").limit(2),
        people.select("age").distinct().orderBy("age"),
        people.select("age").union(people.select("age")).orderBy("age"),
        people.select(F.when(people.age > 30, "old").when(people.age > 20, "young").otherwise("?").alias("a")).orderBy(
            "a"
        ),
        people.orderBy(people.name).select(
            people.name.substr(1, 1), people.age.cast("string"), people.age.isin(31, 25)
        ),
        people.toDF("a", "b", "c").orderBy("a").selectExpr("a", "b + 1 as d"),
        people.dropDuplicates(["age"]).select("age").orderBy("age"),
    ]
    return [printed(frame.show) for frame in frames]


@case
def joins(api: Api) -> list[str]:
    left = api.spark.createDataFrame([(1, "a"), (2, "b"), (3, "c")], ["id", "x"])
    right = api.spark.createDataFrame([(2, "B"), (3, "C"), (4, "D")], ["id", "y"])
    frames = [left.join(right, "id", how).orderBy("id") for how in ("inner", "left", "right", "outer", "semi", "anti")]
    frames.append(left.join(right, left.id == right.id).select("x", "y").orderBy("x"))
    frames.append(left.alias("l").join(right.alias("r"), api.F.col("l.id") < api.F.col("r.id")).orderBy("x", "y"))
    return [printed(frame.show) for frame in frames]


@case
def views(api: Api) -> list[Any]:
    spark = api.spark
    spark.range(2).createOrReplaceTempView("numbers")
    again = refused(lambda: spark.range(3).createTempView("Numbers"))
    older = spark.sql("select * from numbers")
    spark.range(5).createOrReplaceTempView("numbers")
    counts = [older.count(), spark.table("numbers").count(), spark.sql("select * from NUMBERS").count()]
    found = [spark.catalog.tableExists("numbers"), "numbers" in [table.name for table in spark.catalog.listTables()]]
    gone = [spark.catalog.dropTempView("numbers"), spark.catalog.dropTempView("numbers")]
    return [again, counts, found, gone, refused(lambda: spark.table("numbers"))]


# --- errors ---------------------------------------------------------------------------------------------------------


@case
def refused_queries(api: Api) -> list[Any]:
    api.words.createOrReplaceTempView("words")
    texts = ["select nope from words", "select * from nope", "select words.nope from words", "select * fro words"]
    texts += [
        "selct 1",
        "select",
        "",
        "select word, count(*) from words",
        "select a.word from words b",
        "select nope(1)",
    ]
    texts += [
        "select word, count(*) from words group by length(word)",
        "select word from words a join words b on a.word = b.word",
        "select 1 +",
    ]
    return [refused(lambda text=text: api.spark.sql(text)) for text in texts]


@case
def refused_records(api: Api) -> list[Any]:
    spark, sc, T = api.spark, api.spark.sparkContext, api.T
    two = T.StructType([T.StructField("a", T.LongType()), T.StructField("b", T.StringType(), False)])
    make = spark.createDataFrame
    return [
        refused(lambda: make([])),
        refused(lambda: make([], ["a"])),
        refused(lambda: make([(1,), (1.5,)])),
        refused(lambda: make([(1,), ([1],)])),
        refused(lambda: make([1, 2])),
        refused(lambda: make(["a"], ["word"])),
        refused(lambda: make([(None,)], ["a"])),
        refused(lambda: make([(object(),)])),
        refused(lambda: make([(1,)], two)),
        refused(lambda: make([("x", "y")], two)),
        refused(lambda: make([(1, None)], two)),
        refused(lambda: make([(2**63, "y")], two)),
        refused(lambda: make([(2**31,)], "a int")),
        refused(lambda: make([(1,)], "a double")),
        refused(lambda: make([(1,)], 5)),
        refused(lambda: make([(1,)], "a nonsense nonsense")),
        refused(lambda: sc.parallelize(["a"]).toDF(["word"])),
        refused(lambda: sc.parallelize([()]).toDF()),
    ]


@case
def empty_rdd_with_a_schema(api: Api) -> str:
    return printed(api.spark.sparkContext.emptyRDD().toDF("word string").show)


@case
def later_records_of_another_type_become_null(api: Api) -> str:
    rdd = api.spark.sparkContext.parallelize([(1, 1.5, True), ("x", 2, 1), (1.5, "y", None)], 1)
    return str(rdd.toDF(["a", "b", "c"]).collect())


@case
def first_hundred_records_tell_a_type_that_the_first_does_not(api: Api) -> list[Any]:
    return api.spark.sparkContext.parallelize([(None, 1), ("x", None)], 1).toDF(["a", "b"]).dtypes


@case
def refused_methods(api: Api) -> list[Any]:
    people = api.people()
    return [
        refused(lambda: people.nope),
        refused(lambda: people["nope"]),
        refused(lambda: people.select("nope")),
        refused(lambda: people.filter("nope > 1")),
        refused(lambda: people.filter(1)),
        refused(lambda: people.withColumn("x", 1)),
        refused(lambda: bool(people.age == 1)),
        refused(lambda: people.union(people.select("age"))),
    ]
