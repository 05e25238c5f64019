# %% [markdown] lang="en"
# # 12. SQL on a stream: a batch is a table
#
# **The question.** A colleague knows SQL and nothing of Spark. Can a batch be a table for her? And when her query counts
# the words, does it count those of the batch, or of the whole stream?
#
# *About 30 minutes. You need lesson 11 (`foreachRDD`), and for one part lesson 7 (states).*

# %% [markdown] lang="zh"
# # 12. 流上的 SQL：一个批次就是一张表
#
# **问题。** 一位同事懂 SQL 却不懂 Spark。一个批次（batch）能成为她的一张表吗？她的查询统计单词时，数的是这个批次，还是整个流？
#
# *约 30 分钟。需要第 11 课（`foreachRDD`），其中一部分需要第 7 课（状态）。*

# %%
from sparksim import SparkContext
from sparksim.course import confirm, lesson, live, predict
from sparksim.sim import Cluster, Constant, Replay, Simulation
from sparksim.sql import Row, SparkSession

SEED = 1
lesson("12", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#           records              rows                   view "words"
#                                                      ┌──────────┐
# second 2  "to", "be"    ──▶  Row(word="to"), …  ──▶  │ word     │ ◀── spark.sql("…")
# second 4  "or", "not"   ──▶  Row(word="or"), …  ──▶  │          │
#                               createDataFrame        └──────────┘
#                                                  each batch replaces the last
# ```
#
# In `foreachRDD` each batch is an RDD. Made of rows with named columns it becomes a **DataFrame**; registered under a name
# it becomes a **temporary view**, and `spark.sql` queries it. `spark` is a **SparkSession**, the entry to SQL. It lives on
# the driver, on top of the SparkContext that the stream already has.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#           records              rows                   view "words"
#                                                      ┌──────────┐
# second 2  "to", "be"    ──▶  Row(word="to"), …  ──▶  │ word     │ ◀── spark.sql("…")
# second 4  "or", "not"   ──▶  Row(word="or"), …  ──▶  │          │
#                               createDataFrame        └──────────┘
#                                                  each batch replaces the last
# ```
#
# 在 `foreachRDD` 中，每个批次是一个 RDD。由带列名的行组成时，它成为 **DataFrame**；登记一个名字后，它成为**临时视图**（temporary view），
# 可以用 `spark.sql` 查询。`spark` 是 **SparkSession**，即 SQL 的入口。它在驱动程序（driver）上，建立在流已有的 SparkContext 之上。

# %% [markdown] lang="en"
# ## The program, live
#
# First without a stream: three rows, a view, a query.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 先不用流：三行、一个视图、一个查询。

# %%
COUNT = "select word, count(*) as total from words group by word order by total desc, word"

sc = SparkContext("local[2]", "a table")
spark = SparkSession.builder.getOrCreate()
spark.createDataFrame([Row(word="to"), Row(word="be"), Row(word="to")]).createOrReplaceTempView("words")
spark.sql(COUNT).show()
sc.stop()

# %% [markdown] lang="en"
# Now each batch is that table. Batches take 2 seconds. *spark* comes twice in the first batch and once in the second. Before you
# run it: what does the query of the second batch say for *spark*?

# %% [markdown] lang="zh"
# 现在每个批次就是那张表。批次为 2 秒。*spark* 在第一个批次出现两次，在第二个批次出现一次。运行之前先预测：
# 第二个批次的查询对 *spark* 给出的数是多少？

# %% predict="spark in the second batch"
{
    "answer": 1,
    "why": (
        "createOrReplaceTempView replaces: the view holds one batch, and SQL knows of no other.",
        "createOrReplaceTempView 是替换：视图里只有一个批次，SQL 不知道别的批次。",
    ),
    "mistakes": {
        3: (
            "That would be the whole stream. Who keeps the first batch?",
            "那是整个流的总数。谁保存了第一个批次？",
        ),
        2: ("That was the first batch.", "那是第一个批次。"),
    },
}

# %% [markdown] lang="en"
# And at 3 seconds a second person asks a question of her own, from outside of the stream.

# %% [markdown] lang="zh"
# 此外，在第 3 秒，另一个人从流的外面提出自己的问题。


# %%
def session(rdd):
    """The one session of this program: made in the first batch, the same in all others."""
    return SparkSession.builder.config(conf=rdd.context.getConf()).getOrCreate()


def count_words(time, rdd):
    if rdd.isEmpty():
        return  # no record could tell the columns
    spark = session(rdd)
    spark.createDataFrame(rdd.map(lambda word: Row(word=word))).createOrReplaceTempView("words")
    spark.sql(COUNT).show()


def sql_word_count(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split()).foreachRDD(count_words)


def ask_meanwhile():
    print("meanwhile:")
    SparkSession.builder.getOrCreate().sql("select count(*) as words from words").show()


typed = [(0.7, "spark kafka spark"), (2.9, "spark")]
source = {"localhost:9999": Replay(typed)}

run = live(sql_word_count, network=source, batch=2.0, until=5, meanwhile=[(3.0, ask_meanwhile)])

# %% [markdown] lang="en"
# The question of second 3 is answered from the view as it stands then: the batch of second 2. A view is not a copy of the
# records but a recipe, which is computed when somebody asks.

# %% [markdown] lang="zh"
# 第 3 秒的问题由当时的视图来回答：即第 2 秒的批次。视图不是记录的副本，而是一份配方，有人提问时才计算。

# %% [markdown] lang="en"
# ## Predict
#
# `count_words` looks harmless. How many Spark jobs does it run for a batch that is not empty?

# %% [markdown] lang="zh"
# ## 预测
#
# `count_words` 看上去很简单。对一个非空批次，它运行几个 Spark 作业（job）？

# %% predict="jobs of a batch"
{
    "answer": 3,
    "why": (
        "isEmpty looks for a record; createDataFrame reads the first one to learn the columns; show reads them all.",
        "isEmpty 找一条记录；createDataFrame 读第一条以得知列；show 读取全部。",
    ),
    "mistakes": {
        1: (
            "show is one. What do isEmpty and createDataFrame have to know?",
            "show 是一个。isEmpty 和 createDataFrame 需要知道什么？",
        ),
        2: (
            "Two of them are in plain sight. The third one asks what the columns are.",
            "有两个一眼可见。第三个要问列是什么。",
        ),
        0: ("Each of them is an action, or contains one.", "它们每一个都是行动操作（action），或者包含一个。"),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行

# %%
CLUSTER = Cluster(executors=3, cores=2)


def simulated(program, load, *, until, batch=2.0):
    network = {"localhost:9999": load}
    return Simulation(program, network=network, batch=batch, cluster=CLUSTER, seed=SEED).run(until=until)


run = simulated(sql_word_count, Replay(typed), until=6.5)
print(run.output)
[second] = [line for line in run.output[4.0].splitlines() if "spark" in line]
confirm("spark in the second batch", int(second.split("|")[2]))
confirm("jobs of a batch", len(run.jobs.where(batch_time_ms=2000)))

# %%
run.figure(start=1.5, end=4.5)

# %% [markdown] lang="en"
# Three bars in a row on the cores are the three jobs of a batch, one after another. Give the columns yourself, and two of
# them are gone: with a **schema** nothing has to be looked at first, and an empty batch is simply a table without rows.

# %% [markdown] lang="zh"
# 核心（core）上依次排列的三段就是一个批次的三个作业。自己给出列，就省去其中两个：有了**模式**（schema），
# 就不需要先看数据，空批次也只是一张没有行的表。


# %%
def count_with_schema(time, rdd):
    spark = session(rdd)
    rows = rdd.map(lambda word: (word,))
    spark.createDataFrame(rows, "word string").createOrReplaceTempView("words")
    spark.sql(COUNT).show()


def with_schema(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split()).foreachRDD(count_with_schema)


run = simulated(with_schema, Replay(typed), until=6.5)
for second in (2, 4, 6):
    print(f"batch of second {second}, jobs: {len(run.jobs.where(batch_time_ms=second * 1000))}")
print(run.output[6.0])

# %% [markdown] lang="en"
# ### More tables
#
# A view lasts as long as the session. So a table that does not change, and is made of a list and not of a batch, is made once
# and can be joined in every batch. A query may also be written with methods instead of text, as the second one here:

# %% [markdown] lang="zh"
# ### 更多的表
#
# 视图与会话（session）共存亡。所以不变的、由列表而不是由批次建立的表只需建立一次，就能在每个批次中连接（join）。
# 查询也可以用方法而不是文本来写，如下面的第二个：

# %%
PRICES = [("tea", 3), ("coffee", 4)]


def revenue(time, rdd):
    spark = session(rdd)
    if not spark.catalog.tableExists("prices"):
        spark.createDataFrame(PRICES, "item string, price int").createOrReplaceTempView("prices")
    sold = spark.createDataFrame(rdd.map(lambda item: (item,)), "item string")
    sold.createOrReplaceTempView("sold")
    spark.sql("""
        select sold.item, count(*) as n, sum(price) as revenue
        from sold join prices on sold.item = prices.item
        group by sold.item order by sold.item
    """).show()
    sold.join(spark.table("prices"), "item", "left_anti").distinct().show()  # sold without a price


def shop(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(revenue)


sales = [(0.5, "tea"), (0.8, "coffee"), (1.1, "tea"), (1.4, "water")]
print(simulated(shop, Replay(sales), until=2.5).output)

# %% [markdown] lang="en"
# ### The whole stream
#
# SQL forgets each batch, and a state does not (lesson 7). So keep the totals in a state, and query *those*: the stream of
# states has all keys in every batch.

# %% [markdown] lang="zh"
# ### 整个流
#
# SQL 忘掉每个批次，而状态（state）不会（第 7 课）。所以把总数放在状态里，然后查询*总数*：状态的流在每个批次中都含有所有的键。


# %%
def show_totals(time, rdd):
    spark = session(rdd)
    spark.createDataFrame(rdd, "word string, total long").createOrReplaceTempView("totals")
    spark.sql("select * from totals order by total desc, word limit 3").show()


def totals_of_the_stream(ssc):
    ssc.checkpoint("sim://checkpoint")
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    pairs = words.map(lambda word: (word, 1))
    totals = pairs.updateStateByKey(lambda new, old: sum(new) + (old or 0))
    totals.foreachRDD(show_totals)


print(simulated(totals_of_the_stream, Replay(typed), until=4.9).output)

# %% [markdown] lang="en"
# ## Break it
#
# **No guard.** The program of the beginning without its `isEmpty`. Lines come in the batches of seconds 2 and 4; nothing
# comes in those of 6, 8 and 10. How many batches fail?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **没有防护。** 去掉最初那个程序里的 `isEmpty`。第 2、4 秒的批次有行；第 6、8、10 秒的批次什么都没有。有几个批次失败？

# %% predict="failed batches"
{
    "answer": 3,
    "why": (
        "In Python the columns are learned from the first record, and an empty batch has none. A batch that fails does "
        "not keep the next ones from coming.",
        "在 Python 中，列是从第一条记录得知的，而空批次没有记录。一个批次失败并不妨碍后面的批次到来。",
    ),
    "mistakes": {
        0: (
            "Without a schema, how would an empty batch tell that there is a column `word`?",
            "没有模式时，空批次怎么说明有一列 `word`？",
        ),
        1: (
            "The first failure does not stop the program: batches go on coming.",
            "第一次失败不会让程序停下：批次还会继续到来。",
        ),
    },
}


# %%
def count_unguarded(time, rdd):
    spark = session(rdd)
    spark.createDataFrame(rdd.map(lambda word: Row(word=word))).createOrReplaceTempView("words")
    spark.sql("select count(*) as words from words").show()


def unguarded(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.flatMap(lambda line: line.split()).foreachRDD(count_unguarded)


run = simulated(unguarded, Replay(typed), until=10.9)
confirm("failed batches", len(run.batches.where(failed=True)))
for batch in run.batches:
    print(f"batch of second {batch.batch_time_ms // 1000:>2}:", "failed" if batch.failed else "done")

# %% [markdown] lang="en"
# The message of each, as it stands in the log (Spark's own is shorter: *RDD is empty*):

# %% [markdown] lang="zh"
# 每个失败批次在日志中的消息（Spark 自己的更短：*RDD is empty*）：


# %%
def say_why(time, rdd):
    try:
        count_unguarded(time, rdd)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


def unguarded_but_caught(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(say_why)


print(simulated(unguarded_but_caught, Replay([]), until=2.5).output)

# %% [markdown] lang="en"
# In an ordinary program `awaitTermination` raises the first of these errors and, if nobody catches it, the program ends. Give a
# schema, or leave empty batches out.
#
# **A view that is too old.** A view is a recipe over the blocks of its batch, and blocks are not kept for ever: when a batch is
# done, Spark removes those of the batch before it. The view `first` is made in the batch of second 2 and read in all later
# ones. In how many of the batches of seconds 4, 6, 8, 10 does that work?

# %% [markdown] lang="zh"
# 在普通程序中，`awaitTermination` 会抛出其中第一个错误，如果没有人捕获它，程序就结束。请给出模式，或跳过空批次。
#
# **太旧的视图。** 视图是基于其批次的数据块（block）的配方，而数据块不会永远保留：一个批次完成时，Spark 会删除上一个批次的数据块。
# 视图 `first` 在第 2 秒的批次中建立，之后每个批次都去读它。
# 在第 4、6、8、10 秒的批次中，有几个能读到？

# %% predict="readable in"
{
    "answer": 1,
    "why": (
        "When the batch of second 4 is done, the blocks of second 2 are removed: if nothing asks for more, Spark keeps a "
        "batch only until the next one is done.",
        "第 4 秒的批次完成时，第 2 秒的数据块被删除：若无其他需要，Spark 只把一个批次保留到下一个批次完成为止。",
    ),
    "mistakes": {
        4: ("A view holds no records. Where would they be?", "视图不保存记录。那记录会在哪里？"),
        0: (
            "While the batch of second 4 runs, that of second 2 is still there.",
            "第 4 秒的批次运行时，第 2 秒的批次还在。",
        ),
    },
}


# %%
def make_and_read(time, rdd):
    spark = session(rdd)
    if time.second == 2:
        rows = rdd.map(lambda word: (word,))
        spark.createDataFrame(rows, "word string").createOrReplaceTempView("first")
        return
    try:
        n = spark.sql("select count(*) as n from first").first().n
        print(f"batch of second {time.second:>2}: the view has {n} rows")
    except Exception as error:
        message = str(error).partition("blocks")[2]
        print(f"batch of second {time.second:>2}: its blocks{message}")


def old_view(remember=None):
    def program(ssc):
        if remember is not None:
            ssc.remember(remember)
        ssc.socketTextStream("localhost", 9999).foreachRDD(make_and_read)

    return program


run = simulated(old_view(), Constant(rate=2, record="spark"), until=10.9)
confirm("readable in", str(run.output).count("rows"))
print(run.output)

# %% [markdown] lang="en"
# Who asks a stream from outside, as in the live run, may come too late in the same way. `ssc.remember(seconds)` keeps
# every batch for so long. Or write the table somewhere (lesson 11), and ask there.

# %% [markdown] lang="zh"
# 像真实运行中那样从外面提问的人，也可能同样来得太晚。`ssc.remember(seconds)` 让每个批次保留这么久。
# 也可以把表写到别处（第 11 课），到那里去查询。

# %%
print(simulated(old_view(remember=6), Constant(rate=2, record="spark"), until=10.9).output)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"`select count(*)` counts the stream."** It counts the batch. Totals need a state, a window, or a database. The
# *continuous* tables that people think of are Structured Streaming, another engine with another API. *Source: the section
# "DataFrame and SQL Operations" of Spark's guide registers a view per batch.*
#
# **"Make a session in each batch."** `builder.getOrCreate()` gives the one that is there, and only the first time makes
# one; there is one per process, on the driver. A new one each time would not see the views of the others.
# *Source: `SparkSession.Builder.getOrCreate`.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“`select count(*)` 统计整个流。”** 它统计的是批次。总数需要状态、窗口或数据库。人们想象中的*持续更新*的表是 Structured Streaming，
# 那是另一个引擎、另一套 API。*来源：Spark 指南的“DataFrame and SQL Operations”一节为每个批次登记一个视图。*
#
# **“每个批次新建一个会话。”** `builder.getOrCreate()` 给出已有的那个，只有第一次才新建；每个进程一个，位于驱动程序上。
# 每次都新建的话，就看不到其他会话的视图。*来源：`SparkSession.Builder.getOrCreate`。*

# %%
seen = []


def note_session(rdd):
    seen.append(session(rdd))


def five_batches(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(note_session)


simulated(five_batches, Constant(rate=1), until=10.9)
print(f"{len(seen)} batches, {len(set(map(id, seen)))} session")

# %% [markdown] lang="en"
# **"Then I query inside `map`."** `spark` lives on the driver and cannot be sent to a task. To look something up, join, or
# broadcast (lesson 9).

# %% [markdown] lang="zh"
# **“那我就在 `map` 里查询。”** `spark` 在驱动程序上，不能发送给任务（task）。要查找什么，请用连接或广播变量（broadcast variable，第 9 课）。


# %%
def query_in_a_task(rdd):
    spark = session(rdd)
    try:
        rdd.map(lambda word: spark.sql("select 1").first()).collect()
    except Exception as error:
        print(str(error).partition("cannot be sent")[2])


def wrong_place(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(query_in_a_task)


print("cannot be sent" + str(simulated(wrong_place, Constant(rate=1), until=2.5).output))

# %% [markdown] lang="en"
# **"An empty batch fails everywhere."** In Scala `rdd.toDF("word")` knows the columns from the *type* of the records, so a
# program copied from there has no guard. The same lines in Python need one. *Source: PySpark's
# `SparkSession._inferSchema` takes the first record.*

# %% [markdown] lang="zh"
# **“空批次在哪里都会失败。”** 在 Scala 中，`rdd.toDF("word")` 由记录的*类型*得知列，所以从那里抄来的程序没有防护。
# 同样的几行在 Python 中需要防护。*来源：PySpark 的 `SparkSession._inferSchema` 读取第一条记录。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Jobs that read the records run on the simulated cluster and take their time there. The query itself (grouping, joining,
# sorting) is evaluated on the driver by DuckDB, in no simulated time; Spark would run it as stages with shuffles on the
# executors, so a heavy query costs more than you see here. The SQL is Spark's dialect, translated; what is not supported
# says so. There is no Hive, no table that outlives the program, and no Structured Streaming.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 读取记录的作业在模拟集群上运行，并在那里耗时。查询本身（分组、连接、排序）由 DuckDB 在驱动程序上计算，不耗费模拟时间；
# Spark 会把它作为带洗牌（shuffle）的阶段（stage）在执行器（executor）上运行，所以繁重的查询比这里看到的更贵。
# SQL 是 Spark 的方言，经过翻译；不支持的会明确说明。这里没有 Hive，没有比程序活得更久的表，也没有 Structured Streaming。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Two streams, each with its own view. Can a query join this batch of one with this batch of the other?
#    <details><summary>Answer</summary>
#
#    Yes: the outputs of a batch run one after another, so when the second runs, the view of the first is of the same batch.
#    Give a schema for it: a guard with `isEmpty` would leave the view of an older batch in place. (With
#    `spark.streaming.concurrentJobs` above 1 the order is no longer certain.) `transformWith` says it plainly.
#    </details>
#
# 2. The words of the last minute, in SQL. What do you change?
#    <details><summary>Answer</summary>
#
#    One call: `words.window(60, 2).foreachRDD(count_words)`. The RDD of a window is a table like any other.
#    </details>
#
# 3. `count_words` reads a batch in three jobs. Name two ways to make that cheaper.
#    <details><summary>Answer</summary>
#
#    A schema: then `isEmpty` and the look at the first record go away, and one job remains. Or `rdd.cache()` at the
#    beginning: three jobs remain, but the later ones read from memory what an earlier one computed.
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 两个流，各有自己的视图。一个查询能把一个流的当前批次与另一个流的当前批次连接起来吗？
#    <details><summary>答案</summary>
#
#    能：一个批次的各个输出依次运行，所以第二个运行时，第一个的视图属于同一个批次。
#    为此请给出模式：用 `isEmpty` 防护时，遇到空批次会留下更早批次的视图。
#    （当 `spark.streaming.concurrentJobs` 大于 1 时，次序就不一定了。）用 `transformWith` 更清楚。
#    </details>
#
# 2. 用 SQL 统计最近一分钟的单词，需要改什么？
#    <details><summary>答案</summary>
#
#    一处调用：`words.window(60, 2).foreachRDD(count_words)`。窗口的 RDD 与其他表没有区别。
#    </details>
#
# 3. `count_words` 用三个作业读取一个批次。说出两种降低代价的办法。
#    <details><summary>答案</summary>
#
#    给出模式：`isEmpty` 和对第一条记录的查看就都不需要了，只剩一个作业。或者在开头用 `rdd.cache()`：仍是三个作业，
#    但后面的作业从内存读取前面已经算出的内容。
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 12](../../exercises/en/ex12_sql_on_streams.ipynb): count with SQL, survive empty batches, join with a table, and
# keep totals. `sparksim grade 12` says how far you are. Next: lesson 13, where an executor dies.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 12](../../exercises/zh/ex12_sql_on_streams.ipynb)：用 SQL 统计、经得起空批次、与表连接，以及维护总数。
# `sparksim grade 12` 会告诉你做到了哪一步。下一课是第 13 课：一个执行器死亡。
