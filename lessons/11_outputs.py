# %% [markdown] lang="en"
# # 11. Outputs: how results leave the program
#
# **The question.** The counts of each second shall be in a database. Which machine opens the connection? How many
# connections are that? And when a task fails in the middle and runs again, what does the table say?
#
# *About 45 minutes. You need lesson 3 (blocks, tasks), and for the last part lesson 7 (a driver that starts again).*

# %% [markdown] lang="zh"
# # 11. 输出：结果怎样离开程序
#
# **问题。** 每一秒的计数都要写进数据库。由哪台机器打开连接？一共打开多少个连接？当一个任务（task）中途失败又重新运行时，表里会有什么？
#
# *约 45 分钟。需要第 3 课（数据块、任务），最后一部分需要第 7 课（重新启动的驱动程序）。*

# %%
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim import SparkContext, StorageLevel, TaskContext
from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import (
    AtBatch,
    Cluster,
    Constant,
    DriverCrash,
    Replay,
    Simulation,
    TaskFailure,
    sink,
    work,
)
from sparksim.streaming import StreamingContext

SEED = 1
lesson("11", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
# driver         save(time, rdd)                    foreachRDD(save): once per batch
#                     │
#                     │ rdd.foreachPartition(write) a job that sends `write` away
#           ┌─────────┼─────────┐
# executors write(…)  write(…)  write(…)            a task per partition, beside its data
#           └─────────┼─────────┘
#                     ▼
# database       rows                               knows of no batches, tasks, attempts
# ```
#
# An **output operation** says what to do with each batch. There are three in Python: `pprint` prints the first ten
# records, `saveAsTextFiles` writes files, and `foreachRDD` calls a function of yours. Everything else (`map`,
# `reduceByKey`, windows, states) only describes; it is computed when an output operation asks for it.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
# driver         save(time, rdd)                    foreachRDD(save): once per batch
#                     │
#                     │ rdd.foreachPartition(write) a job that sends `write` away
#           ┌─────────┼─────────┐
# executors write(…)  write(…)  write(…)            a task per partition, beside its data
#           └─────────┼─────────┘
#                     ▼
# database       rows                               knows of no batches, tasks, attempts
# ```
#
# **输出操作**（output operation）规定对每个批次（batch）做什么。Python 中有三种：`pprint` 打印前十条记录，`saveAsTextFiles` 写文件，
# `foreachRDD` 调用你的函数。其他一切（`map`、`reduceByKey`、窗口、状态）都只是描述，直到某个输出操作需要时才被计算。

# %% [markdown] lang="en"
# ## The program, live
#
# Five ways to save orders in a database, all of them on the same stream. The database is SQLite, a file in a temporary
# folder. First a module of our own with what all ways share: it opens connections, inserts, and counts both. Why a module
# and not a cell? You will see at way 4.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 把订单存进数据库的五种做法，都接在同一个流上。数据库是 SQLite，即临时目录中的一个文件。先写一个我们自己的模块，放各种做法共用的东西：
# 打开连接、插入，并对两者计数。为什么是模块而不是单元格？到第 4 种做法时就明白了。

# %%
folder = TemporaryDirectory()
Path(folder.name, "orders_store.py").write_text('''
import sqlite3
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Lock

FILE = Path(__file__).parent / "orders.db"
counts = Counter()
lock = Lock()
pools = {}


def note(way, what):
    with lock:  # tasks are threads of one process here
        counts[way, what] += 1


def connect(way):
    note(way, "connections")
    return sqlite3.connect(FILE, timeout=60, check_same_thread=False)


def insert(connection, way, orders):
    rows = [(way, order) for order in orders]
    connection.executemany("insert into orders values (?, ?)", rows)
    connection.commit()
    note(way, "commits")


@contextmanager
def borrowed(way, size=2):
    """A connection of this process's pool, which the first task opens."""
    with lock:
        new = way not in pools
        pool = pools.setdefault(way, Queue())
    if new:
        for _ in range(size):
            pool.put(connect(way))
    connection = pool.get()
    yield connection
    pool.put(connection)
''')
sys.path.insert(0, folder.name)

# %%
import orders_store

with closing(sqlite3.connect(orders_store.FILE)) as connection:
    connection.execute("create table orders (way text, number integer)")

# %% [markdown] lang="en"
# Now the five ways. Each gets the RDD of a batch, on the driver:

# %% [markdown] lang="zh"
# 现在是五种做法。每一种都在驱动程序（driver）上得到一个批次的 RDD：


# %%
def way_1(rdd):
    """The driver opens a connection, and the executors use it."""
    with closing(orders_store.connect("1 on the driver")) as connection:
        rdd.foreach(lambda order: orders_store.insert(connection, "1 on the driver", [order]))


def way_2(rdd):
    """Each record opens a connection."""

    def save(order):
        with closing(orders_store.connect("2 per record")) as connection:
            orders_store.insert(connection, "2 per record", [order])

    rdd.foreach(save)


def way_3(rdd):
    """Each partition opens a connection."""

    def save(orders):
        with closing(orders_store.connect("3 per partition")) as connection:
            for order in orders:
                orders_store.insert(connection, "3 per partition", [order])

    rdd.foreachPartition(save)


def way_4(rdd):
    """Each partition borrows a connection from the pool of its process."""

    def save(orders):
        with orders_store.borrowed("4 pool") as connection:
            for order in orders:
                orders_store.insert(connection, "4 pool", [order])

    rdd.foreachPartition(save)


def way_5(rdd):
    """The same, and all rows of a partition in one statement and one transaction."""

    def save(orders):
        with orders_store.borrowed("5 pool, one commit") as connection:
            orders_store.insert(connection, "5 pool, one commit", list(orders))

    rdd.foreachPartition(save)


# %% [markdown] lang="en"
# ## Predict
#
# Two batches come, each of 20 orders in 4 partitions. Two tasks run at a time (`local[2]`), and a pool holds two
# connections. How many connections does way 3, one per partition, open in all?

# %% [markdown] lang="zh"
# ## 预测
#
# 来了两个批次，每个批次 20 个订单，分在 4 个分区（partition）中。同时运行两个任务（`local[2]`），连接池中有两个连接。
# 第 3 种做法（每个分区一个连接）一共打开多少个连接？

# %% predict="connections of way 3"
{
    "answer": 8,
    "why": (
        "4 partitions in each of 2 batches. The next batch knows nothing of the connections of the last.",
        "2 个批次，每批 4 个分区。下一个批次并不知道上一个批次的连接。",
    ),
    "mistakes": {
        4: (
            "That is one batch. What remains of its connections when the second comes?",
            "那是一个批次。第二个批次到来时，它的连接还在吗？",
        ),
        2: (
            "Two at a time; but each is closed at the end of its partition.",
            "同时有两个；但每个连接在分区结束时就关闭了。",
        ),
        40: ("That is way 2, a connection per record.", "那是第 2 种做法，每条记录一个连接。"),
    },
}

# %% [markdown] lang="en"
# Now run all five on one stream. The five output operations of a batch run one after another, in the order of the
# program. An empty batch is left alone.

# %% [markdown] lang="zh"
# 现在在一个流上运行全部五种。每个批次的五个输出操作按程序中的顺序一个接一个运行。空批次直接跳过。


# %%
def unless_empty(way):
    def save(rdd):
        if rdd.isEmpty():
            return
        try:
            way(rdd)
        except Exception as error:
            reason = str(error).partition("it holds")[2].partition(". ")[0]
            print(f"{way.__name__} fails: the function holds{reason}")

    return save


def five_ways(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    orders = lines.map(lambda line: (int(line), None)).partitionBy(4).map(lambda pair: pair[0])
    for way in (way_1, way_2, way_3, way_4, way_5):
        orders.foreachRDD(unless_empty(way))


orders = [(second + 0.4 + 0.01 * n, 20 * second + n) for second in (0, 1) for n in range(20)]

run = live(five_ways, network={"localhost:9999": Replay(orders)}, batch=1.0, until=2.5)

# %%
with closing(sqlite3.connect(orders_store.FILE)) as connection:
    saved = dict(connection.execute("select way, count(*) from orders group by way"))

print(f"{'way':<20} connections   commits   rows")
for way, rows in sorted(saved.items()):
    asked = [orders_store.counts[way, what] for what in ("connections", "commits")]
    print(f"{way:<20} {asked[0]:>11} {asked[1]:>9} {rows:>6}")

confirm("connections of way 3", orders_store.counts["3 per partition", "connections"])

# %% [markdown] lang="en"
# **Way 1** fails in each batch, before a single task starts: the function that is sent to the executors holds a
# connection, which is a file or a socket of *this* process and cannot be pickled.
#
# **Way 2** works and opens a connection per record. Opening one is a handshake and a login, more work than the row.
#
# **Way 3** uses `foreachPartition`, which hands a whole partition to the function: a connection per partition and batch.
#
# **Way 4** opens two connections for as long as the program runs. The pool lives in a *module*, which every process
# imports for itself. A pool made in a cell would be part of the function: pickled, sent, and made anew in every task.
#
# **Way 5** also sends all rows of a partition in one transaction: 8 commits instead of 40. So a task saves all of its
# partition or nothing.

# %% [markdown] lang="zh"
# **第 1 种**在每个批次中都失败，一个任务都还没启动：要发送给执行器（executor）的函数含有一个连接，而连接是*这个*进程的文件或套接字，不能被序列化。
#
# **第 2 种**可行，但每条记录打开一个连接。打开连接需要握手和登录，比写一行更费事。
#
# **第 3 种**使用 `foreachPartition`，它把整个分区交给函数：每个批次的每个分区一个连接。
#
# **第 4 种**在程序运行期间一共只打开两个连接。连接池放在一个*模块*里，每个进程各自导入它。
# 如果在单元格里创建连接池，它就成为函数的一部分：被序列化、发送，并在每个任务中重新创建。
#
# **第 5 种**还把一个分区的所有行放进一个事务（transaction）：提交 8 次而不是 40 次。于是一个任务要么保存整个分区，要么什么都不保存。

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Who runs what? `TaskContext.get()` is `None` on the driver:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 谁运行什么？在驱动程序上 `TaskContext.get()` 为 `None`：

# %%
CLUSTER = Cluster(executors=3, cores=2)


def simulated(program, load, *, until, batch=1.0, **others):
    surroundings = {"network": {"localhost:9999": load}, "cluster": CLUSTER, "seed": SEED}
    return Simulation(program, batch=batch, **surroundings, **others).run(until=until)


def where_am_i(ssc):
    def write(lines):
        print(f"    in a task: partition {TaskContext.get().partitionId()}, {list(lines)}")

    def save(time, rdd):
        print(f"batch of second {time:%S}, on the driver: {TaskContext.get()}")
        rdd.foreachPartition(write)

    ssc.socketTextStream("localhost", 9999).foreachRDD(save)


typed = [(0.5, "to be"), (0.7, "or not"), (0.75, "to be")]
print(simulated(where_am_i, Replay(typed), until=2.5).output)

# %% [markdown] lang="en"
# The second batch is empty: `save` runs all the same, and there is no partition to write.
#
# What do the four ways that work cost on a cluster? Let opening a connection take 50 ms, a row 2 ms and a commit 10 ms. `work(s)`
# keeps a core busy for so long. 100 orders a second, batches of 2 seconds:

# %% [markdown] lang="zh"
# 第二个批次是空的：`save` 照样运行，只是没有分区可写。
#
# 可行的四种做法在集群上代价如何？设打开一个连接要 50 毫秒，写一行 2 毫秒，提交一次 10 毫秒。`work(s)` 让一个核心（core）忙这么久。
# 每秒 100 个订单，批次为 2 秒：

# %%
CONNECT, ROW, COMMIT = 0.050, 0.002, 0.010


def per_record(orders):
    for _ in orders:
        work(CONNECT + ROW + COMMIT)


def per_partition(orders):
    work(CONNECT)
    for _ in orders:
        work(ROW + COMMIT)


def pool(orders):
    for _ in orders:
        work(ROW + COMMIT)


def pool_and_one_commit(orders):
    for _ in orders:
        work(ROW)
    work(COMMIT)


def saving(write):
    def program(ssc):
        lines = ssc.socketTextStream("localhost", 9999)
        lines.foreachRDD(lambda rdd: rdd.foreachPartition(write))

    return program


runs = {
    write.__name__: simulated(saving(write), Constant(rate=100), until=21, batch=2.0)
    for write in (per_record, per_partition, pool, pool_and_one_commit)
}
print(f"{'way':<22} processing time   delay of the last batch")
for way, run in runs.items():
    done = run.batches.where(status="completed")
    third, last = done[2].processing_time_ms / 1000, done[-1].total_delay_ms / 1000
    print(f"{way:<22} {third:>13.2f} s   {last:>21.2f} s")

runs["per_record"].figure(end=16)

# %% [markdown] lang="en"
# With a connection per record a batch takes longer than its interval: batches wait in a queue that grows without end.
# Are more machines a way out? Try it: how far do twice as many executors help way 2? And with how few executors does way
# 5 still keep up (`pool_and_one_commit` in place of `per_record`)?

# %% [markdown] lang="zh"
# 每条记录一个连接时，一个批次所用的时间超过批次间隔：批次在队列中等待，队列无限增长。
# 增加机器是出路吗？试一试：执行器加倍对第 2 种做法有多大帮助？而第 5 种做法（用 `pool_and_one_commit` 代替 `per_record`）
# 用多少个执行器就跟得上？

# %%
lab(
    Simulation(
        saving(per_record),
        network={"localhost:9999": Constant(rate=100)},
        batch=2.0,
        cluster=CLUSTER,
        seed=SEED,
    ),
    until=20,
)

# %% [markdown] lang="en"
# When you have tried, compare:
#
# <details><summary>Answer</summary>
#
# With six executors a batch of way 2 still takes more than 2.4 s, so the queue still grows, only more slowly: a task waits
# for a core of a machine that has its block, and the other cores stand idle. Way 5 keeps up with a single executor, in
# less than 1 s per batch.
# </details>
#
# ### What `pprint` and `saveAsTextFiles` do
#
# `pprint` needs eleven records: ten to print, one more to know whether to print `...`. It does not compute the whole batch
# for that. One Spark job looks into the first partition; if that is too little, another job looks into the next ones, at
# most four times as many as were looked into so far, and so on until there are eleven or no partition is left.
#
# Six cores, so six partitions after `reduceByKey`. A batch has three different words. How many Spark jobs does `pprint`
# run for it?

# %% [markdown] lang="zh"
# 试过之后，对照一下：
#
# <details><summary>答案</summary>
#
# 用六个执行器时，第 2 种做法的一个批次仍要 2.4 秒以上，所以队列仍在增长，只是慢一些：任务要等待存有其数据块的机器上的核心，
# 而其他核心闲着。第 5 种做法用一个执行器就跟得上，每个批次不到 1 秒。
# </details>
#
# ### `pprint` 和 `saveAsTextFiles` 做了什么
#
# `pprint` 需要十一条记录：打印十条，再多一条以便知道是否要打印 `...`。它不会为此计算整个批次。先用一个 Spark 作业（job）看第一个分区；
# 不够的话，再用一个作业看接下来的几个，最多是已看分区数的四倍，如此继续，直到有了十一条或没有剩余的分区。
#
# 六个核心，所以 `reduceByKey` 之后有六个分区。一个批次有三个不同的单词。`pprint` 为它运行几个 Spark 作业？

# %% predict="jobs of pprint"
{
    "answer": 3,
    "why": (
        "First partition 0 alone; that is too little, so the next four; still too little, so the last one. (pprint calls "
        "take(11).)",
        "先只看分区 0；不够，再看接下来四个；仍不够，再看最后一个。（pprint 调用的是 take(11)。）",
    ),
    "mistakes": {
        1: (
            "One output operation; but it looks for its records step by step, and each step is a job.",
            "输出操作只有一个；但它一步一步地找记录，每一步都是一个作业。",
        ),
        2: (
            "The second job looks into at most four times one partition. Is one left?",
            "第二个作业最多看一个分区的四倍。还剩下分区吗？",
        ),
        6: ("The second job looks into four partitions at once.", "第二个作业一次就看四个分区。"),
    },
}


# %%
def word_count(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    counts.pprint()


def lines_as_they_are(ssc):
    ssc.socketTextStream("localhost", 9999).pprint()


run = simulated(word_count, Replay([(0.5, "spark kafka flink")]), until=2.5)
confirm("jobs of pprint", len(run.jobs.where(batch_time_ms=1000)))

run = simulated(lines_as_they_are, Replay([(0.5, "spark kafka flink")]), until=2.5)
for second in (1, 2):
    jobs = len(run.jobs.where(batch_time_ms=second * 1000))
    print(f"lines as they are, batch of second {second}, jobs: {jobs}")

# %% [markdown] lang="en"
# The batch of second 2 has no block, so no partition, so nothing to run; the head line is printed all the same.
#
# `saveAsTextFiles(prefix, suffix)` makes a directory `prefix-TIME_IN_MS.suffix` in every batch, with a file per
# partition:

# %% [markdown] lang="zh"
# 第 2 秒的批次没有数据块，也就没有分区，没有可运行的作业；标题行照样打印。
#
# `saveAsTextFiles(prefix, suffix)` 在每个批次中建立一个目录 `prefix-TIME_IN_MS.suffix`，每个分区一个文件：


# %%
def word_count_in_files(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    counts = words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b)
    counts.saveAsTextFiles(f"{folder.name}/counts", "txt")


simulated(word_count_in_files, Replay([(0.5, "spark kafka flink spark")]), until=2.5)

for directory in sorted(Path(folder.name).glob("counts-*")):
    parts = sorted(directory.glob("part-*"))
    lines = "".join(part.read_text() for part in parts).split("\n")
    print(directory.name, f"{len(parts)} files", lines[:-1])

# %% [markdown] lang="en"
# Files for empty partitions and directories for empty batches as well: in a day of one-second batches that makes half a
# million files. Take fewer partitions (`reduceByKey(add, 1)`) or longer batches.

# %% [markdown] lang="zh"
# 空分区也有文件，空批次也有目录：每秒一个批次，一天就是五十万个文件。请减少分区数（`reduceByKey(add, 1)`）或加长批次。

# %% [markdown] lang="en"
# ## Break it
#
# A task fails in the middle of its partition, and Spark runs it again. 60 orders come in one batch, in three partitions.
# Three programs write them to a table, each row taking 10 ms:

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 一个任务在处理分区的中途失败，Spark 再次运行它。一个批次有 60 个订单，分在三个分区中。三个程序把它们写进表，每行用 10 毫秒：

# %%
table = sink("orders")  # a table outside of all processes: it outlives executors and drivers


def insert(orders):
    for order in orders:
        work(0.010)
        table.insert(order, "paid")  # a new row, always


def insert_in_a_transaction(orders):
    with table.transaction():  # all of it or nothing
        for order in orders:
            work(0.010)
            table.insert(order, "paid")


def upsert(orders):
    for order in orders:
        work(0.010)
        table.upsert(order, "paid")  # the row of this key: the old one if there is one


# Sixty orders, all of them in the batch of second 2.
sixty = Replay([(1.205 + 0.010 * n, n) for n in range(60)])

# %% [markdown] lang="en"
# At 2.15 s the running task fails. How many of the three programs end with exactly 60 rows?

# %% [markdown] lang="zh"
# 2.15 秒时正在运行的任务失败。三个程序中有几个最后恰好有 60 行？

# %% predict="exact after a task"
{
    "answer": 2,
    "why": (
        "The transaction of the failed attempt was never committed; the upsert writes the same rows once more. Only the "
        "plain insert has some rows twice.",
        "失败的那次尝试的事务从未提交；upsert 把同样的行再写一次。只有普通的 insert 有些行写了两次。",
    ),
    "mistakes": {
        3: (
            "Spark runs the task again from its first record. What became of the rows that it had written?",
            "Spark 从第一条记录开始重新运行任务。它已经写入的行怎么办？",
        ),
        1: (
            "There are two ways out: write nothing until all is there, or write it so that twice is like once.",
            "有两条出路：全部就绪之前什么都不写，或者让写两次等同于写一次。",
        ),
        0: ("A task that fails is run again, so no row is missing.", "失败的任务会重新运行，所以不会缺行。"),
    },
}


# %%
def compare(faults):
    """The rows that each program leaves, and the runs."""
    rows, runs = {}, {}
    for write in (insert, insert_in_a_transaction, upsert):
        runs[write.__name__] = run = simulated(
            saving(write),
            sixty,
            until=7,
            faults=faults,
            checkpoint="sim://checkpoint",
            storage_level=StorageLevel.MEMORY_AND_DISK,
            conf={"spark.streaming.receiver.writeAheadLog.enable": True},
        )
        found = run.sink("orders").rows
        rows[write.__name__] = len(found)
        different = len(set(found.column("key")))
        print(f"{write.__name__:<24} {len(found):>4} rows for {different} orders")
    return rows, runs


rows, runs = compare([TaskFailure(at=2.15)])
confirm("exact after a task", list(rows.values()).count(60))
runs["insert"].figure(start=1.9, end=3.2)

# %% [markdown] lang="en"
# The striped task is the failed attempt. It had written some rows, and what is written is written. On the timeline, click
# it to see its reason, and the sink's lane below to see which rows were written when:

# %% [markdown] lang="zh"
# 带条纹的任务就是失败的那次尝试。它已经写了一些行，写了就是写了。在时间线上点击它可以看到原因；点击下方 sink 那一行可以看到哪些行在何时写入：

# %%
runs["insert"].timeline()

# %% [markdown] lang="en"
# Now the driver dies, just after the batch of second 2 has been saved, and starts again a second later. Its checkpoint
# does not know yet that the batch is done. The lines are safe in a write-ahead log. How many programs end with exactly 60
# rows this time?

# %% [markdown] lang="zh"
# 现在换成驱动程序死亡：就在第 2 秒的批次刚保存完之后，并在一秒后重新启动。它的检查点（checkpoint）还不知道这个批次已完成。
# 这些行安全地存在预写日志（write-ahead log, WAL）中。这一次有几个程序最后恰好有 60 行？

# %% predict="exact after the driver"
{
    "answer": 1,
    "why": (
        "The whole batch runs again. Its transactions had been committed, so they are committed twice. Only a row that is "
        "found by its key and replaced is there once.",
        "整个批次重新运行。它的事务已经提交过，所以又提交了一次。只有按键找到并被替换的行才只有一份。",
    ),
    "mistakes": {
        2: (
            "The transaction helps where nothing was committed. Here all of it was.",
            "事务只在什么都没提交时有用。而这里已经全部提交了。",
        ),
        3: (
            "The driver does not know that the batch was done, and runs it again.",
            "驱动程序不知道这个批次已完成，会再运行一次。",
        ),
        0: ("An upsert finds the rows of the first time.", "upsert 能找到第一次写入的行。"),
    },
}

# %%
rows, runs = compare([DriverCrash(AtBatch(2, "completed"), restart_after=1)])
confirm("exact after the driver", list(rows.values()).count(60))

# %% [markdown] lang="en"
# Spark tries again: up to four attempts of a task, and the whole batch after a restart. So what is saved is saved **at
# least once**; that it is saved once only, Spark never promises. To be repeated without harm, a write must be
# **idempotent**: doing it twice is like doing it once. For that each row needs a key that is the
# same in every attempt:
#
# | what is written | key |
# |---|---|
# | records with an identity | their own, as here the order |
# | totals of a batch | (batch time, word): `foreachRDD(lambda time, rdd: ...)` gives the time |
# | records without an identity | (batch time, partition), for a row that holds all of the partition |
#
# A random number or the time of the clock is no such key: it is another one in the second attempt. The last line of the
# table as a program:

# %% [markdown] lang="zh"
# Spark 会重试：一个任务最多尝试四次，重新启动后整个批次再来一次。所以保存下来的内容是**至少一次**（at least once）；
# Spark 从不承诺只保存一次。要想重复而无害，写入必须是**幂等**（idempotent）的：做两次等同于做一次。为此每一行都需要一个在每次尝试中都相同的键：
#
# | 写入的内容 | 键 |
# |---|---|
# | 有自身标识的记录 | 自己的标识，如这里的订单号 |
# | 一个批次的总数 | （批次时间，单词）：`foreachRDD(lambda time, rdd: ...)` 给出时间 |
# | 没有标识的记录 | （批次时间，分区），一行存放整个分区 |
#
# 随机数或时钟时间不是这样的键：第二次尝试时它就变了。表中最后一行写成程序：

# %%
parts = sink("parts")


def save_parts(time, rdd):
    batch_ms = round(time.timestamp() * 1000)  # the batch's time, not the clock's

    def write(orders):
        parts.upsert((batch_ms, TaskContext.get().partitionId()), list(orders))

    rdd.foreachPartition(write)


def orders_in_parts(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(save_parts)


run = simulated(
    orders_in_parts,
    sixty,
    until=7,
    checkpoint="sim://checkpoint",
    storage_level=StorageLevel.MEMORY_AND_DISK,
    faults=[DriverCrash(AtBatch(2, "completed"), restart_after=1)],
    conf={"spark.streaming.receiver.writeAheadLog.enable": True},
)
for row in run.sink("parts").rows:
    print(row.key, f"{len(row.value)} orders, written {row.writes} times")

# %% [markdown] lang="en"
# This holds where a second attempt sees the same partition, as with received blocks. After a shuffle the order of records
# may change, but a key stays in its partition.

# %% [markdown] lang="zh"
# 前提是第二次尝试看到同样的分区，接收到的数据块就是这样。经过洗牌（shuffle）之后，记录的顺序可能改变，但同一个键仍在它的分区里。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Without an output operation the data is read and thrown away."** The program does not even start. *Source:
# `DStreamGraph.validate`.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“没有输出操作，数据就被读取后丢弃。”** 程序根本不会启动。*来源：`DStreamGraph.validate`。*


# %%
def no_output(ssc):
    ssc.socketTextStream("localhost", 9999).map(lambda line: line.upper())


try:
    simulated(no_output, Constant(rate=5), until=2)
except Exception as error:
    print(error)

# %% [markdown] lang="en"
# **"`foreachRDD` computes the batch."** Your function gets a description. Without an *action* in it (`count`, `collect`,
# `foreachPartition`, ...) no job runs, no record is looked at, and the batch counts as done. Below, each record would fail
# with a division by zero:

# %% [markdown] lang="zh"
# **“`foreachRDD` 会计算这个批次。”** 你的函数得到的只是一个描述。如果里面没有*行动操作*（action，如 `count`、`collect`、`foreachPartition`），
# 就不运行作业，不看任何记录，而批次仍算完成。下面的每条记录本来都会因除以零而失败：


# %%
def no_action(ssc):
    broken = ssc.socketTextStream("localhost", 9999).map(lambda line: 1 / 0)
    broken.foreachRDD(lambda rdd: None)


run = simulated(no_action, Constant(rate=5), until=4.5)
for batch in run.batches[1:]:
    jobs = len(run.jobs.where(batch_time_ms=batch.batch_time_ms))
    second = batch.batch_time_ms // 1000
    print(f"batch of second {second}: {batch.records} records, jobs: {jobs}, {batch.status}")

# %% [markdown] lang="en"
# **"I collect results in a list of the driver."** The task gets a *copy* of the list, fills it, and throws it away.
# *Source: closures are serialised for each task (`ClosureCleaner`).* Use `rdd.collect()` for few rows, an accumulator for
# a sum, a database for the rest.

# %% [markdown] lang="zh"
# **“我把结果收集到驱动程序的一个列表里。”** 任务得到的是列表的*副本*，填好之后就丢掉了。*来源：闭包为每个任务序列化（`ClosureCleaner`）。*
# 行数少用 `rdd.collect()`，求和用累加器（accumulator），其余的用数据库。


# %%
def into_a_list(ssc):
    seen = []

    def save(rdd):
        rdd.foreach(seen.append)
        print("appended to the list:", seen, " collected:", rdd.collect())

    ssc.socketTextStream("localhost", 9999).foreachRDD(save)


print(simulated(into_a_list, Replay([(0.5, "spark"), (0.7, "kafka")]), until=1.5).output)

# %% [markdown] lang="en"
# **"Try one way, `stop(False)`, then add the next and start again."** A course shows five ways to a database in one
# program like that. It cannot work: after `start` nothing can be added, and a stopped context never starts again. Define
# all outputs first, as above, or make a new StreamingContext. *Source: `DStream.validateAtInit`,
# `StreamingContext.start`.*

# %% [markdown] lang="zh"
# **“先试一种做法，`stop(False)`，再加上下一种并重新启动。”** 有的课程就这样在一个程序里展示写数据库的五种做法。这行不通：
# `start` 之后什么都不能再添加，停止了的上下文也不能再次启动。请像上面那样先定义所有输出，或者新建一个 StreamingContext。
# *来源：`DStream.validateAtInit`、`StreamingContext.start`。*

# %%
sc = SparkContext("local[2]", "one context")
ssc = StreamingContext(sc, 1)
stream = ssc.queueStream([["to be"]])
stream.foreachRDD(lambda rdd: None)
ssc.start()
for name, step in (
    ("add an output", stream.pprint),
    ("stop(False)", lambda: ssc.stop(stopSparkContext=False)),
    ("add an output", stream.pprint),
    ("start again", ssc.start),
):
    try:
        step()
        print(f"{name}: done")
    except Exception as error:
        print(f"{name}: {error}")
sc.stop()

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# A sink takes no time of its own and never refuses: it stands for a database that is always up. A real one has a limit of
# connections (100 is common), locks, deadlocks and a network in between. In the live run all tasks were threads of one
# process with one pool; on a cluster each executor process has its own, so a pool of 2 on 50 executors is 100 connections.
# SQLite lets one writer at a time in, so it says nothing about speed on a cluster; the seconds came from `work`.
# And what a task prints is in the log of its executor there; here all of it stands on one page.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 模拟的表（sink）自身不耗时，也从不拒绝：它代表一个永远可用的数据库。真实的数据库有连接数上限（常见的是 100）、锁、死锁，中间还有网络。
# 在真实运行中，所有任务都是同一个进程的线程，只有一个连接池；在集群上每个执行器进程各有一个，所以 50 个执行器各有大小为 2 的池，就是 100 个连接。
# SQLite 同一时刻只允许一个写入者，所以它不能说明集群上的速度；上面的秒数来自 `work`。
# 此外，在集群上任务打印的内容在其执行器的日志里；这里则全部显示在同一页上。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A batch has 12 partitions, of which 9 are empty. How many connections does way 3 open, and how would you save some?
#    <details><summary>Answer</summary>
#
#    12: `foreachPartition` calls the function for empty partitions too. Look for the first record before you connect, or
#    `coalesce` to fewer partitions.
#    </details>
#
# 2. Totals of each batch are added to a table: `update t set n = n + ? where word = ?`. Is that idempotent?
#    <details><summary>Answer</summary>
#
#    No: done twice, it adds twice. Write the totals of each batch under (batch time, word) and add up when reading; or keep
#    the running total in a state (lesson 7) and write it with its key.
#    </details>
#
# 3. `foreachRDD(lambda rdd: save_all(rdd.collect()))`, with one connection on the driver. Is it wrong?
#    <details><summary>Answer</summary>
#
#    It works, for nothing is sent to the executors but `collect`. For ten rows a batch it is even the simplest way. For many
#    rows the driver becomes the bottleneck, or runs out of memory.
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个批次有 12 个分区，其中 9 个是空的。第 3 种做法打开几个连接？怎样省下一些？
#    <details><summary>答案</summary>
#
#    12 个：空分区也会调用 `foreachPartition` 的函数。先看有没有第一条记录再连接，或用 `coalesce` 减少分区。
#    </details>
#
# 2. 把每个批次的总数累加到表中：`update t set n = n + ? where word = ?`。这是幂等的吗？
#    <details><summary>答案</summary>
#
#    不是：做两次就加两次。请把每个批次的总数存在（批次时间，单词）之下，读取时再相加；或者把累计总数放在状态里（第 7 课），连同键一起写入。
#    </details>
#
# 3. `foreachRDD(lambda rdd: save_all(rdd.collect()))`，在驱动程序上用一个连接。这样错了吗？
#    <details><summary>答案</summary>
#
#    可行，因为除了 `collect` 没有别的东西发送给执行器。每批十行时这甚至是最简单的做法。行数很多时，驱动程序会成为瓶颈，或内存不足。
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 11](../../exercises/en/ex11_outputs.ipynb): print, save by partition, and save so that a failed task does no
# harm. `sparksim grade 11` says how far you are. `examples/databases` has the five ways for real databases. Next: lesson
# 12, where a batch is a table.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 11](../../exercises/zh/ex11_outputs.ipynb)：打印、按分区保存，以及让失败的任务不造成损害的保存。
# `sparksim grade 11` 会告诉你做到了哪一步。`examples/databases` 中有用于真实数据库的五种做法。下一课是第 12 课：批次就是一张表。
