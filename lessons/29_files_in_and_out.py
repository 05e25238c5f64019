# %% [markdown] lang="en"
# # 29. Files in and out: folders that two queries can trust
#
# **The question.** A folder is the oldest queue there is: one program puts files in, another takes them out. What must both
# of them keep to, so that every row comes through once, also when one of them dies half way?
#
# *About 40 minutes. You need lessons 4 (files) and 23 (the unbounded table).*

# %% [markdown] lang="zh"
# # 29. 文件的读入与写出：两个查询都能信赖的目录
#
# **问题。** 目录是最古老的队列：一个程序放入文件，另一个取走。双方必须遵守什么，才能让每一行都恰好通过一次，即使其中一方中途死亡？
#
# *约 40 分钟。需要第 4 课（文件）和第 23 课（无界表）。*

# %%
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill

import fsspec

from sparksim.course import batch_by_batch, confirm, lesson, predict
from sparksim.sim import Cluster, DriverCrash, QuerySimulation
from sparksim.sql import SparkSession

SEED = 1
lesson("29", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#   in/                 checkpoint/                          out/
#   a.csv  ──┐  list    sources/0/0   a.csv   (1)            part-00000-….json   (3)
#   b.csv  ──┼───────►  offsets/0     "entry 0"  (2)  ────►  _spark_metadata/0   (4)
#   _c.csv   │          commits/0             (5)            part-00000-….json
#   d.csv  ──┘          sources/0/1   b.csv, d.csv           _spark_metadata/1
#                       ...
# ```
#
# **In.** The folder is an input table, a file is a piece of it. At each trigger the source lists the folder and takes the files
# that it has not seen, the oldest first. *Which* files these are it writes down (1) before anything is done with them, and
# the offset log (2) says up to which entry batch 0 goes. A second run of batch 0 has the same files.
#
# **Out.** Each task writes its file straight into the target folder (3). When all have succeeded, the driver writes one
# more small file with the list of them (4): only now they count. Then the batch is committed (5). A batch whose number is in
# the sink's list already is not written again.
#
# So there are two lists beside the data: the source's, of what was taken, and the sink's, of what counts.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#   in/                 checkpoint/                          out/
#   a.csv  ──┐  list    sources/0/0   a.csv   (1)            part-00000-….json   (3)
#   b.csv  ──┼───────►  offsets/0     "entry 0"  (2)  ────►  _spark_metadata/0   (4)
#   _c.csv   │          commits/0             (5)            part-00000-….json
#   d.csv  ──┘          sources/0/1   b.csv, d.csv           _spark_metadata/1
#                       ...
# ```
#
# **读入。** 目录是输入表，一个文件是它的一段。每次触发（trigger）时，数据源列出目录，取出没见过的文件，最旧的在先。取了*哪些*文件，
# 它在做任何处理之前先记下（1）；偏移量（offset）日志（2）说明批次（batch）0 到哪一条记录为止。批次 0 再次运行时，文件完全相同。
#
# **写出。** 每个任务（task）把文件直接写入目标目录（3）。全部成功后，驱动程序（driver）再写一个小文件，列出它们（4）：
# 从这一刻起它们才算数。然后提交批次（5）。如果批次编号已在接收端的清单中，就不再写入。
#
# 所以在数据之外有两份清单：数据源的清单，记录取走了什么；接收端（sink）的清单，记录什么算数。

# %% [markdown] lang="en"
# ## The program, live
#
# A folder of our own, and a writer that does it right: it writes under a hidden name, and renames when the file is
# complete. The time of the last change is set by hand here, so that the order is known.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 我们自己的目录，以及一个做法正确的写入者：先以隐藏的名字写，文件完整之后再改名。这里手动设置最后修改时间，使次序确定。

# %%
folder = TemporaryDirectory()
os.chdir(folder.name)
Path("in").mkdir()
SCHEMA = "id int, user string, amount double"

spark = SparkSession.builder.master("local[2]").appName("files").getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", 2)


def put(name, text, second):
    hidden = Path("in", f".{name}")
    hidden.write_text(text)
    os.utime(hidden, (second, second))
    hidden.rename(Path("in", name))


def refused(attempt):
    try:
        attempt()
    except Exception as error:
        text = str(error).replace(f"file:{folder.name}/", "")
        print(fill(f"{type(error).__name__}: {text}", 90), end="\n\n")


refused(lambda: spark.readStream.csv("in"))
refused(lambda: spark.readStream.schema(SCHEMA).csv("incoming"))

# %% [markdown] lang="en"
# **The schema must be given.** A table has columns before it has rows, and the first file may come only tomorrow. A folder that is
# not there is refused as well.
#
# Now three files are there. The source takes one per batch.

# %% [markdown] lang="zh"
# **必须给出模式（schema）。** 表在有行之前就有列，而第一个文件可能明天才到。不存在的目录同样被拒绝。
#
# 现在有三个文件。数据源每个批次取一个。

# %%
put("c.csv", "1,ann,20\n2,bob,30\n", second=1000)
put("a.csv", "3,ann,50\n", second=3000)
put("b.csv", "4,cid,10\n", second=2000)
put("_d.csv", "5,dan,99\n", second=1500)

# %% [markdown] lang="en"
# ## Predict
#
# The first batch holds one file. Which?

# %% [markdown] lang="zh"
# ## 预测
#
# 第一个批次只含一个文件。是哪一个？

# %% predict="first file"
{
    "answer": "c.csv",
    "why": (
        "The oldest by the time of its last change, 1000. Names play no part, but for those that begin with _ or a dot.",
        "最后修改时间最早的一个：1000。名字不起作用，除非以 _ 或点号开头。",
    ),
    "mistakes": {
        "a.csv": ("That is the first by name. Files are sorted by time.", "那是按名字的第一个。文件按时间排序。"),
        "_d.csv": ("A name that begins with _ or . is hidden.", "以 _ 或 . 开头的名字是隐藏的。"),
    },
}


# %%
def show(rows, batch):
    print(f"batch {batch}:", [tuple(row) for row in rows.collect()])


FILE_OF = {1: "c.csv", 3: "a.csv", 4: "b.csv", 5: "_d.csv"}
firsts = []


def note(rows, batch):
    show(rows, batch)
    firsts.append(FILE_OF[rows.collect()[0].id])


events = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 1).csv("in")
query = events.writeStream.foreachBatch(note).start()
query.processAllAvailable()
confirm("first file", firsts[0])

# %% [markdown] lang="en"
# The query still runs. Somebody writes into the folder without care: `e.csv` appears with half its text, is read, and gets
# the rest a moment later. The whole file has two lines, `6,eve,120` and `7,eve,5`; the first half ends after the letters
# `6,eve,1`.
#
# What does the query have of eve in the end: what is the sum of her amounts?

# %% [markdown] lang="zh"
# 查询仍在运行。有人不小心地写入目录：`e.csv` 出现时只有一半文本，被读取，片刻之后才得到其余部分。整个文件有两行，
# `6,eve,120` 和 `7,eve,5`；前一半到字符 `6,eve,1` 为止。
#
# 最终查询得到 eve 的什么：她的金额之和是多少？

# %% predict="half a file"
{
    "answer": 1,
    "why": (
        "A file is read once. What was there was 6,eve,1: a good row, with a wrong amount, and nobody notices.",
        "文件只读一次。当时的内容是 6,eve,1：一个合格的行，金额却是错的，而且没有人察觉。",
    ),
    "mistakes": {
        125: (
            "The source does not come back to a file that it has seen, even if it was changed.",
            "数据源不会回到它见过的文件，即使文件被修改过。",
        ),
        0: ("Half a line is a line: the end of the file ends it.", "半行也是一行：文件结束，行就结束。"),
        126: ("Then the file would be read twice.", "那样文件就被读了两次。"),
    },
}

# %%
amounts = []
query.stop()
events = spark.readStream.schema(SCHEMA).csv("in/e*.csv")
query = events.writeStream.foreachBatch(lambda rows, _: amounts.extend(rows.collect())).start()
Path("in/e.csv").write_text("6,eve,1")
query.processAllAvailable()
Path("in/e.csv").write_text("6,eve,120\n7,eve,5\n")
query.processAllAvailable()
query.stop()
print([tuple(row) for row in amounts])
confirm("half a file", int(sum(row.amount for row in amounts)))

# %% [markdown] lang="en"
# No error, no warning, and a wrong sum. So: **write elsewhere or under a hidden name, then rename.** A rename within one file
# system is one step; a copy is not.
#
# A pattern such as `in/e*.csv` may match nothing at first, and therefore a wrong one is not refused. It waits:

# %% [markdown] lang="zh"
# 没有错误，没有警告，总和却是错的。所以：**先写到别处或用隐藏的名字，再改名。** 同一文件系统内的改名是一步完成的；复制则不是。
#
# `in/e*.csv` 这样的模式起初可以什么都不匹配，因此写错的模式也不会被拒绝。它只是等待：

# %%
misspelt = spark.readStream.schema(SCHEMA).csv("inn/e*.csv")
query = misspelt.writeStream.foreachBatch(show).start()
query.processAllAvailable()
print(query.status["message"], "| batches:", len(query.recentProgress), "| error:", query.exception())
query.stop()

# %% [markdown] lang="en"
# ### Rows that do not fit
#
# What happens to a bad row, the option `mode` says. The default is PERMISSIVE. Here are four lines of JSON, one of them good. How
# many rows come out?

# %% [markdown] lang="zh"
# ### 不合格的行
#
# 坏行如何处理，由选项 `mode` 决定。默认为 PERMISSIVE。这里有四行 JSON，其中一行是好的。读出多少行？

# %% predict="rows of four lines"
{
    "answer": 4,
    "why": (
        "Each line gives a row. What cannot be read is NULL: one field of a wrong type, or all of them.",
        "每一行文本给出一行。读不出的是 NULL：类型不对的一个字段，或者全部字段。",
    ),
    "mistakes": {
        1: ("That is DROPMALFORMED. It has to be asked for.", "那是 DROPMALFORMED，需要明确指定。"),
        2: ("The line that is no JSON at all gives a row too.", "完全不是 JSON 的那一行也给出一行。"),
        3: ("The line that was cut off gives a row too.", "被截断的那一行也给出一行。"),
    },
}

# %%
LINES = """{"id": 7, "user": "ann"}
id: 8
{"id": "eight", "user": "bob"}
{"id": 9, "us"""
Path("bad.json").write_text(LINES)
Path("bad.csv").write_text("7,ann\nseven,ann,1\n8,ann,1,extra\n")
kept = spark.read.schema("id int, user string, _corrupt_record string").json("bad.json")
kept.show(truncate=False)
confirm("rows of four lines", kept.count())
for mode in ("PERMISSIVE", "DROPMALFORMED"):
    rows = spark.read.schema(SCHEMA).option("mode", mode).csv("bad.csv").collect()
    print(f"csv, {mode}: {[tuple(row) for row in rows]}")

# %% [markdown] lang="en"
# A CSV line that is too short is filled up with NULL, one that is too long is cut off. The third mode, FAILFAST, ends the query with
# the first bad row. A column of type string called `_corrupt_record` gets the text of each row that did not fit, so
# that a query can write the good rows to one place and the bad ones to another. **Count NULLs**: in
# PERMISSIVE mode they are the only trace of a writer that went wrong.
#
# ### A batch job that remembers
#
# `trigger(availableNow=True)` takes what is there, in as many batches as the limits ask for, and ends. The checkpoint knows what
# was done. This is a nightly job that reads each file once, without any code for that:

# %% [markdown] lang="zh"
# 太短的 CSV 行用 NULL 补齐，太长的被截断。第三种模式 FAILFAST 遇到第一个坏行就终止查询。名为 `_corrupt_record` 的 string 列
# 得到每个不合格的行的原文，于是查询可以把好行和坏行写到不同的地方。**请统计 NULL**：在 PERMISSIVE 模式下，它们是写入者出错的唯一痕迹。
#
# ### 有记忆的批处理作业
#
# `trigger(availableNow=True)` 处理已有的一切，批次数取决于各项限制，然后结束。检查点（checkpoint）记得做过什么。
# 这就是一个每夜运行的作业：每个文件只读一次，不需要为此写任何代码。


# %%
def nightly():
    events = spark.readStream.schema(SCHEMA).option("maxFilesPerTrigger", 2).csv("in/[a-d].csv")
    writer = events.writeStream.format("json").option("checkpointLocation", "checkpoint")
    query = writer.trigger(availableNow=True).start("out")
    query.awaitTermination()
    done = [progress["numInputRows"] for progress in query.recentProgress]
    print(f"rows per batch: {[rows for rows in done if rows]}, in out:", end=" ")
    print(sorted(row.id for row in spark.read.schema(SCHEMA).json("out").collect()))


nightly()
put("d.csv", "8,dan,40\n", second=4000)
nightly()
nightly()

# %%
spark.stop()
os.chdir("/")
folder.cleanup()

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Events of users, as CSV files that appear in the course of ten seconds, and the count of each user's events. Paths that
# begin with `sim://` are the simulation's own disk; every file there has its moment.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 用户事件以 CSV 文件的形式在十秒内陆续出现，统计每个用户的事件数。以 `sim://` 开头的路径是模拟器自己的磁盘；
# 那里的每个文件都有出现的时刻。

# %%
CLUSTER = Cluster(executors=2, cores=2)
ARRIVALS = [
    (1.2, "events_1.csv", "1,ann,Ulm\n2,bob,Bonn\n"),
    (3.3, "events_2.csv", "3,ann,Ulm\n4,cid,Jena\n"),
    (7.4, "events_3.csv", "5,bob,Bonn\n"),
]
FILES = {f"sim://in/{name}": (second, text) for second, name, text in ARRIVALS}
EVENTS = "event_id int, user_id string, city string"


def simulated(program, *, until=20, files=FILES, faults=()):
    simulation = QuerySimulation(program, files=files, cluster=CLUSTER, faults=faults, seed=SEED)
    return simulation.run(until=until)


def per_user(spark):
    events = spark.readStream.option("sep", ",").schema(EVENTS).csv("sim://in/events_*.csv")
    counts = events.groupBy("user_id").count().writeStream.outputMode("complete")
    counts.trigger(processingTime="2 seconds").format("console").start()


run = simulated(per_user, until=10)
print(batch_by_batch(run))

# %%
run.query_figure()

# %% [markdown] lang="en"
# A trigger without a new file runs no batch: there is none at second 6. Now the other end. The next query writes the events
# to a folder, with a folder for each city. At the end the program looks at what is on the disk.

# %% [markdown] lang="zh"
# 没有新文件的触发不运行批次：第 6 秒没有批次。现在看另一端。下一个查询把事件写入目录，每个城市一个子目录。最后，程序查看磁盘上有什么。


# %%
def short(path):
    return re.sub(r"-[0-9a-f]{8}-[0-9a-f-]{27}", "-…", path)


def copying(*columns, look=lambda spark: None):
    def program(spark):
        events = spark.readStream.schema(EVENTS).csv("sim://in")
        writer = events.writeStream.format("json").partitionBy(*columns)
        writer = writer.option("checkpointLocation", "sim://checkpoint")
        query = writer.trigger(processingTime="2 seconds").start("sim://out")
        query.awaitTermination(10)
        look(spark)

    return program


def on_disk(spark):
    disk = fsspec.filesystem("sim")
    for path in sorted(disk.find("out")):
        print(short(path))
    print(short(disk.cat("out/_spark_metadata/0").decode())[:60] + "...")
    spark.read.json("sim://out").where("city = 'Ulm'").show()


run = simulated(copying("city", look=on_disk))
print(run.output)

# %% [markdown] lang="en"
# The column `city` is not in the files; it is in the names of the folders, and a reader gets it from there. Whoever asks for
# one city opens one folder. Each batch writes new files, so that a short trigger makes many small ones: two events, two files
# here. The list `_spark_metadata/0` names the files of batch 0 with their sizes.
#
# `spark.read` saw the list and read what it names. Other programs, which know nothing of `_spark_metadata`, see all files that are there.

# %% [markdown] lang="zh"
# `city` 列不在文件里，而在目录名里，读取者由此得到它。只查一个城市，就只打开一个目录。每个批次都写新文件，所以短的触发间隔会产生许多小文件：
# 这里两个事件就是两个文件。清单 `_spark_metadata/0` 列出批次 0 的文件及其大小。
#
# `spark.read` 看到清单，只读取其中列出的文件。别的程序对 `_spark_metadata` 一无所知，看到的是目录中的所有文件。

# %% [markdown] lang="en"
# ## Break it
#
# **The driver dies**, at 4.09 s: the task of batch 1 has written its file, and the list has not been written. A second
# later the driver comes back and runs batch 1 again. All five events have come in three batches, without folders for cities
# this time. In the end, how many rows does a program find that reads all `part-…` files?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **驱动程序死亡**，在 4.09 秒：批次 1 的任务已写好文件，而清单还没有写。一秒后驱动程序回来，重新运行批次 1。
# 五个事件分三个批次到来，这次没有城市目录。最后，一个读取所有 `part-…` 文件的程序会得到多少行？

# %% predict="rows for other readers"
{
    "answer": 7,
    "why": (
        "The file of the first attempt stays on the disk with its two rows. It is in no list, so Spark does not read it; "
        "others do.",
        "第一次尝试的文件带着它的两行留在磁盘上。它不在任何清单中，所以 Spark 不读它；别的程序会读。",
    ),
    "mistakes": {
        5: ("Nobody removes the file of the first attempt.", "没有人删除第一次尝试的文件。"),
        3: ("Batch 1 is run again, with the same files.", "批次 1 会重新运行，文件相同。"),
    },
}


# %%
def readers(spark):
    events = spark.read.schema("event_id int")
    files = fsspec.filesystem("sim").glob("out/part-*")
    listed, all_files = events.json("sim://out").count(), events.json("sim://out/part-*").count()
    print(f"{len(files)} files; rows for Spark: {listed}, for others: {all_files}")


STEPS = {
    4.03: "before the offset log",
    4.05: "planned, nothing written",
    4.09: "file written, not listed",
    4.12: "listed, not committed",
    4.20: "committed",
}
for moment, step in STEPS.items():
    crash = DriverCrash(at=moment, restart_after=1)
    found = str(simulated(copying(look=readers), faults=[crash]).output)
    print(f"{moment:.2f} s, {step:<26}{found.strip()}")
    if moment == 4.09:
        confirm("rows for other readers", int(found[found.rindex(" ") :]))

# %% [markdown] lang="en"
# Whenever it dies, Spark's own readers find each row once. At 4.12 s the batch is planned again and the sink finds its number in
# the list: nothing is read and nothing is written. That is how a batch that may run twice is an
# *exactly once* for those who read the list.
#
# **The checkpoint is deleted**, the folder of the sink is not. Somebody wants to "start afresh". A fourth file with
# two events is there by now. The new query finds four files that it has not seen, with seven rows. How many rows does Spark find in `out` afterwards?

# %% [markdown] lang="zh"
# 无论何时死亡，Spark 自己的读取者总是恰好找到每行一次。在 4.12 秒的情形，批次再次被计划，接收端发现编号已在清单中：什么都不读，也不写。
# 可能运行两次的批次，对读取清单的人来说就这样成为*恰好一次*（exactly once）。
#
# **检查点被删除**，而接收端的目录没有。有人想“重新开始”。这时已有第四个文件，含两个事件。新查询找到四个没见过的文件，共七行。
# 之后 Spark 在 `out` 中找到多少行？

# %% predict="after a deleted checkpoint"
{
    "answer": 5,
    "why": (
        "A new checkpoint counts batches from 0, and the list of the sink has 0, 1 and 2. The new batch 0, with all "
        "seven rows, is taken for one that was written long ago. The two new events are lost.",
        "新的检查点从 0 开始给批次编号，而接收端的清单里已有 0、1、2。含全部七行的新批次 0 被当作早已写过的批次。两个新事件丢失了。",
    ),
    "mistakes": {
        12: (
            "That is what a sink without a list would have: everything twice.",
            "那是没有清单的接收端的结果：一切都有两份。",
        ),
        7: (
            "The sink compares numbers of batches, not rows.",
            "接收端比较的是批次编号，而不是行。",
        ),
    },
}


# %%
def fresh_start(spark):
    copying()(spark)
    [first] = spark.streams.active
    first.stop()
    disk = fsspec.filesystem("sim")
    disk.rm("checkpoint", recursive=True)
    disk.pipe("in/events_4.csv", b"6,dan,Ulm\n7,eve,Ulm\n")
    copying(look=readers)(spark)


run = simulated(fresh_start, until=30)
print(run.output)
confirm("after a deleted checkpoint", int(re.search(r"Spark: (\d+)", str(run.output))[1]))
for row in run.triggers:
    print(f"batch {row.batch}: status {row.status}, rows read {row.rows_read}")

# %% [markdown] lang="en"
# The last batch looks like any other and did nothing. **A checkpoint and the folder of a file sink belong together**: delete both or
# none.
#
# **Two queries, one checkpoint.** A program is copied, a line is changed, and the path of the checkpoint is not.

# %% [markdown] lang="zh"
# 最后一个批次看起来与别的无异，却什么也没做。**检查点与文件接收端的目录是一体的**：要么都删，要么都不删。
#
# **两个查询，一个检查点。** 程序被复制，改了一行，检查点的路径却没有改。


# %%
def twins(spark):
    for user in ("ann", "bob"):
        events = spark.readStream.schema(EVENTS).csv("sim://in").where(f"user_id = '{user}'")
        writer = events.writeStream.format("json").option("checkpointLocation", "sim://checkpoint")
        writer.queryName(user).trigger(processingTime="2 seconds").start(f"sim://{user}")
        spark.streams.awaitAnyTermination(5)
        for query in spark.streams.active:
            print("running:", query.name)


run = simulated(twins, until=12)
print(run.output)
for row in run.triggers:
    print(f"{row.name}: batch {row.batch}, rows read {row.rows_read}")

# %% [markdown] lang="en"
# One checkpoint is one query. The second one is taken for a restart of the first, which is stopped, and it goes on
# where that was: the events of bob in the first files are never read. In two programs, whoever
# comes second to write an entry of the log finds that it is there, and dies.
#
# **Another output mode.** A file that was written cannot take a row back:

# %% [markdown] lang="zh"
# 一个检查点就是一个查询。第二个被当作第一个的重新启动：第一个被停止，第二个从它停下的地方继续，于是前几个文件中 bob 的事件永远不会被读取。
# 如果是在两个程序中，后写日志条目的一方会发现条目已经存在，随即终止。
#
# **别的输出模式。** 写好的文件无法收回一行：


# %%
def counts_to_files(spark):
    counts = spark.readStream.schema(EVENTS).csv("sim://in").groupBy("user_id").count()
    writer = counts.writeStream.format("json").option("checkpointLocation", "sim://checkpoint")
    refused(lambda: writer.outputMode("complete").start("sim://out"))
    refused(lambda: writer.outputMode("append").start("sim://out"))


print(simulated(counts_to_files, until=2).output)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"New files are those with a new name that come after the start."** That was the DStream's rule (lesson 4: files of the last
# minute). Here all files that were not seen are read, also those that lay there for a year, in the order of their time. Only files
# more than `maxFileAge` (7 days) older than *the newest one seen* are passed over. *Source: `FileStreamSource`, Spark's guide, "Input sources".*
#
# **"`latestFirst` reads new files first."** Yes, and with `maxFilesPerTrigger` it takes `maxFileAge` away: the old ones
# wait as long as new ones come. Use it when the latest answer counts more than all of them.
#
# **"The example with the pattern works, it printed nothing wrong."** The course's example reads
# `events_*.csv`. It is right; but no pattern is ever checked, so that a typing error looks like a quiet day.
#
# **"The file sink is exactly once, so I can load `out/*.json` into my database."** For readers of `_spark_metadata` it is. You saw
# seven rows of five. A pattern makes Spark itself such a reader: `spark.read.json("out/*.json")` names files and looks at no list.
# *Source: `FileStreamSink`, `ManifestFileCommitProtocol`.*
#
# **"Order of the files is order of the rows."** Files of one batch are packed into tasks by size; rows of one batch have no order. Only batches have.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“新文件就是启动之后到来的、名字没见过的文件。”** 那是 DStream 的规则（第 4 课：最近一分钟的文件）。这里读取所有没见过的文件，
# 包括已经放了一年的，按时间次序。只有比*见过的最新文件*早超过 `maxFileAge`（7 天）的才被略过。
# *来源：`FileStreamSource`；Spark 指南“Input sources”一节。*
#
# **“`latestFirst` 先读新文件。”** 是的，但与 `maxFilesPerTrigger` 一起使用时，`maxFileAge` 不再起作用：只要有新文件到来，旧文件就一直等待。
# 适用于最新的答案比完整的答案更重要的场合。
#
# **“带模式的例子能用，没有报错。”** 课程的例子读取 `events_*.csv`。它是对的；但模式从不被检查，所以拼写错误看起来就像平静的一天。
#
# **“文件接收端恰好一次，所以可以把 `out/*.json` 载入数据库。”** 对读取 `_spark_metadata` 的人才是。你看到了五行变成七行。
# 使用模式会使 Spark 自己也成为这样的读取者：`spark.read.json("out/*.json")` 直接指定文件，不看任何清单。
# *来源：`FileStreamSink`、`ManifestFileCommitProtocol`。*
#
# **“文件的次序就是行的次序。”** 同一批次的文件按大小装入任务；同一批次内的行没有次序。只有批次之间有次序。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Names, logs and rules are Spark's. On the simulated disk a file appears whole at its moment; half a file was shown live. A rename
# is one step there, as on HDFS. On object stores such as S3 a rename is a copy, and Spark uses another way to write its logs.
# Every tenth entry of both logs holds all entries before it; a folder that has run for years has large ones, and listing a folder with
# a million files takes long: use `cleanSource` to archive or delete what was read. In the model listing costs nothing.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 名字、日志和规则与 Spark 相同。在模拟磁盘上，文件在其时刻整个出现；半个文件是在真实运行中展示的。改名在那里是一步完成的，与 HDFS 相同。
# 在 S3 这样的对象存储上，改名其实是复制，Spark 用另一种方式写日志。两份日志的每第十个条目包含此前的所有条目；
# 运行多年的目录会有很大的条目，列出含一百万个文件的目录也要很久：请用 `cleanSource` 归档或删除已读的文件。在模型中，列目录不花时间。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A partner copies large files over the network into your folder. What do you ask of them?
#    <details><summary>Answer</summary>
#
#    To copy under a name that begins with a dot or an underscore, or into another folder of the same file system, and then to rename.
#    </details>
#
# 2. A file had an error. The partner mends it under the same name. What happens, and what should they do?
#    <details><summary>Answer</summary>
#
#    Nothing happens: it was seen. They send the mended rows as a new file, and the query has to know that later rows replace
#    earlier ones, say by an upsert.
#    </details>
#
# 3. A query without a `checkpointLocation` cannot be started with a file sink. Why is that good?
#    <details><summary>Answer</summary>
#
#    With a temporary checkpoint every start would begin at batch 0, and the sink would skip all batches whose numbers it has: the loss
#    that you saw above.
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 合作方通过网络把大文件复制到你的目录。你向对方提出什么要求？
#    <details><summary>答案</summary>
#
#    用点号或下划线开头的名字复制，或者复制到同一文件系统的另一个目录，然后改名。
#    </details>
#
# 2. 一个文件有错。合作方用同样的名字改正了它。会发生什么？对方应该怎么做？
#    <details><summary>答案</summary>
#
#    什么也不发生：它已经见过。对方应把改正的行作为新文件发送，而查询必须知道后来的行取代先前的行，例如用 upsert。
#    </details>
#
# 3. 使用文件接收端的查询，没有 `checkpointLocation` 就不能启动。这为什么是好事？
#    <details><summary>答案</summary>
#
#    如果用临时检查点，每次启动都从批次 0 开始，接收端会跳过所有编号已有的批次：就是你上面看到的那种丢失。
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 29](../../exercises/en/ex29_files_in_and_out.ipynb): say which files a batch has, leave out bad rows, and join two
# queries by a folder, so that a driver may die at any moment. `sparksim grade 29` says how far you are.
# Next: lesson 30, where the queue is Kafka.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 29](../../exercises/zh/ex29_files_in_and_out.ipynb)：说出批次含有哪些文件、去掉坏行，并用一个目录连接两个查询，使驱动程序可以在任何时刻死亡。
# `sparksim grade 29` 会告诉你做到了哪一步。下一课是第 30 课：队列换成 Kafka。
