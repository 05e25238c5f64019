# %% [markdown] lang="en"
# # 27. Joins of streams, and the legal table
#
# **The question.** A join looks for partners. In a table they are all there. In a stream the partner may still come, or
# may never come. How long does Spark keep a row that waits? And when may it say "no partner", and write null?
#
# *About 45 minutes. You need lesson 25 (watermarks and late data).*

# %% [markdown] lang="zh"
# # 27. 流与流的连接，以及合法性表
#
# **问题。** 连接（join）就是寻找配对的行。在表中，所有行都已经在那里；在流中，配对的行可能还没来，也可能永远不来。
# 等待中的行，Spark 要保留多久？它什么时候才可以说“没有配对”，并写出 null？
#
# *约 45 分钟。需要第 25 课（水位线与迟到数据）。*

# %%
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

from sparksim.course import confirm, lesson, predict
from sparksim.sim import Cluster, QuerySimulation
from sparksim.sql import SparkSession
from sparksim.sql.functions import expr
from sparksim.sql.streaming.legality.table import cells
from sparksim.sql.streaming.sources.memory import MemoryStream
from sparksim.sql.utils import AnalysisException, StreamingQueryException

SEED = 1
lesson("27", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  stream with a table                      stream with a stream
#
#  clicks ──▶ batch ──▶ look up ──▶ out     showings ──▶ keep ▢▢▢▢ ┐ each new row looks up what
#                         ▲                                        ├─▶ the other side has kept,
#              table, read again             clicks ───▶ keep ▢▢▢  ┘ and is kept itself,
#              in each batch;                                        until the watermark
#              nothing is kept                                       says: no partner can come
# ```
#
# **A stream with a table.** The new rows of a batch look up the table as it is now. Nothing is kept from batch to batch:
# a row that finds no partner today is done with.
#
# **A stream with a stream.** Either side may come first. So the new rows of each side look up what the other side has
# kept, and are kept themselves: each pair is found exactly once, whoever comes first. Two things together say when a row
# may be forgotten:
#
# - the **watermark** W: no row with an event time of W or before is accepted any more;
# - a **range of time** in the condition: how far apart two partners may lie.
#
# We show advertisements and count clicks. A click counts if it comes within 30 minutes of the showing. Showings reach us
# up to 10 minutes late, clicks up to 20 minutes.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  stream with a table                      stream with a stream
#
#  clicks ──▶ batch ──▶ look up ──▶ out     showings ──▶ keep ▢▢▢▢ ┐ each new row looks up what
#                         ▲                                        ├─▶ the other side has kept,
#              table, read again             clicks ───▶ keep ▢▢▢  ┘ and is kept itself,
#              in each batch;                                        until the watermark
#              nothing is kept                                       says: no partner can come
# ```
#
# **流与表的连接。** 一个批次（batch）的新行到表的当前内容中查找。批次之间什么都不保留：今天没有找到配对的行，就此了结。
#
# **流与流的连接。** 哪一边都可能先到。因此，每一边的新行先到另一边保留的行中查找，然后自己也被保留下来：
# 无论谁先到，每一对都恰好被找到一次。一行何时可以被忘掉，由两样东西共同决定：
#
# - **水位线**（watermark）W：事件时间不晚于 W 的行不再被接受；
# - 条件中的**时间范围**：配对的两行最多相隔多久。
#
# 我们展示广告（showing），并统计点击（click）。点击在展示之后 30 分钟之内才算数。展示记录最多迟到 10 分钟，点击记录最多迟到 20 分钟。

# %% [markdown] lang="en"
# ## The program, live
#
# First a stream with a table, on two cores of your machine. Which shop does each clicked advertisement belong to? The
# table is a file. Between the two batches somebody writes the file anew.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 先看流与表，运行在你机器的两个核心上。被点击的广告属于哪家商店？表是一个文件，在两个批次之间有人重写了它。


# %%
def write_shops(path, shops):
    path.write_text("".join(json.dumps([ad, shop]) + "\n" for ad, shop in shops.items()))


def refused(start):
    try:
        start()
    except AnalysisException as error:
        print(f"refused: {str(error).split('. Why: ')[0]}.\n")


folder = TemporaryDirectory()
path = Path(folder.name, "shops.json")
write_shops(path, {1: "books", 2: "bikes"})

local = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", 2)
spark = local.getOrCreate()
lines = spark.sparkContext.textFile(str(path))
shops = spark.createDataFrame(lines.map(json.loads), "ad int, shop string")  # a table

clicks = MemoryStream(spark, "clicked_ad int, who string")
same_ad = expr("clicked_ad = ad")
named = clicks.toDF().join(shops, same_ad, "left_outer").select("who", "clicked_ad", "shop")
query = named.writeStream.format("memory").queryName("named_clicks").start()

clicks.addData((1, "Ann"), (3, "Bob"))
query.processAllAvailable()
write_shops(path, {1: "records", 3: "tea"})
clicks.addData((1, "Cleo"), (3, "Dan"))
query.processAllAvailable()

spark.table("named_clicks").orderBy("who").show()
print("operators with a state:", len(query.lastProgress["stateOperators"]))

# %% [markdown] lang="en"
# Cleo and Dan see the new file, and Bob's null is not taken back: nothing was kept that could be mended. (Spark fixes the
# *list* of a table's files when the table is made, and reads their contents in each batch.)
#
# Which sides may be outer? The stream's own rows may be kept without a partner: whether there is one is known at once. The
# rows of the table may not:

# %% [markdown] lang="zh"
# Cleo 和 Dan 看到了新文件，而 Bob 的 null 不会被收回：没有保留任何可以更正的东西。
# （Spark 在建立表时就固定了文件的*列表*，而文件的内容在每个批次都重新读取。）
#
# 哪一边可以是外连接（outer join）保留的一边？流自身的行可以在没有配对时保留：有没有配对，立刻就知道。表中的行则不行：

# %%
for how in ("right_outer", "full_outer"):
    wrong = clicks.toDF().join(shops, same_ad, how)
    refused(wrong.writeStream.format("memory").queryName(how).start)
spark.stop()
folder.cleanup()

# %% [markdown] lang="en"
# A shop without a click in this batch may get one in the next. It could never be said that it has none.
#
# Now two streams. This is the whole program; each side has its watermark, and the condition has an equality and a range.

# %% [markdown] lang="zh"
# 一家商店在这个批次没有被点击，下一个批次却可能有。永远不能断定它没有点击。
#
# 现在是两个流。下面就是全部程序：每一边有自己的水位线，条件中有一个等式和一个时间范围。

# %%
WITHIN = "clicked_ad = ad and clicked >= shown and clicked <= shown + interval 30 minutes"


def ads(showings, clicks, how):
    left = showings.withWatermark("shown", "10 minutes")
    right = clicks.withWatermark("clicked", "20 minutes")
    return left.join(right, expr(WITHIN), how)


# %% [markdown] lang="en"
# Below, a story is a list of steps; after each step Spark works until it has nothing left to do.

# %% [markdown] lang="zh"
# 下面，一个故事由若干步骤组成；每一步之后，Spark 一直工作到无事可做为止。


# %%
def shown(ad, time):
    return "shown", ad, time


def clicked(ad, time):
    return "clicked", ad, time


def play(story, join, how):
    """A program: it starts the join `join(showings, clicks, how)` and tells it the story."""

    def program(spark):
        streams = {
            "shown": MemoryStream(spark, "ad int, shown timestamp"),
            "clicked": MemoryStream(spark, "clicked_ad int, clicked timestamp"),
        }
        joined = join(streams["shown"].toDF(), streams["clicked"].toDF(), how)
        query = joined.writeStream.format("memory").queryName("ads").start()
        for step in story:
            for stream, ad, time in step:
                streams[stream].addData((ad, datetime.fromisoformat(f"2026-05-01 {time}")))
            query.processAllAvailable()
        return query

    return program


STORY = [
    [shown(1, "10:00"), shown(2, "10:05"), clicked(1, "10:20")],
    [shown(3, "10:50")],
    [clicked(3, "11:00")],
    [shown(4, "11:10"), clicked(4, "11:20")],
]

with local.getOrCreate() as spark:
    query = play(STORY[:1], ads, "inner")(spark)
    times = [f"date_format({column}, 'HH:mm') {column}" for column in ("shown", "clicked")]
    spark.table("ads").selectExpr("ad", *times).show()
    [join] = query.lastProgress["stateOperators"]
    print(join["operatorName"], "keeps", join["numRowsTotal"], "rows")

# %% [markdown] lang="en"
# Only the first step was told. One pair was found, and all three rows are kept: also those of the pair, since another
# click on advertisement 1 may come.
#
# ## Predict
#
# The join is a left outer one: a showing without a click is given as well, with null in place of the click.
# Advertisement 2 was shown at 10:05 and nobody clicks. The watermark rises, one minute at a time: 10:34, 10:35, 10:36, ...
# In the batch of which watermark is the row with null written? (Write "10:40" or so.)

# %% [markdown] lang="zh"
# 这里只讲了故事的第一步。找到了一对，而三行都被保留：配成对的两行也一样，因为广告 1 还可能再被点击。
#
# ## 预测
#
# 连接改为左外连接（left outer join）：没有点击的展示也会输出，点击的位置是 null。广告 2 在 10:05 展示，没有人点击。
# 水位线一分钟一分钟地上升：10:34、10:35、10:36……带 null 的行在水位线为多少的批次中写出？（写成 "10:40" 这样。）

# %% predict="watermark of the null"
{
    "answer": "10:36",
    "why": (
        "A click may come up to and including 10:35, so the row has to wait until W is past 10:35. Since the range "
        "includes its end, Spark waits one millisecond more than 10:35:00.000; of whole minutes 10:36 is the first.",
        "点击最晚可以在 10:35（含）发生，所以这一行要等到 W 超过 10:35。因为时间范围包含终点，"
        "Spark 要比 10:35:00.000 多等一毫秒；按整分钟算，第一个是 10:36。",
    ),
    "mistakes": {
        "10:35": (
            "Nearly. The condition says <=, so the end of the range belongs to it; Spark waits a millisecond longer.",
            "差一点。条件写的是 <=，时间范围的终点也算在内；Spark 要多等一毫秒。",
        ),
        "10:45": (
            "So late a showing has to be, to bring the watermark to 10:35. Here the watermark itself is given.",
            "这是把水位线推到 10:35 所需的展示时间。这里给出的是水位线本身。",
        ),
        "10:55": (
            "So late a click has to be, to bring the watermark to 10:35. Here the watermark itself is given.",
            "这是把水位线推到 10:35 所需的点击时间。这里给出的是水位线本身。",
        ),
        "10:06": (
            "The showing itself is old by then, but a click on it may still come.",
            "那时展示本身已经过去了，但对它的点击还可能到来。",
        ),
    },
}

# %% [markdown] lang="en"
# A course text says of a left outer join: *must specify watermark on right*. Take it at its word: a watermark on the
# clicks, none on the showings. Spark starts the query. The whole story is told. How many rows with null does it write?

# %% [markdown] lang="zh"
# 一份课程讲义说左外连接*必须在右边指定水位线*。照字面做：点击有水位线，展示没有。Spark 启动了这个查询。
# 讲完整个故事之后，它写出几行带 null 的结果？

# %% predict="nulls with a watermark on the right"
{
    "answer": 0,
    "why": (
        "A row with null is written when its showing is forgotten, and showings without a watermark of their own are "
        "never forgotten. The query is legal and silent.",
        "带 null 的行在展示被忘掉时写出，而自身没有水位线的展示永远不会被忘掉。这个查询合法，却一声不响。",
    ),
    "mistakes": {
        1: (
            "With watermarks on both sides it is one. But which rows can be forgotten now?",
            "两边都有水位线时是一行。但现在哪些行能被忘掉？",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行


# %%
def simulated(story, join=ads, how="left_outer", **more):
    program = play(story, join, how)
    return QuerySimulation(program, cluster=Cluster(2, 2), seed=SEED, **more).run(until=10)


def clock(ms):
    time = datetime.fromtimestamp(ms / 1000, timezone.utc).time()
    return short(str(time)) if ms else "none"


def account(run):
    print("batch  watermark     late  kept  result")
    for each in run.triggers:
        rows = [" ".join(map(short, row.row)) for row in run.result_rows.where(batch=each.batch)]
        numbers = f"{clock(each.watermark_ms):<12}  {each.rows_late:>4}  {each.state_rows:>4}"
        print(f"{each.batch:>5}  {numbers}  {' | '.join(rows)}".rstrip())


def short(cell):  # such as 10:05 or 10:05:00.001
    return cell.removeprefix("2026-05-01 ").removesuffix("000").removesuffix(":00")


run = simulated(STORY)
account(run)

# %% [markdown] lang="en"
# Both delays are taken off the newest times, and the **lesser** result is the watermark:
# W = min(newest showing − 10 min, newest click − 20 min). In batch 2 the showing of 10:50 alone moves it by five minutes
# only, for the clicks stand at 10:20. Not before a click of 11:00 has come does W jump to 10:40.
#
# | row | a partner may lie | forgotten when | so both must have come |
# |---|---|---|---|
# | a showing at s | in s ... s + 30 min | W > s + 30 min | a showing after s + 40 min, a click after s + 50 min |
# | a click at c | in c − 30 min ... c | W > c | a showing after c + 10 min, a click after c + 20 min |
#
# Batch 5 has no new data: Spark runs it because the watermark moved. In it three rows go. Showing 1 had its click and goes
# quietly; showing 2 is written with null; the click goes quietly too.

# %% [markdown] lang="zh"
# 每一边的最新时间减去各自的延迟，其中**较小**的就是水位线：W = min(最新展示 − 10 分钟, 最新点击 − 20 分钟)。
# 在批次 2 中，10:50 的展示单独只能把它推进五分钟，因为点击还停在 10:20。直到 11:00 的点击到来，W 才跳到 10:40。
#
# | 行 | 配对的时间可能在 | 何时忘掉 | 因此两边都必须到来 |
# |---|---|---|---|
# | s 时刻的展示 | s ～ s + 30 分钟 | W > s + 30 分钟 | s + 40 分钟之后的展示、s + 50 分钟之后的点击 |
# | c 时刻的点击 | c − 30 分钟 ～ c | W > c | c + 10 分钟之后的展示、c + 20 分钟之后的点击 |
#
# 批次 5 没有新数据：水位线移动了，Spark 才运行它。其中有三行离开：展示 1 有过点击，悄悄离开；展示 2 带着 null 写出；点击也悄悄离开。

# %%
run.query_figure()

# %% [markdown] lang="en"
# Each column is a batch. The two dashed lines are newest time minus delay of each stream; the thick line is the watermark.
# Below are the kept rows one by one, and how many each side keeps.
#
# Now the watermark rises minute by minute. And the millisecond: a watermark of exactly 10:35 keeps the showing of 10:05.

# %% [markdown] lang="zh"
# 每一列是一个批次。两条虚线是每个流的最新时间减去延迟；粗线是水位线。下面逐条列出保留的行，以及每一边保留多少行。
#
# 现在让水位线一分钟一分钟地上升。还有那一毫秒：水位线恰好为 10:35 时，10:05 的展示仍然保留。


# %%
def later(time, minutes):
    moment = datetime.fromisoformat(f"2026-05-01 {time}") + timedelta(minutes=minutes)
    return f"{moment:%H:%M:%S.%f}"


def bring_watermark_to(time):  # by rows of other advertisements
    return [shown(8, later(time, 10)), clicked(9, later(time, 20))]


minutes = map(bring_watermark_to, ("10:34", "10:35", "10:36"))
run = simulated([[shown(2, "10:05")], *minutes])
[written] = [row for row in run.result_rows if row.row[0] == "2"]
[trigger] = run.triggers.where(batch=written.batch)
confirm("watermark of the null", clock(trigger.watermark_ms))

print("And by milliseconds:")
milliseconds = map(bring_watermark_to, ("10:35:00.000", "10:35:00.001"))
account(simulated([[shown(2, "10:05")], *milliseconds]))

# %% [markdown] lang="en"
# Now all kinds of joins that two streams may have, over one story with what may go wrong: a showing without a number, a
# click on something that was never shown, and in the last step a showing that comes too late.

# %% [markdown] lang="zh"
# 下面是两个流之间可以有的各种连接，用同一个故事，其中有各种意外：一条没有编号的展示，一次对从未展示过的广告的点击，以及最后一步中一条迟到的展示。

# %%
ODD = [
    [shown(1, "10:00"), shown(2, "10:05"), shown(None, "10:06")],
    [clicked(1, "10:20"), clicked(1, "10:25"), clicked(9, "10:10")],
    [shown(3, "11:30"), clicked(3, "11:40")],  # the watermark becomes 11:20
    [shown(4, "11:00"), clicked(3, "11:45")],
]
for how in ("inner", "left_outer", "right_outer", "full_outer", "left_semi"):
    print(f"--- {how}")
    account(simulated(ODD, how=how))

# %% [markdown] lang="en"
# - **A null key** equals nothing, not even another null. An inner join does not even keep such a row; an outer join keeps
#   it, to write it with nulls when its time has come.
# - **A late row** (showing 4, stamped 11:00 when W is 11:20) is dropped: no pair, and *no row with null either*. The column
#   `late` counts it.
# - **Left semi** gives a showing once, at its first click, without the click. A showing that has had its click need not be
#   kept.

# %% [markdown] lang="zh"
# - **键为 null** 的行与任何值都不相等，与另一个 null 也不相等。内连接（inner join）根本不保留这样的行；外连接保留它，到时候补上 null 写出。
# - **迟到的行**（展示 4，时间戳 11:00，而 W 是 11:20）被丢弃：没有配对，*也没有带 null 的行*。`late` 一列记录了它。
# - **左半连接**（left semi join）在第一次点击时输出一次展示，不带点击。已经有过点击的展示不必再保留。

# %% [markdown] lang="en"
# ## Break it
#
# The server of the clicks falls silent. One showing and one click at 10:00; then nothing but showings, one every ten
# minutes up to 12:00. How many rows does the join (left outer, as before) keep in the end?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 点击服务器沉默了。10:00 有一次展示和一次点击；之后只有展示，每十分钟一次，直到 12:00。最后，这个连接（仍是左外连接）保留多少行？

# %% predict="rows kept in the silence"
{
    "answer": 14,
    "why": (
        "All thirteen showings and the click. The watermark is the lesser of the two, and the silent stream holds it at "
        "9:40 for ever: nothing is forgotten, and no row with null is written.",
        "全部 13 次展示和那次点击。水位线取两者中较小的，沉默的流把它永远定在 9:40：什么都不会被忘掉，也不写出任何带 null 的行。",
    ),
    "mistakes": {
        5: (
            "So it would be if showings alone moved the watermark. Which stream decides?",
            "如果水位线只由展示推动，就会是这样。由哪个流决定？",
        ),
        13: ("And the click? It was found, and is kept all the same.", "那次点击呢？它虽然已配对，仍然被保留。"),
    },
}

# %%
SILENCE = [
    [shown(0, "10:00"), clicked(0, "10:00")],
    *([shown(number, later("10:00", 10 * number))] for number in range(1, 13)),
]
run = simulated(SILENCE)
confirm("rows kept in the silence", run.triggers[-1].state_rows)
run.query_timeline()

# %% [markdown] lang="en"
# Step through the triggers: one dashed line rises, the other stands still, and the watermark with it. Nothing fails,
# nothing warns: memory grows and the report of unclicked advertisements stays empty. Watch the watermark,
# not only the input. Spark has a knob, `spark.sql.streaming.multipleWatermarkPolicy`: with `max` the *greater* of the two
# counts. Its price: the clicks, when they come at last, are late. Here a click on showing 10 (11:40) arrives at the end.

# %% [markdown] lang="zh"
# 一次一次地查看各次触发：一条虚线上升，另一条停住不动，水位线也跟着停住。没有失败，也没有警告：内存在增长，而“无人点击的广告”报表一直是空的。不要只看输入，还要看水位线。Spark 有一个设置
# `spark.sql.streaming.multipleWatermarkPolicy`：取 `max` 时，以两者中*较大*的为准。代价是：点击终于到来时已经迟到。
# 这里，对展示 10（11:40）的点击在最后才到达。

# %%
AT_LAST = [[clicked(10, "11:41")], bring_watermark_to("13:00")]
POLICY = "spark.sql.streaming.multipleWatermarkPolicy"
for policy in ("min", "max"):
    run = simulated(SILENCE + AT_LAST, conf={POLICY: policy})
    [of_ten] = [" ".join(map(short, row.row)) for row in run.result_rows if row.row[0] == "10"]
    late = sum(run.triggers.column("rows_late"))
    print(f"{policy}: late rows {late}, showing 10 gives {of_ten}")

# %% [markdown] lang="en"
# With `max` the join says of a showing that was clicked that nobody clicked it. Better make the silent stream speak: let its
# source send a row with nothing but a time now and then.
#
# Next, the condition loses its range: only `clicked_ad = ad` is left. Watermarks stand on both sides as before.

# %% [markdown] lang="zh"
# 取 `max` 时，这个连接会把一次有人点击的展示说成无人点击。更好的办法是让沉默的流开口：由它的数据源不时发送一行只有时间的记录。
#
# 接下来，去掉条件中的时间范围，只剩 `clicked_ad = ad`。两边的水位线照旧。


# %%
def without_range(showings, clicks, how):
    left = showings.withWatermark("shown", "10 minutes")
    right = clicks.withWatermark("clicked", "20 minutes")
    return left.join(right, expr("clicked_ad = ad"), how)


times = [later("10:00", 20 * number) for number in range(12)]
BUSY = [[shown(number, time), clicked(number, time)] for number, time in enumerate(times)]
for join in (ads, without_range):
    run = simulated(BUSY, join, "inner")
    print(f"{join.__name__:<14}", run.triggers.column("state_rows"))

# %% [markdown] lang="en"
# The watermark moves, late rows are dropped, and nothing is ever forgotten: without a range a click may belong to a showing
# of any time. The inner join is legal all the same. An outer join is not, and Spark says so when it is started:

# %% [markdown] lang="zh"
# 水位线在移动，迟到的行被丢弃，却什么都不会被忘掉：没有时间范围，一次点击可以属于任何时刻的展示。尽管如此，这个内连接是合法的。
# 外连接就不合法，启动时 Spark 会说明：


# %%
def without_equality(showings, clicks, how):
    left = showings.withWatermark("shown", "10 minutes")
    right = clicks.withWatermark("clicked", "20 minutes")
    return left.join(right, expr("clicked >= shown"), how)


wrong = ((without_range, "left_outer"), (ads, "left_anti"), (without_equality, "inner"))
for join, how in wrong:
    try:
        simulated(STORY, join, how)
    except AnalysisException as error:
        print("\n".join(["start() refuses:", *fill(str(error), 90).splitlines(), ""]))
    except StreamingQueryException as error:
        cause = str(error).splitlines()[0].split("exception: ")[1]
        print("the query starts, and dies:", cause.split(": give")[0])

# %% [markdown] lang="en"
# The last one is the treacherous kind: `start()` has no objection, and the query dies when its first batch is planned.
#
# ## What people get wrong
#
# **"A left outer join needs a watermark on the right."** That makes it legal. It does not make it work: showings without a
# watermark of their own are never forgotten, and so never written with null. Take watermarks on both sides. *Source:
# Spark's `StreamingJoinHelper` for what is legal, `StreamingSymmetricHashJoinHelper` for what is forgotten.*

# %% [markdown] lang="zh"
# 最后一种最阴险：`start()` 没有异议，而查询在规划第一个批次时死掉。
#
# ## 常见误解
#
# **“左外连接需要在右边指定水位线。”** 这样只是合法，并不能奏效：自身没有水位线的展示永远不会被忘掉，也就永远不会带着 null 写出。
# 两边都要有水位线。*来源：Spark 的 `StreamingJoinHelper` 决定什么合法，`StreamingSymmetricHashJoinHelper` 决定什么会被忘掉。*


# %%
def watermark_on_the_right(showings, clicks, how):
    return showings.join(clicks.withWatermark("clicked", "20 minutes"), expr(WITHIN), how)


run = simulated(STORY, watermark_on_the_right)
nulls = sum("NULL" in row.row for row in run.result_rows)
confirm("nulls with a watermark on the right", nulls)
account(run)

# %% [markdown] lang="en"
# **"Only inner, left and right outer; no full outer; append mode only; no aggregation before a join."** So it was in Spark
# 2.3, of which most courses tell. The tables below are not typed in: each cell is what Spark's rules, as built into
# sparksim, say of such a query. First a stream with a table:

# %% [markdown] lang="zh"
# **“只有内连接、左外连接和右外连接；没有全外连接（full outer join）；只能用追加（append）模式；连接之前不能聚合。”**
# Spark 2.3 是这样，而大多数课程讲的正是 2.3。下面的表不是手写的：每一格都是 sparksim 中的 Spark 规则对这样一个查询的判定。先看流与表：

# %%
verdicts = {(each.shape, each.version, each.mode): each.word for each in cells()}
KINDS = ("inner", "left_outer", "right_outer", "full_outer", "left_semi", "left_anti")


def legal_table(heads, row):
    print("".join(f"{head:<16}" for head in ("join", *heads)))
    for kind in KINDS:
        print("".join(f"{word:<16}" for word in (kind, *row(kind))))


PAIRS = ("stream_table", "table_stream")
legal_table(
    ("stream, table", "table, stream"),
    lambda kind: [verdicts[f"{pair}_{kind}", "current", "append"] for pair in PAIRS],
)

# %% [markdown] lang="en"
# Two streams, with watermarks on both sides and a range of time. `2.3` and `now` are the versions:

# %% [markdown] lang="zh"
# 两个流，两边都有水位线，并有时间范围。`2.3` 与 `now` 是版本：

# %%
VERSIONS = {"2.3": "2.3", "now": "current"}
asked = [(version, mode) for version in VERSIONS for mode in ("append", "update")]
legal_table(
    [f"{version}, {mode}" for version, mode in asked],
    lambda kind: [verdicts[f"streams_{kind}_R_both", VERSIONS[each], mode] for each, mode in asked],
)
print()
for shape in ("windows_joined", "streams_inner_counted", "join_of_a_join"):
    words = [f"{each}: {verdicts[shape, VERSIONS[each], 'append']}" for each in VERSIONS]
    print(f"{shape.replace('_', ' '):<24}", *words, sep="  ")

# %% [markdown] lang="en"
# `windows joined` counts both streams in windows and joins the counts: an aggregation before a join, legal now. And which
# watermarks does each kind need, today, in append mode? `range`: an equality and a range. `time key`: the times themselves
# are equal.

# %% [markdown] lang="zh"
# `windows joined` 先对两个流分别按窗口计数，再连接计数：即连接之前的聚合，现在是合法的。那么今天在追加模式下，
# 每种连接需要哪些水位线？`range`：一个等式加一个时间范围。`time key`：两边的时间本身相等。

# %%
SIDES = ("none", "left", "right", "both")
for condition, meaning in (("E", "equality only"), ("R", "range"), ("K", "time key")):
    print(f"--- {meaning}; watermark on:")
    shape = f"streams_{{}}_{condition}_{{}}".format
    legal_table(
        SIDES,
        lambda kind, shape=shape: [verdicts[shape(kind, side), "current", "append"] for side in SIDES],
    )

# %% [markdown] lang="en"
# *Source: `UnsupportedOperationChecker`; the current version's cells were compared with PySpark 4.3.*
#
# **"When the 30 minutes are over, the null comes."** Whose minutes? Not those of the clock on the wall. It takes rows, of
# *both* streams, that are late enough.
#
# **Outer joins of Spark 2.3 could be wrong.** Whether a row had a partner was looked up when the row was forgotten, and the
# partner might have been forgotten first: a row with null for a showing that had been clicked. Since SPARK-26154 the answer is
# stored with the row.

# %% [markdown] lang="zh"
# *来源：`UnsupportedOperationChecker`；当前版本的各格与 PySpark 4.3 比较过。*
#
# **“30 分钟一过，null 就来了。”** 谁的分钟？不是墙上时钟的。需要*两个*流中都有时间足够晚的行到来。
#
# **Spark 2.3 的外连接可能出错。** 一行是否有过配对，要到它被忘掉时才去查，而配对的行可能已先被忘掉：于是一次被点击过的展示也得到带 null 的行。
# 自 SPARK-26154 起，这个答案与行存放在一起。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Which rows are kept, late, joined and written, and in which batch, follows the current Spark, compared with recorded runs
# of PySpark. Rows of one batch may come in another order on a cluster. Kept rows lie in the
# memory of an executor and in files, as with Spark's default store; a cluster may keep them in RocksDB. `MemoryStream` exists in Spark for its own tests only. A real checkpoint
# fixes the number of partitions of the state with its first batch. Durations are those of the cost model.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 哪些行被保留、迟到、配对、写出，以及在哪个批次，都遵循当前的 Spark，并与 PySpark 的运行记录比较过。在集群上，一个批次内各行的次序可能不同。
# 这里保留的行存放在执行器（executor）的内存和文件中，与 Spark 的默认状态存储相同；集群也可以把它们放在 RocksDB 中。Spark 中的 `MemoryStream` 只供其自身测试使用。
# 真实的检查点（checkpoint）在第一个批次就固定了状态（state）的分区（partition）数。时长来自成本模型。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Another shop allows showings 2 hours of delay, clicks 3 hours, and counts clicks within 1 hour. Which rows must have
#    come before a showing of 10:00 is forgotten?
#
# <details><summary>Answer</summary>
#
# W must be past 11:00. So a showing after 13:00 (less 2 hours) *and* a click after 14:00 (less 3 hours).
# </details>
#
# 2. Why are clicks forgotten earlier than showings?
#
# <details><summary>Answer</summary>
#
# The partner of a click lies before it: once W is past the click, all showings that it may belong to have come. The partner
# of a showing lies up to 30 minutes after it.
# </details>
#
# 3. The condition loses `clicked >= shown`, and only `clicked <= shown + interval 30 minutes` is left of the range. Which side
#    is never forgotten?
#
# <details><summary>Answer</summary>
#
# The clicks: a showing of any later time may belong to a click. Showings are still forgotten, for a click that is later
# than 30 minutes does not match. The left outer join is still legal, and its state grows.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 另一家公司允许展示迟到 2 小时、点击迟到 3 小时，并统计 1 小时之内的点击。10:00 的展示被忘掉之前，必须到来哪些行？
#
# <details><summary>答案</summary>
#
# W 必须超过 11:00。因此要有 13:00 之后的展示（减去 2 小时），*并且*有 14:00 之后的点击（减去 3 小时）。
# </details>
#
# 2. 为什么点击比展示更早被忘掉？
#
# <details><summary>答案</summary>
#
# 点击的配对在它之前：一旦 W 超过点击的时间，它可能属于的展示都已到来。展示的配对则最多在它之后 30 分钟。
# </details>
#
# 3. 条件去掉 `clicked >= shown`，时间范围只剩下 `clicked <= shown + interval 30 minutes`。哪一边永远不会被忘掉？
#
# <details><summary>答案</summary>
#
# 点击：任何更晚的展示都可能属于这次点击。展示仍会被忘掉，因为晚于 30 分钟的点击不匹配。左外连接依然合法，而它的状态不断增长。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 27](../../exercises/en/ex27_joins_of_streams.ipynb): predict when the null comes, write the join of a bicycle rental,
# and choose the delays of its watermarks. Next: lesson 28, where a row meets its own double.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 27](../../exercises/zh/ex27_joins_of_streams.ipynb)：预测 null 何时到来，写出一家自行车租赁店的连接，并选择水位线的延迟。
# 下一课是第 28 课，一行在那里遇到自己的副本。
