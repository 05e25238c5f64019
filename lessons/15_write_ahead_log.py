# %% [markdown] lang="en"
# # 15. The write-ahead log: received data that outlive every process
#
# **The question.** A driver that died takes all received lines with it that were not processed: their copies lay in
# executors, and these died as well. Can a line survive everything? What does the source have to do for that, and what
# does it cost?
#
# *About 40 minutes. You need lessons 13 (copies of blocks) and 14 (checkpoints).*

# %% [markdown] lang="zh"
# # 15. 预写日志：比任何进程都活得久的接收数据
#
# **问题。** 驱动程序（driver）死亡时，会带走所有已收到但未处理的行：它们的副本（replica）在执行器（executor）里，而执行器也一起死了。
# 一行数据能经受住一切吗？为此数据源要做什么？代价又是什么？
#
# *约 40 分钟。需要第 13 课（数据块的副本）和第 14 课（检查点）。*

# %%
import logging
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim.course import confirm, lesson, live, predict
from sparksim.sim import (
    Acknowledged,
    Cluster,
    Constant,
    DriverCrash,
    ExecutorCrash,
    Replay,
    Simulation,
    SlowDisk,
    sink,
)
from sparksim.streaming.queue_receiver import QueueReceiver

SEED = 1
LOG = "spark.streaming.receiver.writeAheadLog.enable"
logging.disable(logging.WARNING)  # what Spark warns of is told in the text
lesson("15", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#                                   ┌──▶ one executor's memory ──▶ tasks read here
#  source ──▶ receiver ──▶ block ───┤
#    ▲            │                 └──▶ a file: the write-ahead log
#    └── "got it" ┘ only when both have it
# ```
#
# With the **write-ahead log** a receiver writes every block into a file as well, before the driver hears of it. The file
# lies in the checkpoint directory, so the next driver finds it. What is still in the receiver's buffer is in no file yet.
# A **reliable** receiver therefore tells its source "got it" only when the block is stored and logged; what was not
# confirmed, the source sends again. A plain socket knows no such word: it is an *unreliable* source.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#                                 ┌──▶ 一个执行器的内存 ──▶ 任务从这里读取
#  数据源 ──▶ 接收器 ──▶ 数据块 ──┤
#    ▲           │                └──▶ 一个文件：预写日志
#    └─ “收到了”─┘ 两处都有了才说
# ```
#
# 有了**预写日志**（write-ahead log, WAL），接收器（receiver）在驱动程序听说某个数据块（block）之前，还会把它写进一个文件。
# 文件在检查点（checkpoint）目录里，所以下一个驱动程序找得到。仍在接收器缓冲区里的内容还没有进任何文件。
# 因此，**可靠的**接收器只有在数据块已存储并写入日志之后，才对数据源说“收到了”；没有得到确认的，数据源会重新发送。
# 普通的套接字没有这样的话可说：它是*不可靠的*数据源。

# %% [markdown] lang="en"
# ## The program, live
#
# Twice the same program: first with nothing but a checkpoint directory, then with the setting of the log. After each run
# we look into the directory.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 同一个程序运行两次：第一次只有检查点目录，第二次加上日志的设置。每次运行之后，我们看看目录里有什么。


# %%
def line_count(folder):
    def count_lines(ssc):
        ssc.checkpoint(str(folder))
        ssc.socketTextStream("localhost", 9999).count().pprint()

    return count_lines


def files_after(conf):
    typed = Replay([(0.4, "to be"), (0.7, "or not to be")])
    with TemporaryDirectory() as name:
        folder = Path(name)
        network = {"localhost:9999": typed}
        live(line_count(folder), network=network, batch=1.0, until=1.5, conf=conf)
        logs = sorted(folder.glob("received*/**/log-*"))
        names = [path.relative_to(folder).as_posix() for path in logs]
        content = b"".join(path.read_bytes() for path in logs)
    return [re.sub(r"\d{5,}", "<ms>", name) for name in names], content


# %% [markdown] lang="en"
# ## Predict
#
# There are two logs: one of the driver, which notes down *which* blocks it has heard of and which batch got them; and one of
# the receivers, with the *content* of the blocks. How many of the two are written when only the checkpoint directory is
# set?

# %% [markdown] lang="zh"
# ## 预测
#
# 日志有两种：一种是驱动程序的，记录它听说过*哪些*数据块、哪个批次（batch）得到了它们；另一种是接收器的，含有数据块的*内容*。
# 如果只设置检查点目录，会写其中几种？

# %% predict="logs"
{
    "answer": 1,
    "why": (
        "The driver's log needs no setting: a checkpoint directory is enough. The setting adds the log with the data.",
        "驱动程序的日志不需要任何设置：有检查点目录就够了。那项设置增加的是含有数据的日志。",
    ),
    "mistakes": {
        0: (
            "So its name suggests, but the setting is named after the receiver: it is for one of the two only.",
            "名字让人这么想，但那项设置是以接收器命名的：它只管两者之一。",
        ),
        2: (
            "In lesson 14 the data were gone, although there was a checkpoint directory.",
            "第 14 课里有检查点目录，数据还是没了。",
        ),
    },
}

# %%
without, _ = files_after({})
print(without)
confirm("logs", len(without))

# %%
with_log, content = files_after({LOG: True})
print(with_log)
print("the typed line is in it:", b"or not to be" in content)

# %% [markdown] lang="en"
# `receivedBlockMetadata` is the driver's log, `receivedData/0` that of receiver 0. The numbers in the names are the times
# between which a file was written: a new file every minute. A file is deleted when no batch needs its blocks any more.

# %% [markdown] lang="zh"
# `receivedBlockMetadata` 是驱动程序的日志，`receivedData/0` 是 0 号接收器的日志。文件名中的数字是写入的起止时间：每分钟一个新文件。
# 当没有批次再需要其中的数据块时，文件会被删除。

# %% [markdown] lang="en"
# Now the crashes of the last two lessons, for four ways to receive: a plain socket or a reliable receiver, each without
# and with the log, blocks with two copies where there is no log. First the executor with the receiver dies. How many of
# the four lose nothing?

# %% [markdown] lang="zh"
# 现在是前两课的崩溃，面对四种接收方式：普通套接字或可靠的接收器，各自不带日志和带日志；没有日志时数据块有两份副本。
# 首先，运行接收器的执行器死亡。四种方式中有几种什么都不丢？

# %% predict="safe from executors"
{
    "answer": 2,
    "why": (
        "The two reliable ones, with or without the log: what was not stored was not confirmed, and is sent again. The log "
        "does not help a socket here, for what lay in the buffer was in no log.",
        "两种可靠的方式，有没有日志都行：没有存储的就没有确认，会重新发送。日志在这里帮不了套接字，因为缓冲区里的内容不在任何日志中。",
    ),
    "mistakes": {
        3: (
            "The socket with the log? Its buffer is in no log, and the source does not send again.",
            "带日志的套接字？它的缓冲区不在日志里，数据源也不会重发。",
        ),
        1: (
            "Only the one with everything? The second copies of the blocks are still there, on another executor.",
            "只有什么都有的那一种？数据块的第二份副本还在另一个执行器上。",
        ),
    },
}

# %% [markdown] lang="en"
# Then the driver dies, and is back a second later. How many of the four lose nothing?

# %% [markdown] lang="zh"
# 然后是驱动程序死亡，一秒后回来。四种方式中有几种什么都不丢？

# %% predict="safe from drivers"
{
    "answer": 1,
    "why": (
        "Only both together. The log keeps what was stored, and the source what was not.",
        "只有两者兼备才行。日志保住已存储的，数据源保住未存储的。",
    ),
    "mistakes": {
        2: (
            "A reliable receiver without a log has confirmed lines that lay in the memory of executors only.",
            "没有日志的可靠接收器，确认了只存在于执行器内存中的行。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Each line is its own number, and the program writes it to a table outside (a *sink*, lesson 11). So we can count in the
# table what arrived, and how often. The reliable receiver, `QueueReceiver`, reads from a queue; it stores ten messages
# together and then confirms them.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 每行就是它自己的编号，程序把它写入外部的表（*sink*，第 11 课）。于是我们可以在表中数出到达了什么、各几次。
# 可靠的接收器 `QueueReceiver` 从一个队列读取：每次把十条消息一起存储，然后才确认。

# %%
table = sink("lines")


def write(rdd):
    rdd.foreachPartition(lambda lines: [table.insert(line, "written") for line in lines])


def plain(ssc):
    ssc.checkpoint("sim://checkpoint")
    ssc.socketTextStream("localhost", 9999).foreachRDD(write)


def reliable(ssc):
    ssc.checkpoint("sim://checkpoint")
    ssc.receiverStream(QueueReceiver("localhost", 9999, messages=10)).foreachRDD(write)


NUMBERS = Replay([(0.5 + number / 20, str(number)) for number in range(200)])


def simulated(program, log, *faults, load=NUMBERS, until=16, **settings):
    return Simulation(
        program,
        network={"localhost:9999": load if program is plain else Acknowledged(load)},
        batch=2.0,
        cluster=Cluster(executors=3, cores=2),
        faults=faults,
        conf={LOG: log},
        checkpoint="sim://checkpoint",
        seed=SEED,
        **settings,
    ).run(until=until)


PLACES = {
    "in the receiver's buffer": "buffer",
    "sent but not yet read": "buffer",
    "its block": "block",
    "sent while no receiver": "not heard",
}


def four_ways(crash):
    print("                 ----------- lost -----------    written")
    print("                 buffer    block    not heard      twice")
    safe, last = 0, None
    for program in (plain, reliable):
        for log in (False, True):
            last = simulated(program, log, crash)
            lost = last.delivery.records.where(outcome="lost").column("reason")
            where = Counter(PLACES[start] for each in lost for start in PLACES if each.startswith(start))
            writes = Counter(row.key for row in last.sink("lines").rows)
            twice = sum(count > 1 for count in writes.values())
            name = f"{program.__name__}{', log' if log else ''}"
            cells = [where["buffer"], where["block"], where["not heard"], twice]
            print(f"{name:<13}   {cells[0]:>7} {cells[1]:>8} {cells[2]:>12} {cells[3]:>10}")
            safe += not lost
    return safe, last


safe, _ = four_ways(ExecutorCrash("receiver", at=7.3))
confirm("safe from executors", safe)

# %%
safe, run = four_ways(DriverCrash(7.3, restart_after=1))
confirm("safe from drivers", safe)
run.figure(start=5, end=13)

# %% [markdown] lang="en"
# The last line of the second table is what the log is for: **reliable source + log: nothing is lost**. The figure shows
# that run. The second driver reads the blocks of the missed batches from the files.
#
# The price stands in the last column: 40 lines were written twice. They are those of the batch of second 6, which had
# ended, and was run again with its data out of the log. That is what **at least once** means. An output that overwrites
# (`upsert` in place of `insert`) makes the second writing harmless.

# %% [markdown] lang="zh"
# 第二张表的最后一行就是日志的用途：**可靠的数据源 + 日志：什么都不丢**。图中就是那次运行。第二个驱动程序从文件中读取错过的批次的数据块。
#
# 代价在最后一列：有 40 行写了两次。它们属于第 6 秒的批次：它本已结束，又带着日志中的数据运行了一次。
# 这就是**至少一次**（at least once）的意思。会覆盖旧值的输出（用 `upsert` 代替 `insert`）使第二次写入变得无害。

# %%
run.delivery

# %% [markdown] lang="en"
# What else does the log cost? A block is known later, and there is only one copy of it in memory: with the log on, Spark
# changes the level to one copy, since the file is the second one.

# %% [markdown] lang="zh"
# 日志还有什么代价？驱动程序更晚知道数据块，而且内存中只有一份副本：打开日志后，Spark 把存储级别改为一份，因为文件就是第二份。

# %%
costs = [simulated(plain, log, load=Constant(50, "a line of text")) for log in (False, True)]

# %%
for log, each in zip((False, True), costs, strict=True):
    blocks = each.blocks.where(lambda block: block.added_ms is not None)
    known_ms = sum(block.added_ms - block.generated_ms for block in blocks) / len(blocks)
    done = each.batches.where(status="completed")[2:]
    batch_ms = sum(done.column("processing_time_ms")) / len(done)
    copies = max(len(block.holders) for block in blocks)
    cells = f"{copies} in memory, known after {known_ms:.0f} ms, a batch takes {batch_ms:.0f} ms"
    print(f"log {log!s:<5}: {cells}")

# %% [markdown] lang="en"
# The batches take longer because all tasks want to run where the single copies are (lesson 13, locality).

# %% [markdown] lang="zh"
# 批次变慢，是因为所有任务（task）都想在那唯一的副本所在之处运行（第 13 课，数据本地性）。

# %% [markdown] lang="en"
# ## Break it
#
# At second 4 the disk of the receiver's executor becomes 30 times slower; fifty lines arrive each second. Do batches then
# take longer than before (write 1), as long as before (0), or less time (-1)?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 在第 4 秒，接收器所在执行器的磁盘慢了 30 倍；每秒到达五十行。此后批次比之前花更长时间（写 1）、一样长（0），还是更短（-1）？

# %% predict="slow log"
{
    "answer": -1,
    "why": (
        "A block is logged before the driver hears of it, one after the other. Fewer blocks get through, so the batches "
        "are smaller. The lines wait in front of the log, where no delay of a batch counts them.",
        "数据块要先写入日志，驱动程序才听说它，而且一个接一个。能通过的数据块少了，批次就变小。"
        "行在日志前面等待，而批次的任何延迟都不包括这段时间。",
    ),
    "mistakes": {
        1: (
            "Tasks do not write the log, the receiver does. What does a batch get to do?",
            "写日志的是接收器，不是任务。批次能分到多少活？",
        ),
        0: (
            "The work for each line is the same, yes. And how many lines reach a batch?",
            "每一行的工作量确实一样。那么有多少行进入批次？",
        ),
    },
}

# %%
ill_disk = SlowDisk("receiver", at=4, factor=30)
slow = simulated(plain, True, ill_disk, load=Constant(50, "a line of text"), until=24)

# %%
before, after = slow.batches[1], slow.batches[5]
change = after.processing_time_ms - before.processing_time_ms
confirm("slow log", (change > 0) - (change < 0))
print("batch     lines   processing    oldest line of the batch had waited")
records = slow.delivery.records
for batch in slow.batches.where(status="completed"):
    mine = records.where(batch_time_ms=batch.batch_time_ms).column("record")
    second = batch.batch_time_ms / 1000
    cells = f"{second:>4g} s {batch.records:>8} {batch.processing_time_ms:>9.0f} ms"
    print(f"{cells} {second - min(mine) / 50:>32.1f} s")

# %% [markdown] lang="en"
# Every batch is done in a fraction of its interval. On Spark's Streaming page all looks well, and the input rate there is
# what got through the log. What the user sees gets older and older, up to almost six seconds. (There it stays, because at
# most ten blocks wait for the log; after that none is cut, and the next one is larger.) **The delay of a batch begins
# when the batch begins, not when the record arrived.**

# %% [markdown] lang="zh"
# 每个批次只用批次间隔（batch interval）的一小部分就完成了。在 Spark 的 Streaming 页面上一切正常，那里的输入速率是通过日志的速率。
# 而用户看到的行越来越旧，直到旧了将近六秒。（之后不再变旧，因为最多只有十个数据块等待写入日志；再往后就不再切，下一个数据块会更大。）**批次的延迟（delay）从批次开始时算起，而不是从记录到达时算起。**

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"The log is off until I switch it on."** The receivers' log is. The driver's own log is on as soon as there is a
# checkpoint directory. *Source: Spark's `ReceivedBlockTracker.createWriteAheadLog`.*
#
# **"With the log nothing is lost."** Only with a reliable source as well: see the buffer of the plain socket above. Whoever
# writes a receiver that calls `store(record)` one by one has an unreliable one. *Source: programming guide, "Fault-tolerance
# Semantics".*
#
# **"I drop the `_2` to save memory."** The guide advises it, but it changes nothing: with the log on Spark makes one copy, serialised,
# whatever the level says, and warns. *Source: `WriteAheadLogBasedBlockHandler.effectiveStorageLevel`.*
#
# **"I set `writeAheadLog.enable` and put the checkpoint directory on S3."** Such stores cannot append to a file. There
# `spark.streaming.receiver.writeAheadLog.closeFileAfterWrite` (and the same for the driver) has to be set; each block then
# becomes a file. *Source: `FileBasedWriteAheadLog`.*
#
# **"Reliable and logged is exactly once."** It is at least once. What was logged and not yet confirmed comes twice after a
# crash, and a batch that is run again is written again. *Source: the same section of the guide.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“不打开就没有日志。”** 接收器的日志是这样。驱动程序自己的日志，只要有检查点目录就是打开的。
# *来源：Spark 的 `ReceivedBlockTracker.createWriteAheadLog`。*
#
# **“有了日志就什么都不丢。”** 还得有可靠的数据源：请看上面普通套接字的缓冲区。自己写的接收器如果逐条调用 `store(record)`，就是不可靠的。
# *来源：编程指南“Fault-tolerance Semantics”一节。*
#
# **“去掉 `_2` 可以省内存。”** 指南也这样建议，但其实没有变化：打开日志后，不管级别怎么写，Spark 只存一份、序列化的副本，并发出警告。
# *来源：`WriteAheadLogBasedBlockHandler.effectiveStorageLevel`。*
#
# **“设置 `writeAheadLog.enable`，把检查点目录放在 S3 上。”** 这类存储不能向文件追加内容。必须设置
# `spark.streaming.receiver.writeAheadLog.closeFileAfterWrite`（驱动程序的同理）；于是每个数据块成为一个文件。
# *来源：`FileBasedWriteAheadLog`。*
#
# **“可靠加日志就是恰好一次（exactly once）。”** 是至少一次。已写入日志但尚未确认的，崩溃后会再来一次；重新运行的批次会再写一次。*来源：指南的同一节。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Here writing a block to the log takes 10 ms and a little for each byte. On HDFS it is a round trip through three machines,
# and a busy cluster makes it tens or hundreds of milliseconds, with wide variation. The log never fills a disk here, and
# the file system never fails (on a cluster a write is tried three times, and then the receiver has failed). The queue that
# the reliable receiver reads is a simulated one; in practice it would be Kafka or a message broker, lessons 17 to 19.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里把一个数据块写入日志需要 10 毫秒，外加每字节一点点。在 HDFS 上，这要在三台机器之间走一趟，繁忙的集群上会是几十到几百毫秒，而且波动很大。
# 这里日志永远写不满磁盘，文件系统也从不出错（在集群上一次写入会尝试三次，之后接收器就算失败）。
# 可靠接收器读取的队列是模拟的；实践中会是 Kafka 或某种消息中间件，见第 17 至 19 课。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A custom receiver reads from a queue, calls `store(message)` for each message, and confirms it right afterwards. The
#    log is on. Can a message be lost?
#
# <details><summary>Answer</summary>
#
# Yes. `store(message)` only puts it into the buffer. When the executor dies before the buffer is cut and logged, the queue
# believes that the message has arrived. Store several messages together, with the `store` that returns when they are
# logged, and confirm then.
# </details>
#
# 2. Why does the log need a checkpoint directory at all?
#
# <details><summary>Answer</summary>
#
# The log lies in it, and without a checkpoint there would be no driver that knows which blocks were not processed.
# </details>
#
# 3. A source such as Kafka keeps its messages for days. Is the log still needed?
#
# <details><summary>Answer</summary>
#
# With a receiver, yes: it confirms what it has, and what is confirmed is not sent again. A direct stream (lesson 18) does
# without receiver and log, as it reads again from the source itself.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个自定义接收器从队列读取，对每条消息调用 `store(message)`，然后立即确认。日志是打开的。会丢消息吗？
#
# <details><summary>答案</summary>
#
# 会。`store(message)` 只是放进缓冲区。如果执行器在缓冲区被切下并写入日志之前死亡，队列却以为消息已经到了。
# 应该把几条消息一起存储，使用写入日志后才返回的那种 `store`，然后再确认。
# </details>
#
# 2. 日志为什么非要检查点目录不可？
#
# <details><summary>答案</summary>
#
# 日志就在其中；而且没有检查点，就没有哪个驱动程序知道哪些数据块还没有处理。
# </details>
#
# 3. Kafka 这样的数据源会把消息保存好几天。还需要日志吗？
#
# <details><summary>答案</summary>
#
# 用接收器就需要：它会确认已收到的消息，确认过的不会再发。直连流（direct stream，第 18 课）既不需要接收器也不需要日志，
# 因为它直接从数据源重新读取。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 15](../../exercises/en/ex15_write_ahead_log.ipynb): find the records at risk in a trace, and the delay that no
# batch shows; then choose settings with which nothing is lost. Next: lesson 16, tasks that are too slow.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 15](../../exercises/zh/ex15_write_ahead_log.ipynb)：在运行记录中找出处于危险中的记录，以及任何批次都不显示的延迟；
# 然后选择不丢任何东西的设置。下一课是第 16 课：太慢的任务。
