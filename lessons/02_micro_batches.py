# %% [markdown] lang="en"
# # 2. Micro-batches: two clocks cut a stream
#
# **The question.** A stream has no end, and a Spark job needs an end: a finite piece of data, in pieces that tasks can
# share. Who cuts the stream, where, and into how many pieces? And what happens when nothing comes?
#
# *About 30 minutes. You need lesson 1 (driver, executor, receiver, batch).*

# %% [markdown] lang="zh"
# # 2. 微批次：两个时钟切开一条流
#
# **问题。** 流没有终点，而一个 Spark 作业（job）需要终点：一段有限的数据，还要分成若干份让任务（task）分担。
# 谁来切这条流，切在哪里，切成几份？什么都没有到来时又会怎样？
#
# *约 30 分钟。需要第 1 课（驱动程序、执行器、接收器、批次）。*

# %%
from sparksim import SparkContext
from sparksim.course import confirm, lesson, predict
from sparksim.lab import lab
from sparksim.sim import Cluster, Constant, Replay, Simulation
from sparksim.streaming import StreamingContext

SEED = 1
lesson("02", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# Two clocks cut, at multiples of their intervals. The receiver's clock cuts its buffer into **blocks**; the driver's
# clock takes all blocks that it has heard of, and calls them a **batch**.
#
# ```
#  block interval 0.5 s       batch interval 2 s
#
#  records     . .  .    .        . .  .                  .   .  .
#  blocks     [▢  ][▢  ][▢  ]     [▢  ][▢  ]          [▢  ][▢  ]
#             0.0  0.5  1.0  1.5  2.0  2.5  3.0  3.5  4.0  4.5  5.0
#  batches    ────────────────────┴───────────────────┴──────────▶ time
#                                 2 s                 4 s
#                                 RDD of 3 partitions RDD of 2 partitions
# ```
#
# A batch is an ordinary RDD, with one **partition** per block. The whole row of RDDs, one per batch interval, is a
# **DStream** (discretized stream). What you do to a DStream is done to each of its RDDs.
#
# An interval in which nothing came, as the one from 1.5 s on, makes no block.

# %% [markdown] lang="zh"
# ## 基本思想
#
# 两个时钟各自在自己间隔的整数倍时刻切分。接收器（receiver）的时钟把它的缓冲区切成**数据块**（block）；
# 驱动程序（driver）的时钟取走它听说过的所有数据块，称之为一个**批次**（batch）。
#
# ```
#  block interval 0.5 s       batch interval 2 s
#
#  records     . .  .    .        . .  .                  .   .  .
#  blocks     [▢  ][▢  ][▢  ]     [▢  ][▢  ]          [▢  ][▢  ]
#             0.0  0.5  1.0  1.5  2.0  2.5  3.0  3.5  4.0  4.5  5.0
#  batches    ────────────────────┴───────────────────┴──────────▶ time
#                                 2 s                 4 s
#                                 RDD of 3 partitions RDD of 2 partitions
# ```
#
# 一个批次就是一个普通的 RDD，每个数据块是它的一个**分区**（partition）。每个批次间隔一个 RDD，这一整排 RDD 就是
# **DStream**（discretized stream，离散流）。对 DStream 做的事，就是对其中每个 RDD 做的事。
#
# 没有数据到来的间隔不产生数据块，例如从 1.5 秒开始的那个间隔。

# %% [markdown] lang="en"
# ## The program, live
#
# To see that a DStream is a row of RDDs, build one out of RDDs. `queueStream` needs no receiver: each batch takes the
# next RDD of a queue. `map(len)` is said once, about the stream; what happens to each RDD is collected in `seen`. This
# runs on your machine, with batches of one second, until four of them are done.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 想看到 DStream 就是一排 RDD，就用 RDD 造一个。`queueStream` 不需要接收器：每个批次从队列中取下一个 RDD。
# `map(len)` 只对流说一次；每个 RDD 的结果收集在 `seen` 中。它在你的机器上运行，批次间隔一秒，做完四个批次为止。

# %%
sc = SparkContext("local[2]", "a row of RDDs")
ssc = StreamingContext(sc, 1)
queue = [
    sc.parallelize(["to", "be", "or", "not"], 2),  # two partitions
    sc.parallelize(["that", "is"], 1),
    sc.parallelize(["the", "question"], 2),
]

seen = []
lengths = ssc.queueStream(queue).map(len)
lengths.foreachRDD(lambda rdd: seen.append(rdd.glom().collect()))  # glom: a list per partition

ssc.start()
while len(seen) < 4:
    ssc.awaitTerminationOrTimeout(0.1)
ssc.stop()

for number, partitions in enumerate(seen[:4], start=1):
    print(f"batch {number}, a list per partition: {partitions}")

# %% [markdown] lang="en"
# Four batches, although the queue had three RDDs. There is nothing left for the fourth batch, and it comes all the same:
# with an RDD of one empty partition.
#
# ## Predict
#
# Now with a receiver: batches of 2 s, blocks of 0.2 s. Five lines arrive, at 0.50, 0.55, 1.10, 1.15 and 1.70 s. How many
# tasks read the batch of second 2?

# %% [markdown] lang="zh"
# 四个批次，尽管队列里只有三个 RDD。第四个批次已经没有可取的了，但它照样到来：它的 RDD 只有一个空分区。
#
# ## 预测
#
# 现在有一个接收器：批次间隔 2 秒，数据块间隔 0.2 秒。五行分别在 0.50、0.55、1.10、1.15 和 1.70 秒到达。
# 第 2 秒的批次由多少个任务读取？

# %% predict="tasks"
{
    "answer": 3,
    "why": (
        "0.50 and 0.55 fall into one block interval (0.4 to 0.6), 1.10 and 1.15 into another, 1.70 into a third. Seven "
        "intervals were silent: no block, no task.",
        "0.50 和 0.55 落在同一个数据块间隔（0.4 到 0.6），1.10 和 1.15 落在另一个，1.70 是第三个。其余七个间隔没有数据："
        "没有数据块，也就没有任务。",
    ),
    "mistakes": {
        10: (
            "Ten intervals, but what is made of an interval in which nothing came?",
            "有十个间隔；但没有数据到来的间隔会产生什么？",
        ),
        5: (
            "A task reads a block, and a block holds all lines of its interval.",
            "一个任务读取一个数据块，而一个数据块包含其间隔内的所有行。",
        ),
        1: (
            "The batch is one RDD, but it has one partition per block.",
            "批次是一个 RDD，但每个数据块是它的一个分区。",
        ),
    },
}

# %% [markdown] lang="en"
# Another setting: batches of 2 s, blocks of 1.5 s. A line arrives at 4.6 s. In the batch of which second is it?

# %% [markdown] lang="zh"
# 换一种设置：批次间隔 2 秒，数据块间隔 1.5 秒。一行在 4.6 秒到达。它在第几秒的批次中？

# %% predict="batch of the line"
{
    "answer": 8,
    "why": (
        "The buffer is cut at 1.5, 3.0, 4.5, 6.0: the line has to wait for 6.0. The driver hears of its block some "
        "milliseconds after 6.0, when the batch of second 6 has already been put together.",
        "缓冲区在 1.5、3.0、4.5、6.0 秒被切下：这一行要等到 6.0。驱动程序在 6.0 秒之后几毫秒才听说它的数据块，"
        "而第 6 秒的批次那时已经组好了。",
    ),
    "mistakes": {
        6: (
            "The buffer is cut at 6.0. Can the driver know of this block at 6.0?",
            "缓冲区在 6.0 秒被切下。驱动程序在 6.0 秒时能知道这个数据块吗？",
        ),
        4: (
            "At 4 s the line has not arrived yet.",
            "第 4 秒时这一行还没有到达。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# `map(len)` again, now behind a receiver. Here is the first question.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 还是 `map(len)`，现在前面有一个接收器。先看第一个问题。


# %%
def lengths_of_lines(ssc):
    ssc.socketTextStream("localhost", 9999).map(len).pprint()


def simulated(program, load, *, block=0.2, until=9):
    return Simulation(
        program,
        network={"localhost:9999": load},
        batch=2.0,
        block=block,
        cluster=Cluster(executors=3, cores=2),
        seed=SEED,
    ).run(until=until)


typed = [(0.50, "to"), (0.55, "be"), (1.10, "or"), (1.15, "not"), (1.70, "to be"), (2.95, "that")]
run = simulated(lengths_of_lines, Replay(typed))
confirm("tasks", len(run.tasks.where(batch_time_ms=2000)))
run.blocks

# %%
run.figure()

# %% [markdown] lang="en"
# A block's name says where it comes from: `input-0-400` is of stream 0, and its interval began at 400 ms. It was cut at 600
# (`generated_ms`), stored on two executors, and the driver heard of it at 610 (`added_ms`). Only that last time decides
# on the batch: **a batch takes the blocks that the driver has heard of when the batch is due.**
#
# Drag the handle to 1.65 s: the buffer is empty, two blocks wait for the batch of second 2.

# %% [markdown] lang="zh"
# 数据块的名字说明了它的来历：`input-0-400` 属于 0 号流，它的间隔从 400 毫秒开始。它在 600 毫秒被切下（`generated_ms`），
# 存到两个执行器（executor）上，驱动程序在 610 毫秒听说了它（`added_ms`）。只有最后这个时刻决定它进入哪个批次：
# **批次到点时，取走驱动程序已经听说的数据块。**
#
# 把滑块拖到 1.65 秒：缓冲区是空的，两个数据块在等待第 2 秒的批次。

# %%
run.timeline()

# %% [markdown] lang="en"
# The second question, blocks of 1.5 s:

# %% [markdown] lang="zh"
# 第二个问题，数据块间隔 1.5 秒：

# %%
run = simulated(lengths_of_lines, Replay([(2.5, "to be"), (4.6, "or not")]), block=1.5)
confirm("batch of the line", run.delivery.records[1].batch_time_ms // 1000)
run.blocks

# %% [markdown] lang="en"
# A block that is cut at the very moment when a batch is due comes too late for it. So the last block of each batch
# interval *slips* into the next batch. How many lines does that concern? 50 lines per second:

# %% [markdown] lang="zh"
# 恰好在批次到点的时刻切下的数据块，总是赶不上这个批次。所以每个批次间隔的最后一个数据块会*滑*到下一个批次。
# 这涉及多少行？每秒 50 行：

# %%
print("block interval   blocks per batch   lines that slip into the next batch")
for block in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0):
    run = simulated(lengths_of_lines, Constant(rate=50), block=block, until=41)
    arrivals = [(line.record * 20, line.batch_time_ms) for line in run.delivery.records]
    settled = [(arrival, batch) for arrival, batch in arrivals if 2000 < arrival <= 36000]
    slipped = sum(batch - 2000 >= arrival for arrival, batch in settled)
    print(f"{block:>12} s   {run.batches[5].blocks:>16}   {slipped / len(settled):>35.1%}")

# %% [markdown] lang="en"
# With ten blocks per batch it is every tenth line. With a block interval as long as the batch interval every line waits
# for a whole batch more.
#
# ### When nothing comes
#
# One line arrives at 0.9 s, then nobody says anything any more.

# %% [markdown] lang="zh"
# 每个批次十个数据块时，是十行中的一行。如果数据块间隔与批次间隔一样长，每一行都要多等整整一个批次。
#
# ### 什么都没有到来时
#
# 一行在 0.9 秒到达，之后再也没有人说话。


# %%
def words(ssc):
    pairs = ssc.socketTextStream("localhost", 9999).map(lambda line: (line, 1))
    pairs.reduceByKey(lambda a, b: a + b).pprint()


print("tasks of the batch of second    2    4    6    8")
for program in (lengths_of_lines, words):
    run = simulated(program, Replay([(0.9, "to be")]))
    tasks = [len(run.tasks.where(batch_time_ms=second * 1000)) for second in (2, 4, 6, 8)]
    print(f"{program.__name__:>28}", *[f"{count:>5}" for count in tasks], sep="")

# %% [markdown] lang="en"
# A silent interval still makes a batch, and its output operation runs: that is why an empty batch prints its header. What
# the job costs depends on the program. An RDD without partitions needs no task. But behind `reduceByKey` there are always
# as many partitions as `spark.default.parallelism` says, here 6, and a task looks into each of them to find nothing.
#
# ### The grid
#
# Batch times are multiples of the batch interval, counted from a *zero time*, which is one interval before the first
# batch. Every DStream has a **slide**, which says at which of these times it has an RDD. It is the batch interval, unless
# a window says otherwise: then it is a multiple of it. A window of 4 s every 4 s, on batches of 2 s, has an RDD at every
# second batch time. At the others there is nothing to do, so no batch shows up; its blocks wait for the window. A length
# or a slide that is no multiple of the batch interval is refused, as the second cell shows.

# %% [markdown] lang="zh"
# 没有数据的间隔仍然有一个批次，它的输出操作照样运行：所以空批次也会打印自己的标题。作业的代价取决于程序。没有分区的 RDD 不需要任务。
# 但在 `reduceByKey` 之后，分区数总是 `spark.default.parallelism` 所说的那么多，这里是 6；每个分区都有一个任务去看一眼，然后一无所获。
#
# ### 时间网格
#
# 批次时刻是批次间隔的整数倍，从*零时刻*（zero time）数起，它比第一个批次早一个间隔。每个 DStream 都有一个**滑动间隔**（slide），
# 说明它在哪些时刻有 RDD。它就是批次间隔，除非窗口（window）另有规定，那时它是批次间隔的整数倍。
# 批次间隔 2 秒，4 秒的窗口每 4 秒一次：它每隔一个批次时刻才有一个 RDD。其余时刻无事可做，所以看不到批次；那时的数据块等着进入窗口。
# 窗口长度或滑动间隔不是批次间隔的整数倍时会被拒绝，如第二个代码单元所示。


# %%
def windows(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.window(windowDuration=4, slideDuration=4).pprint()


for batch in simulated(windows, Constant(rate=5), until=13).batches:
    print(f"a batch of second {batch.batch_time_ms // 1000}")


# %%
def windows_off_the_grid(ssc):
    ssc.socketTextStream("localhost", 9999).window(3, 3).pprint()


try:
    simulated(windows_off_the_grid, Constant(rate=5))
except ValueError as error:
    print(error)

# %% [markdown] lang="en"
# ## Break it
#
# Somebody has read that many small blocks cost too many tasks, and sets the block interval to 3 s, above the batch
# interval of 2 s. Lines come all the time. Of the three batches of seconds 14, 16 and 18, how many have no data at all?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 有人读到太多小数据块会产生太多任务，于是把数据块间隔设为 3 秒，超过了 2 秒的批次间隔。行一直在到来。
# 在第 14、16、18 秒的三个批次中，有几个完全没有数据？

# %% predict="empty batches"
{
    "answer": 1,
    "why": (
        "Blocks are cut at 12, 15 and 18 s. The one of 12 joins batch 14, the one of 15 joins 16, and the one of 18 is "
        "known too late for 18. Three batches share two blocks, and this repeats every 6 s.",
        "数据块在 12、15、18 秒被切下。12 秒的进入批次 14，15 秒的进入批次 16，18 秒的来不及进入批次 18。"
        "三个批次分两个数据块，每 6 秒重复一次。",
    ),
    "mistakes": {
        0: (
            "Lines come all the time, but a batch gets blocks, not lines. When are blocks cut?",
            "行一直在到来，但批次得到的是数据块，而不是行。数据块在什么时候切下？",
        ),
        2: (
            "Write down when blocks are cut: 12, 15, 18. Which batch is the first after each?",
            "写下切数据块的时刻：12、15、18。每个时刻之后的第一个批次是哪个？",
        ),
    },
}

# %%
run = simulated(lengths_of_lines, Constant(rate=50), block=3.0, until=21)
of_three = run.batches.where(lambda batch: batch.batch_time_ms in (14000, 16000, 18000))
confirm("empty batches", len(of_three.where(blocks=0)))
for batch in run.batches:
    second = batch.batch_time_ms // 1000
    print(f"batch of second {second:>2}: {batch.blocks} blocks, {batch.records:>3} lines")

# %% [markdown] lang="en"
# The lines per batch jump up and down, although the source is as regular as can be; and at most one task reads a batch,
# while four cores idle. Ten seconds of it: when the batch of second 12 is due, the block that was begun at 9 s is being
# cut, and there is nothing else.

# %% [markdown] lang="zh"
# 每个批次的行数忽高忽低，而数据源再规律不过；每个批次最多只有一个任务在读，四个核心（core）闲着。
# 下面是其中十秒：第 12 秒的批次到点时，从 9 秒开始的数据块正被切下，而此外什么都没有。

# %%
run.figure(start=8, end=18)

# %% [markdown] lang="en"
# Turn the knobs. Which block interval gives each of the five free cores four tasks per batch? What happens to the processing time when
# you go on making blocks shorter?

# %% [markdown] lang="zh"
# 自己调调看。数据块间隔设为多少，五个空闲核心在每个批次中恰好各有四个任务？继续缩短数据块，处理时间会怎样？

# %%
lab(
    Simulation(
        lengths_of_lines,
        network={"localhost:9999": Constant(rate=200)},
        batch=2.0,
        cluster=Cluster(3, 2),
        seed=SEED,
    ),
    until=20,
)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"The block interval says how often Spark collects data."** Receiving never pauses. The block interval says how often
# the buffer is cut, and nothing is cut when it is empty. *Source: `BlockGenerator.updateCurrentBuffer`.*
#
# **"A batch holds what arrived in its interval."** It holds the blocks that the driver has heard of by then. The last
# block interval of each batch, and everything that is slow to be stored, belongs to the next one. Do not use the batch
# time as the time of an event. *Source: `ReceivedBlockTracker.allocateBlocksToBatch`; no code looks at the time in a
# block's name.*
#
# **"No data, no batch."** There is a batch at each multiple of the interval, with or without data. Only where
# all streams have a longer slide, it has no job. *Source: `JobGenerator.generateJobs` is called at each tick of a timer.*
#
# **"More executors, more tasks."** The number of tasks that read a batch is the number of its blocks. To use more cores,
# make shorter blocks, use more receivers, or call `repartition`.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“数据块间隔是 Spark 采集数据的频率。”** 接收从不暂停。数据块间隔说的是多久切一次缓冲区，缓冲区为空时什么也不切。
# *来源：`BlockGenerator.updateCurrentBuffer`。*
#
# **“一个批次包含在它的间隔内到达的数据。”** 它包含驱动程序到那时听说过的数据块。每个批次间隔最后的那个数据块，以及所有存得慢的，
# 都属于下一个批次。不要把批次时间当作事件发生的时间。*来源：`ReceivedBlockTracker.allocateBlocksToBatch`；没有任何代码查看数据块名字中的时间。*
#
# **“没有数据就没有批次。”** 在间隔的每个整数倍时刻都有一个批次，不管有没有数据。只有当所有流的滑动间隔都更长时，它才没有作业。
# *来源：定时器每次到点都会调用 `JobGenerator.generateJobs`。*
#
# **“执行器越多，任务越多。”** 读取一个批次的任务数就是它的数据块数。想用上更多核心，就缩短数据块、增加接收器，或调用 `repartition`。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Cutting, naming and allotting of blocks follow Spark's rules. In the model a block needs 10 ms from the cut until the
# driver knows of it, plus a little for its size. On a cluster this varies, and a block may need much longer when the
# network or the memory is full, so the border between two batches is less sharp. Real clocks count from 1970, and
# programs start at any moment: the first batch is due at the next multiple of the interval, and may be short.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 数据块的切分、命名和分配都遵循 Spark 的规则。在模型中，一个数据块从切下到驱动程序知道它需要 10 毫秒，再加上与大小有关的一点时间。
# 在集群上这个时间会变化，网络或内存吃紧时可能长得多，所以两个批次之间的界线没有这么分明。真实的时钟从 1970 年数起，
# 程序可以在任何时刻启动：第一个批次在间隔的下一个整数倍时刻到点，它可能不足一个间隔。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 5 s, blocks of 0.25 s, three receivers, data all the time. How many tasks read a batch?
#
# <details><summary>Answer</summary>
#
# 60: each receiver makes 20 blocks per batch.
# </details>
#
# 2. A receiver gets one line every second. Batches of 10 s, blocks of 0.2 s. How many tasks read a batch, and what would
# you change?
#
# <details><summary>Answer</summary>
#
# Ten: one per line, each with a single record. A block interval of 2 s gives five tasks, and with so little data one
# block per batch or two would do.
# </details>
#
# 3. Batch interval 1 s, block interval 0.2 s. A line arrives at 6.79 s and another one at 6.81 s. Which batches?
#
# <details><summary>Answer</summary>
#
# The first is in the block that is cut at 6.8 s, and known at about 6.81 s: batch 7. The second is in the block that is
# cut at 7.0 s, and known after 7.0 s: batch 8. They arrived 0.02 s apart.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次间隔 5 秒，数据块间隔 0.25 秒，三个接收器，数据不断。读取一个批次有多少个任务？
#
# <details><summary>答案</summary>
#
# 60 个：每个接收器每个批次产生 20 个数据块。
# </details>
#
# 2. 一个接收器每秒收到一行。批次间隔 10 秒，数据块间隔 0.2 秒。读取一个批次有多少个任务？你会怎样改？
#
# <details><summary>答案</summary>
#
# 十个：每行一个，每个任务只有一条记录。数据块间隔改为 2 秒，就只有五个任务；数据这么少，每个批次一两个数据块就够了。
# </details>
#
# 3. 批次间隔 1 秒，数据块间隔 0.2 秒。一行在 6.79 秒到达，另一行在 6.81 秒到达。它们各在哪个批次？
#
# <details><summary>答案</summary>
#
# 第一行在 6.8 秒切下的数据块中，约 6.81 秒被知道：批次 7。第二行在 7.0 秒切下的数据块中，7.0 秒之后才被知道：批次 8。
# 它们到达的时间只差 0.02 秒。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 2](../../exercises/en/ex02_micro_batches.ipynb): say beforehand how many tasks there will be and which batch a
# record joins, and read the settings of a cluster from a run. `sparksim grade 02` says how far you are. Next: lesson 3,
# where words are counted.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 2](../../exercises/zh/ex02_micro_batches.ipynb)：提前说出会有多少个任务、记录进入哪个批次，并从一次运行中读出集群的设置。
# `sparksim grade 02` 会告诉你做到了哪一步。下一课是第 3 课：统计单词。
