# %% [markdown] lang="en"
# # 3. Word count: from a line on a socket to a number on the screen
#
# **The question.** Somebody types a line of text. A moment later its words have been counted, on a cluster. Which
# machine saw the line first? When exactly was it counted? And if a machine dies in between, is it still counted?
#
# *About 30 minutes. You need lesson 2 (batches and blocks) and a pencil: predict first, run second.*

# %% [markdown] lang="zh"
# # 3. 词数统计：从套接字上的一行到屏幕上的一个数
#
# **问题。** 有人输入一行文字，片刻之后，集群已经数完了其中的单词。哪台机器最先看到这一行？它到底在什么时刻被统计？
# 如果中途有一台机器死掉，这一行还会被统计吗？
#
# *约 30 分钟。需要第 2 课（批次与数据块）和一支铅笔：先预测，再运行。*

# %%
from sparksim import StorageLevel
from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import Cluster, Constant, ExecutorCrash, Poisson, Replay, Simulation

SEED = 1
lesson("03", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  a socket        receiver                blocks                  batch = one job
# "to be" ──────▶ [ buffer ] ──cut every──▶ [▢▢▢▢▢▢▢▢▢▢] ──every──▶ a task per block
#                  on one core   0.2 s       on 2 executors   2 s
# ```
#
# A **receiver** is a task that never ends. It keeps one core of one executor and puts lines into a buffer. Every
# **block interval** the buffer is cut off and becomes a **block**, stored on two executors. When a batch is due, the
# driver takes all blocks that it has heard of, and runs one ordinary Spark job over them: one task per block.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  socket          receiver                blocks                  batch = one job
# "to be" ──────▶ [ buffer ] ──cut every──▶ [▢▢▢▢▢▢▢▢▢▢] ──every──▶ a task per block
#                  on one core   0.2 s       on 2 executors   2 s
# ```
#
# **接收器（receiver）** 是一个永不结束的任务（task）。它占住一个执行器（executor）的一个核心（core），把收到的行放进缓冲区。
# 每过一个**数据块间隔（block interval）**，缓冲区被切下来成为一个**数据块（block）**，存放在两个执行器上。批次（batch）到点时，
# 驱动程序（driver）取走它听说过的所有数据块，对它们运行一个普通的 Spark 作业（job）：每个数据块一个任务。

# %% [markdown] lang="en"
# ## The program, live
#
# It says what happens to *every* batch of an endless input: where records come from, what to do with them, what to do
# with the result. Here it runs on two cores of your machine. A real server on port 9999 sends five lines.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 程序说明对无尽输入的*每一个*批次做什么：记录从哪里来、怎样处理、结果怎么办。这里它运行在你机器的两个核心上，
# 端口 9999 上的一个真实服务器会发出五行文字。


# %%
def word_count(ssc):
    lines = ssc.socketTextStream("localhost", 9999)  # a stream: one record per line of text
    words = lines.flatMap(lambda line: line.split())  # one record per word
    pairs = words.map(lambda word: (word, 1))
    counts = pairs.reduceByKey(lambda a, b: a + b)  # per word, the sum of its ones
    counts.pprint()  # an output: without one, nothing would ever run


# %%
typed = [(0.90, "to be"), (1.30, "or not to be"), (2.50, "that is"), (3.95, "the question"), (5.10, "to be")]

run = live(word_count, network={"localhost:9999": Replay(typed)}, batch=2.0, until=7)

# %% [markdown] lang="en"
# ## Predict
#
# Batches are due at 2, 4, 6 and 8 seconds. The line *the question* arrives at 3.95 s. In the batch of which second is it
# counted?

# %% [markdown] lang="zh"
# ## 预测
#
# 批次在第 2、4、6、8 秒到点。*the question* 这一行在 3.95 秒到达。它在第几秒的批次中被统计？

# %% predict="batch of the question"
{
    "answer": 6,
    "why": (
        "At 3.95 the line goes into the buffer. At 4.00 the buffer is cut, and only some milliseconds later the driver "
        "hears of the block. By then it has already handed out what it knew for the batch of second 4.",
        "3.95 秒时这一行进入缓冲区；4.00 秒时缓冲区被切下，几毫秒之后驱动程序才听说这个数据块，"
        "而此时它已经把所知道的数据块分给了第 4 秒的批次。",
    ),
    "mistakes": {
        4: (
            "It arrives before the batch of second 4; but when does the driver hear of its block?",
            "它在第 4 秒的批次之前到达；但驱动程序何时听说它所在的数据块？",
        ),
    },
}

# %% [markdown] lang="en"
# How many tasks read the blocks of a batch, when many lines arrive in every block interval: batches of 2 s, blocks of
# 0.2 s?

# %% [markdown] lang="zh"
# 如果每个数据块间隔内都有许多行到达：批次 2 秒、数据块 0.2 秒，那么一个批次有多少个任务读取数据块？

# %% predict="tasks"
{
    "answer": 10,
    "why": (
        "2 s / 0.2 s = 10 blocks, and each block is one partition, hence one task.",
        "2 秒 / 0.2 秒 = 10 个数据块；每个数据块是一个分区（partition），也就是一个任务。",
    ),
    "mistakes": {
        6: (
            "Six is the number of cores. It says how many tasks run at once, not how many there are.",
            "6 是核心数。它决定同时运行多少个任务，而不是一共有多少个任务。",
        ),
        5: (
            "Five cores are free beside the receiver; but tasks are counted by blocks, not by cores.",
            "除接收器外有 5 个空闲核心；但任务数由数据块数决定，而不是核心数。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors with two cores each, in virtual time. The same five lines at the same moments.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器，每个两个核心，运行在虚拟时间中。同样的五行，同样的时刻。

# %%
CLUSTER = Cluster(executors=3, cores=2)


def simulated(program, load, *, until, block=0.2, faults=()):
    return Simulation(
        program,
        network={"localhost:9999": load},
        batch=2.0,
        block=block,
        cluster=CLUSTER,
        faults=faults,
        seed=SEED,
    ).run(until=until)


run = simulated(word_count, Replay(typed), until=9)
confirm("batch of the question", run.delivery.records[3].batch_time_ms // 1000)
run.blocks

# %% [markdown] lang="en"
# Find `input-0-3800`: cut at 4000 ms (`generated_ms`), known to the driver at 4010 ms (`added_ms`). **A record belongs to
# the first batch that starts after the driver has heard of its block**, not to the batch in whose seconds it arrived.

# %% [markdown] lang="zh"
# 找到 `input-0-3800`：它在 4000 毫秒被切下（`generated_ms`），驱动程序在 4010 毫秒才知道它（`added_ms`）。
# **一条记录属于驱动程序听说其数据块之后开始的第一个批次**，而不是它到达的那几秒所在的批次。

# %%
run.figure()

# %% [markdown] lang="en"
# From top to bottom: the receiver, its blocks, batches that wait, output operations, and every core of every executor.
# Blocks and tasks have the colour of the batch that they belong to. The batch of second 8 has no data and still a job:
# batches come with the clock, not with the data.
#
# The same run, to touch. Drag the round handle to 3.97 s: what is in the buffer, and which block waits? Then click
# *the question* on the lane of the source, and read its way.

# %% [markdown] lang="zh"
# 从上到下：接收器、它的数据块、等待的批次、输出操作，以及每个执行器的每个核心。数据块和任务的颜色与所属批次相同。
# 第 8 秒的批次没有数据，却仍有一个作业：批次随时钟而来，不随数据而来。
#
# 同一次运行，可以动手操作。把圆形滑块拖到 3.97 秒：缓冲区里有什么，哪个数据块在等待？然后在数据源那一行点击
# *the question*，看看它走过的路。

# %%
run.timeline()

# %% [markdown] lang="en"
# Now 200 lines per second, at random moments:

# %% [markdown] lang="zh"
# 现在每秒 200 行，到达时刻随机：

# %%
run = simulated(word_count, Poisson(rate=200), until=30)
confirm("tasks", run.batches[3].blocks)

print("block interval   tasks   mean processing time")
for block in (0.05, 0.1, 0.2, 0.5, 1.0, 2.0):
    batches = simulated(word_count, Poisson(rate=200), until=30, block=block).batches
    done = batches.where(status="completed")[2:]
    mean_s = sum(done.column("processing_time_ms")) / len(done) / 1000
    print(f"{block:>12} s   {done[0].blocks:>5}   {mean_s:>18.3f} s")

# %% [markdown] lang="en"
# Both ends are slow. With blocks of 2 s a single task reads everything while four cores idle; with blocks of 0.05 s
# starting a task costs more than the ten or so lines it finds. In between lies a broad valley: about as many blocks as
# there are free cores, or two or three times as many.

# %% [markdown] lang="zh"
# 两端都慢。数据块为 2 秒时，一个任务读取全部数据，四个核心闲着；数据块为 0.05 秒时，启动任务的代价比它读到的十来行还大。
# 中间是一片宽阔的谷地：数据块的数量与空闲核心数相当，或是它的两三倍。

# %% [markdown] lang="en"
# ## Break it
#
# At 7.3 s the executor that runs the receiver is killed. Three lines: one that arrived at 6.5 s and lies in a stored
# block; one that arrived at 7.26 s and lies in the buffer; one that is sent at 7.4 s. How many of the three are lost?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 在 7.3 秒，运行接收器的执行器被杀死。三行：一行 6.5 秒到达，已在存好的数据块中；一行 7.26 秒到达，还在缓冲区中；
# 一行在 7.4 秒发出。三行中会丢失几行？

# %% predict="lost of three"
{
    "answer": 2,
    "why": (
        "The block has a second copy on another executor, and tasks read that one. The buffer had none. And a line that "
        "is sent while nobody is connected goes nowhere: a socket has no memory.",
        "数据块在另一个执行器上有第二份副本，任务读的就是它。缓冲区没有副本。而在没有人连接时发出的行无处可去：套接字没有记忆。",
    ),
    "mistakes": {
        0: (
            "Blocks are replicated; but is a line part of a block as soon as it has arrived?",
            "数据块有副本；但一行到达之后就立刻属于某个数据块吗？",
        ),
        1: (
            "And what becomes of a line that is sent before the new receiver has connected?",
            "在新的接收器连接之前发出的行又会怎样？",
        ),
        3: ("The block that was stored has a second copy.", "已存好的数据块还有第二份副本。"),
    },
}


# %%
def crashed(program):
    return simulated(program, Constant(rate=50), until=17, faults=[ExecutorCrash("receiver", at=7.3)])


run = crashed(word_count)
lines = run.delivery.records  # one line every 0.02 s
confirm("lost of three", sum(lines[int(second * 50)].outcome == "lost" for second in (6.5, 7.26, 7.4)))
run.figure(start=5, end=11)

# %%
run.delivery

# %% [markdown] lang="en"
# The report accounts for every line that was sent, once each. Some were lost at the very beginning as well, before the
# first receiver was up. *Pending* ones are neither lost nor counted: the run ended before their batch was done.
#
# In the figure a receiver flashes up on executor 2 before a new one settles on executor 1. Spark tries the dead task
# again, and that attempt ends at once: where a receiver runs is for the driver to choose, and it starts a new job for it.
#
# How much did the second copy save? Ask for a single one, in memory only:

# %% [markdown] lang="zh"
# 报告为发出的每一行各记一笔账。最开始也丢了几行，那时第一个接收器还没有就绪。*待处理*（pending）的行既没有丢失也没有被统计：
# 运行在它们的批次完成之前就结束了。
#
# 图中，接收器先在执行器 2 上一闪而过，然后新的接收器才在执行器 1 上安顿下来。Spark 会重试死掉的任务，而这次尝试立即结束：
# 接收器在哪里运行由驱动程序决定，它为此启动一个新的作业。
#
# 第二份副本救了多少？只要一份副本，而且只放在内存中，试试看：


# %%
def word_count_with_one_copy(ssc):
    lines = ssc.socketTextStream("localhost", 9999, StorageLevel.MEMORY_ONLY)
    words = lines.flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()


run = crashed(word_count_with_one_copy)
run.delivery

# %% [markdown] lang="en"
# Now the blocks that waited for the batch of second 8 are gone as well. And it happens quietly: the batch runs on what is
# left, and succeeds. A warning in the driver's log is all.

# %% [markdown] lang="zh"
# 现在，已经在等待第 8 秒批次的数据块也没了。而且几乎毫无声息：批次照样在剩下的数据上运行，并且成功；
# 只有驱动程序的日志里多了一条警告。

# %% [markdown] lang="en"
# Which lines were they? The striped ones on the lane of the source. Click one.

# %% [markdown] lang="zh"
# 是哪几行丢了？数据源那一行中带条纹的就是。点击其中一条。

# %%
run.timeline()

# %% [markdown] lang="en"
# And now with knobs of your own. Each change simulates all over. *Pin* keeps a run beside the next one, *Share* shows the
# Python that rebuilds it. Let the receiver's executor crash: which of a write-ahead log (a copy of each block in a file,
# lesson 15), another storage level and shorter blocks saves lines? Take cores away until nothing is counted: how many are
# left?

# %% [markdown] lang="zh"
# 现在由你来调节。每次改动都会重新模拟。*固定*保留一次运行以便对比，*分享*给出重建它的 Python 代码。让接收器所在的执行器崩溃：
# 预写日志（write-ahead log，即把每个数据块再写入文件，见第 15 课）、别的存储级别、更短的数据块，哪些能救回一些行？逐个拿走核心，直到什么都不再被统计：还剩几个？

# %%
lab(
    Simulation(
        word_count,
        network={"localhost:9999": Poisson(rate=20)},
        batch=2.0,
        cluster=CLUSTER,
        seed=SEED,
    ),
    until=30,
)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"`local[1]` is slow, but it works."** A receiver holds its core for ever. With one core nothing is left to process the
# batches: they queue up, and nothing is counted. You need more cores than receivers, on a laptop (`local[2]` or more) as
# on a cluster. *Source: Spark's `ReceiverTracker` runs each receiver as an ordinary job with one task.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“`local[1]` 只是慢，但能用。”** 接收器永远占住它的核心。只有一个核心时，没有核心来处理批次：它们排起队，什么都没有被统计。
# 核心数必须多于接收器数，无论在笔记本电脑上（`local[2]` 或更多）还是在集群上。
# *来源：Spark 的 `ReceiverTracker` 把每个接收器作为一个只有一个任务的普通作业来运行。*

# %%
alone = Simulation(
    word_count, network={"localhost:9999": Poisson(rate=50)}, batch=2.0, cluster=Cluster(1, 1), seed=SEED
)
alone.run(until=10).batches

# %% [markdown] lang="en"
# **"Every 200 ms Spark collects the data."** It receives all the time; every 200 ms the buffer is *cut*, and only if
# something is in it. A quiet interval makes no block, and so no task. *Source: `BlockGenerator.updateCurrentBuffer`.*

# %% [markdown] lang="zh"
# **“Spark 每 200 毫秒采集一次数据。”** 它一直在接收；每 200 毫秒缓冲区被*切*一次，而且只在其中有数据时才切。
# 没有数据的间隔不产生数据块，也就没有任务。*来源：`BlockGenerator.updateCurrentBuffer`。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# The engine follows Spark's rules: when blocks are cut, which batch a block joins, where tasks and receivers are placed,
# what is retried. *Durations* come from a cost model with round numbers (1 ms per record, 20 ms to start a task, 100 ms
# to notice a death). On a cluster tasks take a different time each run, transfers share the network, a machine that hangs
# without closing its connections is noticed after minutes, and a real sender may notice that nobody is listening and wait.
# So trust the order of events and the fate of records, not the seconds.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 引擎遵循 Spark 的规则：何时切数据块、数据块进入哪个批次、任务和接收器放在哪里、什么会重试。*时长*则来自一个取整数的成本模型
# （每条记录 1 毫秒，启动任务 20 毫秒，发现死亡 100 毫秒）。在集群上，任务每次耗时不同，传输共享网络，
# 没有关闭连接就挂起的机器要几分钟后才被发现，真实的发送方也可能发现没人在听而等待。所以，请相信事件的顺序和记录的命运，不要相信秒数。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. The batch interval becomes 1 second. In which batch is each of the five lines counted?
#
# <details><summary>Answer</summary>
#
# 2, 2, 3, 5, 6. The line of 0.90 is in the block that is cut at 1.0 and known at 1.01, too late for a batch that is due
# at 1.0. In the same way 3.95 is counted in the batch of second 5.
# </details>
#
# 2. Another executor dies, one without a receiver. Is a line lost?
#
# <details><summary>Answer</summary>
#
# None. Each block has its other copy on the receiver's executor, and the lost tasks run again elsewhere.
# </details>
#
# 3. Blocks of 1 second instead of 0.2: does the crash at 7.3 s lose more or fewer lines?
#
# <details><summary>Answer</summary>
#
# More: the buffer holds up to a second of lines instead of a fifth of one. Longer blocks mean fewer tasks and a larger
# stake.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次间隔改为 1 秒。五行各在哪个批次中被统计？
#
# <details><summary>答案</summary>
#
# 2、2、3、5、6。0.90 秒的行在 1.0 秒切下的数据块中，1.01 秒才被知道：对第 1 秒的批次来说太晚了。同样，3.95 秒的行在第 5 秒的批次中被统计。
# </details>
#
# 2. 另一个没有接收器的执行器死了。会丢失某一行吗？
#
# <details><summary>答案</summary>
#
# 不会。每个数据块的另一份副本在接收器所在的执行器上，失去的任务会在别处重新运行。
# </details>
#
# 3. 数据块从 0.2 秒改为 1 秒：7.3 秒的崩溃会丢失更多还是更少的行？
#
# <details><summary>答案</summary>
#
# 更多：缓冲区最多积攒一秒的行，而不是五分之一秒。数据块越长，任务越少，风险越大。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 3](../../exercises/en/ex03_word_count.ipynb): write the word count yourself. `sparksim grade 03` says how far
# you are. Next: lesson 4, where nobody receives anything.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 3](../../exercises/zh/ex03_word_count.ipynb)：自己写出词数统计。`sparksim grade 03` 会告诉你做到了哪一步。
# 下一课是第 4 课，那里没有接收器。
