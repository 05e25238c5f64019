# %% [markdown] lang="en"
# # 1. Why streaming: answers while it still matters
#
# **The question.** A shop sells tea, coffee and cake all day long, and its orders arrive one by one. What does it sell
# *right now*? A program that reads yesterday's orders tonight gives a perfect answer, too late. How does Spark Streaming
# answer all day long, how long does an order wait for its answer, and how many orders can it take?
#
# *About 30 minutes. You need Python and an idea of `map` and `reduceByKey` on Spark's RDDs.*

# %% [markdown] lang="zh"
# # 1. 为什么要流处理：在答案还有用的时候给出答案
#
# **问题。** 一家店整天卖茶、咖啡和蛋糕，订单一条一条地到来。它*此刻*在卖什么？今晚读取昨天订单的程序能给出完美的答案，
# 只是太晚了。Spark Streaming 怎样做到整天都在给出答案？一条订单要等多久才有结果？它又能承受多少订单？
#
# *约 30 分钟。需要会 Python，并大致了解 Spark RDD 上的 `map` 和 `reduceByKey`。*

# %%
from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import Cluster, Constant, Replay, Simulation, work

SEED = 1
lesson("01", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# Data that never ends is cut into pieces, one for each **batch interval**, and each piece gets an ordinary Spark job.
#
# ```
#                         driver: "batch of second 4: process these blocks"
#                            ▲ │
#               "I have a    │ │ a job, made of tasks
#                block"      │ ▼
#  source ──────▶ receiver ──────▶ blocks ──────▶ tasks ──────▶ sink
#  sends orders   one core of      in memory      the other     screen, file,
#  all the time   an executor      of executors   cores         database
# ```
#
# - The **driver** is the process that runs your program. It touches no order; it decides what happens when.
# - **Executors** are processes on the machines of the cluster. Each has some **cores**; a core runs one **task** at a time.
# - A **receiver** is a task that never ends: it takes in what the **source** sends. Every 0.2 s it closes a **block** with
#   what has come, and tells the driver.
# - A **batch** is made of the blocks that the driver knows when the batch is due, once per batch interval.
# - Where the results go is the **sink**: here the screen.
#
# Two numbers say how well it works. **Latency**: how long a record waits from its arrival until its result is there.
# **Throughput**: how many records per second are processed.

# %% [markdown] lang="zh"
# ## 基本思想
#
# 把永无止境的数据切成小段，每个**批次间隔**（batch interval）一段，每一段交给一个普通的 Spark 作业（job）。
#
# ```
#                         driver: "batch of second 4: process these blocks"
#                            ▲ │
#               "I have a    │ │ a job, made of tasks
#                block"      │ ▼
#  source ──────▶ receiver ──────▶ blocks ──────▶ tasks ──────▶ sink
#  sends orders   one core of      in memory      the other     screen, file,
#  all the time   an executor      of executors   cores         database
# ```
#
# - **驱动程序**（driver）是运行你的程序的进程。它不碰任何订单，只决定什么时候做什么。
# - **执行器**（executor）是集群各台机器上的进程。每个执行器有若干**核心**（core），一个核心同一时刻运行一个**任务**（task）。
# - **接收器**（receiver）是一个永不结束的任务：它接收**数据源**（source）发来的内容。每隔 0.2 秒，它把收到的内容封成一个**数据块**（block），并告诉驱动程序。
# - **批次**（batch）由它到点时驱动程序已经知道的数据块组成，每个批次间隔到点一次。
# - 结果去往的地方叫**输出端**（sink），这里是屏幕。
#
# 两个数字说明它工作得好不好。**延迟**（latency）：一条记录从到达到结果出现要等多久。**吞吐量**（throughput）：每秒处理多少条记录。

# %% [markdown] lang="en"
# ## The program, live
#
# An order is a line such as `tea 4`: a product and its price. The program adds up the prices per product, every two
# seconds. Here it really runs, on two cores of your machine, and a server on port 9999 sends five orders.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 一条订单是一行文字，例如 `tea 4`：商品和价格。程序每两秒把每种商品的价格加起来。这里它真的在你机器的两个核心上运行，
# 端口 9999 上的一个服务器会发出五条订单。


# %%
def takings(ssc):
    orders = ssc.socketTextStream("localhost", 9999)
    prices = orders.map(lambda order: (order.split()[0], int(order.split()[1])))
    prices.reduceByKey(lambda a, b: a + b).pprint()


# %%
orders = [(0.5, "tea 4"), (1.2, "cake 3"), (2.6, "tea 4"), (3.4, "tea 5"), (4.6, "coffee 2")]

run = live(takings, network={"localhost:9999": Replay(orders)}, batch=2.0, until=5)

# %% [markdown] lang="en"
# Three batches, three answers. Each one speaks of its own two seconds: the second batch does not know the tea of the
# first one. Nobody asked for the answers; they come with the clock.
#
# ## Predict
#
# Now a cluster of three executors with two cores each, batches of 2 s, and 20 orders per second. Suppose that each batch
# has its results about 0.2 s after it was due. How many seconds does an order wait for its result, on average?

# %% [markdown] lang="zh"
# 三个批次，三个答案。每个答案只说自己的那两秒：第二个批次不知道第一个批次的茶。没有人去要这些答案，时间一到它们就来。
#
# ## 预测
#
# 现在是一个集群：三个执行器，每个两个核心；批次间隔 2 秒，每秒 20 条订单。假设每个批次在到点之后约 0.2 秒得到结果。
# 一条订单平均要等多少秒才有结果？

# %% predict="mean wait"
{
    "answer": 1.4,
    "within": 0.25,
    "why": (
        "An order may come at any moment of the 2 s, so it waits 1 s for its batch on average. The last block before a "
        "batch comes too late for it, which costs about 0.2 s more. And 0.2 s are for the job.",
        "订单可能在 2 秒中的任何时刻到来，所以平均等 1 秒才轮到批次。批次到点前的最后一个数据块来不及进入该批次，"
        "这又要约 0.2 秒。作业本身 0.2 秒。",
    ),
    "mistakes": {
        0.2: (
            "That is how long the job takes. But before its job starts, an order waits for its batch.",
            "这是作业所花的时间。但在作业开始之前，订单先要等批次到点。",
        ),
        2.2: (
            "The unluckiest order, which has just missed a batch, waits about that long. And on average?",
            "运气最差的订单（刚好错过一个批次）大约要等这么久。那么平均呢？",
        ),
    },
}

# %% [markdown] lang="en"
# And a question about throughput. One executor with two cores; for each order a task looks something up, which keeps its
# core for 0.05 s. How many orders per second can be processed at most?

# %% [markdown] lang="zh"
# 再来一个吞吐量的问题。一个执行器、两个核心；任务为每条订单查一次资料，占用核心 0.05 秒。每秒最多能处理多少条订单？

# %% predict="most per second"
{
    "answer": 20,
    "within": 3,
    "why": (
        "The receiver keeps one core for itself. The other one does 1 / 0.05 = 20 orders per second, and somewhat less, "
        "because starting jobs and tasks takes time as well.",
        "接收器独占一个核心。另一个核心每秒处理 1 / 0.05 = 20 条订单；实际还要少一些，因为启动作业和任务也要时间。",
    ),
    "mistakes": {
        40: (
            "Two cores could do that. But is the receiver not a task, too?",
            "两个核心可以做这么多。但接收器不也是一个任务吗？",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Virtual time: the program above, but now we know when each order arrives. The source is regular, order number *n* comes
# at *n* / 20 s.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 运行在虚拟时间中：程序同上，但现在我们知道每条订单何时到达。数据源很规律，第 *n* 条订单在 *n* / 20 秒到来。


# %%
def simulated(program, *, rate, batch=2.0, executors=3, until=40):
    return Simulation(
        program,
        network={"localhost:9999": Constant(rate, "tea 4")},
        batch=batch,
        cluster=Cluster(executors, cores=2),
        seed=SEED,
    ).run(until=until)


def waits(run, rate):
    """How long each processed order waited for its result, in seconds."""
    ends = {batch.batch_time_ms: batch.processing_end_ms for batch in run.batches.where(status="completed")}
    return [
        ends[order.batch_time_ms] / 1000 - order.record / rate
        for order in run.delivery.records
        if order.batch_time_ms in ends
    ]


run = simulated(takings, rate=20)
waited = waits(run, 20)
print(f"an order waited from {min(waited):.2f} s to {max(waited):.2f} s")
confirm("mean wait", round(sum(waited) / len(waited), 2))

# %%
run.figure(end=7)

# %% [markdown] lang="en"
# Read it from top to bottom: the receiver, its blocks, batches that wait, their output, and each core of each executor.
# The receiver keeps one core for ever, as a long bar. The other five are busy for a moment after each batch time, and idle
# for the rest. So the order waits, and the cores wait, both for the clock.
#
# The grey tasks at the beginning belong to no batch: Spark first runs a small job of its own, so that all executors are
# there before it places the receiver. Orders that were sent until then are lost (the brown mark), since nobody listened:
# the first batch has fewer orders than the others.
#
# The same run, to touch: click an order on the lane of the source, and read how long each step of its way took.

# %% [markdown] lang="zh"
# 从上往下看：接收器、它的数据块（block）、等待的批次、它们的输出，以及每个执行器的每个核心。接收器像一根长条，永远占住一个核心。
# 另外五个核心在每个批次到点之后忙一小会儿，其余时间闲着。所以订单在等，核心也在等，等的都是时钟。
#
# 开头的灰色任务不属于任何批次：Spark 先运行自己的一个小作业，让所有执行器就绪，然后才放置接收器。在此之前发出的订单丢失了
# （棕色标记），因为没有人在听：所以第一个批次的订单比其他批次少。
#
# 同一次运行，可以动手操作：在数据源那一行点击一条订单，看看它走过的每一步用了多久。

# %%
run.timeline()

# %% [markdown] lang="en"
# A batch's own times are in a table, `run.batches`. `scheduling_delay_ms` is its wait for the batch before,
# `processing_time_ms` the time of its job, `total_delay_ms` both. None of them counts how long the orders waited for the
# batch to be due.

# %% [markdown] lang="zh"
# 批次自身的时间在表 `run.batches` 里：`scheduling_delay_ms` 是等待上一批次的时间，`processing_time_ms` 是作业的时间，`total_delay_ms` 是两者之和。
# 它们都没有算进订单等待批次到点的时间。

# %%
columns = ("batch_time_ms", "records", "scheduling_delay_ms", "processing_time_ms", "total_delay_ms")
print(*columns, sep="   ")
for batch in run.batches[:5]:
    print(*(f"{getattr(batch, name):>{len(name)}}" for name in columns), sep="   ")

# %% [markdown] lang="en"
# ### Shorter batches, shorter waits?

# %% [markdown] lang="zh"
# ### 批次越短，等待越短？

# %%
print("batch interval   mean wait   time of a job")
for batch in (8.0, 4.0, 2.0, 1.0, 0.5):
    run = simulated(takings, rate=20, batch=batch)
    mean = sum(waits(run, 20)) / len(waits(run, 20))
    job = run.batches[2].processing_time_ms / 1000
    print(f"{batch:>12} s   {mean:>7.2f} s   {job:>11.2f} s")

# %% [markdown] lang="en"
# Half the interval, about half the wait, as long as the interval is what an order waits for. The time of a job shrinks
# much less: most of it is starting the job, its stages and its tasks, whether they find ten orders or forty.
#
# ### Throughput
#
# Now the look-up. `work(0.05)` stands for something that keeps a core for 0.05 s: parsing, a model, a remote service.

# %% [markdown] lang="zh"
# 间隔减半，等待大约也减半，只要订单等的主要是间隔。作业的时间远没有缩短这么多：其中大部分用于启动作业、阶段（stage）和任务，
# 不管它们读到十条订单还是四十条。
#
# ### 吞吐量
#
# 现在加上查资料。`work(0.05)` 代表占用核心 0.05 秒的某件事：解析、模型、远程服务。


# %%
def look_up(order):
    work(0.05)
    product, price = order.split()
    return product, int(price)


def takings_with_look_up(ssc):
    orders = ssc.socketTextStream("localhost", 9999)
    orders.map(look_up).reduceByKey(lambda a, b: a + b).pprint()


print("the delay of the batch of second      10        20        30        40")
for rate in (10, 14, 18, 22, 26):
    batches = simulated(takings_with_look_up, rate=rate, executors=1, until=60).batches
    done = batches.where(status="completed")
    delays = {batch.batch_time_ms: f"{batch.total_delay_ms / 1000:.1f} s" for batch in done}
    shown = [f"{delays.get(second * 1000, '-'):>6}" for second in (10, 20, 30, 40)]
    print(f"{rate:>17} orders per second", *shown, sep="    ")

working_s = sum(done.column("processing_time_ms")) / 1000
confirm("most per second", round(sum(done.column("records")) / working_s, 1))

# %% [markdown] lang="en"
# Up to some rate the delay stays where it is, batch after batch. Above it every batch starts later than the one before,
# and there is no end to it: **the delay tells you that throughput is not enough**. A dash is a batch that was not done
# when the run ended, after 60 s.

# %% [markdown] lang="zh"
# 在某个速率以下，延迟（delay）一批接一批保持不变。超过它，每个批次都比上一个更晚开始，而且没有尽头：**延迟会告诉你吞吐量不够**。
# 横线表示这个批次到运行结束（60 秒）时还没有完成。

# %% [markdown] lang="en"
# ## Break it
#
# The shop wants answers at once. So somebody sets the batch interval to 0.1 s. There is no look-up, 20 orders per second
# are nothing for five cores, and a job takes 0.2 s. Batch after batch, what does the total delay do: does it `"stay"`
# where it is, or does it `"grow"`?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 店主想立刻看到答案，于是有人把批次间隔设为 0.1 秒。没有查资料，每秒 20 条订单对五个核心来说不算什么，一个作业用 0.2 秒。
# 一个批次接一个批次，总延迟会怎样：保持不变（写 `"stay"`），还是不断增长（写 `"grow"`）？

# %% predict="interval of 0.1 s"
{
    "answer": "grow",
    "why": (
        "A job of nearly 0.2 s is due every 0.1 s, and jobs of different batches run one after the other. So each batch "
        "waits almost 0.1 s longer than the one before. More cores would change nothing: it is the fixed part of each "
        "job.",
        "每 0.1 秒就有一个将近 0.2 秒的作业到点，而不同批次的作业一个接一个地运行，所以每个批次都比上一个多等将近 0.1 秒。"
        "增加核心也没有用：耗时的是每个作业固定的那部分。",
    ),
    "mistakes": {
        "stay": (
            "Every 0.1 s a job is due. How long does one take?",
            "每 0.1 秒就有一个作业到点。一个作业要多久？",
        ),
    },
}

# %%
run = simulated(takings, rate=20, batch=0.1)
done = run.batches.where(status="completed")
delays = [batch.total_delay_ms / 1000 for batch in done]
for batch in (*done[5:205:50], done[-1]):
    print(f"batch of {batch.batch_time_ms / 1000:>4.1f} s: total delay {batch.total_delay_ms / 1000:>5.2f} s")
growing = delays[-1] > 2 * delays[len(delays) // 2 - 1] > 4 * delays[len(delays) // 8]
confirm("interval of 0.1 s", "grow" if growing else "stay")
simulated(takings, rate=20, batch=0.1, until=3).figure()

# %% [markdown] lang="en"
# The first three seconds: the lane of waiting batches fills up, while most cores are idle. At the end of the run an order waits several
# times as long as with batches of 8 s. So there is a rule, the first one to check on any Spark Streaming program: **the processing time
# must stay below the batch interval.**
#
# Longer batches help throughput, too: the fixed part of a job is paid less often. Here are 17 orders per second, with the
# look-up and one free core:

# %% [markdown] lang="zh"
# 最初三秒：等待批次的那一行越来越满，而大部分核心闲着。到运行结束时，一条订单等待的时间是批次间隔为 8 秒时的好几倍。
# 所以有一条规则，任何 Spark Streaming 程序都应首先检查：**处理时间必须小于批次间隔。**
#
# 较长的批次对吞吐量也有好处：作业固定的那部分开销付得更少。下面是每秒 17 条订单，要查资料，有一个空闲核心：

# %%
print("batch interval   the last batch waited   orders of it waited on average")
for batch in (0.5, 1.0, 2.0, 4.0, 8.0):
    run = simulated(takings_with_look_up, rate=17, batch=batch, executors=1, until=80)
    last = run.batches.where(status="completed")[-1]
    mean = sum(waits(run, 17)[-last.records :]) / last.records
    print(f"{batch:>12} s   {last.scheduling_delay_ms / 1000:>19.1f} s   {mean:>28.1f} s")

# %% [markdown] lang="en"
# With short batches the queue grows and grows; with long ones every order waits for its batch. With batches of 2 s the
# wait still looks best, but they queue already: in an hour it will look worst of the last three. The best interval is a
# little longer than the shortest one with which the cluster keeps up. This is the trade-off between latency and
# throughput.
#
# Try it with knobs. At a batch interval of 2 s, how far up can the rate go before batches queue? Then add an executor.

# %% [markdown] lang="zh"
# 批次太短，队列越排越长；批次太长，每条订单都要等批次到点。间隔为 2 秒时，等待看起来还是最短的，但批次已经在排队：
# 一小时之后，它会是最后三行中最差的。最好的间隔，比集群刚好跟得上的最短间隔略长一点。这就是延迟与吞吐量之间的权衡。
#
# 自己调调看。批次间隔为 2 秒时，速率升到多高批次才开始排队？然后增加一个执行器。

# %%
lab(
    Simulation(
        takings_with_look_up,
        network={"localhost:9999": Constant(15, "tea 4")},
        batch=2.0,
        cluster=Cluster(1, 2),
        seed=SEED,
    ),
    until=30,
)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Since Spark 2.3 a stream has a latency of one millisecond."** That number belongs to another engine: *continuous
# processing*, an experimental mode of Structured Streaming that came with 2.3.0. It promises at-least-once only, and few
# operations work in it. DStreams, the subject of this course, are micro-batches in every version of Spark: an order
# waits for its batch. *Source: Spark's Structured Streaming Programming Guide, section "Continuous Processing"; for
# DStreams, the class `JobGenerator` makes jobs at batch times and at no other.*
#
# **"Each record is processed as soon as it arrives."** It is *received* as soon as it arrives. Processing begins when
# its batch is due, and when the batch before is done.
#
# **"Low latency means high throughput."** You have seen both directions: short batches answer sooner and manage fewer
# orders, long ones the other way round.
#
# **"More cores make answers faster."** Only where the time goes into records. The orders above wait for the clock and
# for the start of jobs; ten more executors change nothing:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“从 Spark 2.3 起，流的延迟只有一毫秒。”** 这个数字属于另一个引擎：Structured Streaming 的*连续处理*（continuous processing），
# 随 2.3.0 推出的实验性模式。它只保证至少一次（at least once），能用的操作也很少。本课程讲的 DStream 在 Spark 的所有版本中都是微批次
# （micro-batch）：订单要等批次到点。*来源：Spark 的 Structured Streaming Programming Guide 中 “Continuous Processing” 一节；
# 对 DStream 而言，`JobGenerator` 类只在批次时刻生成作业。*
#
# **“每条记录一到达就被处理。”** 一到达就被*接收*而已。要等它的批次到点，而且上一个批次做完，处理才开始。
#
# **“低延迟就意味着高吞吐量。”** 两个方向你都看到了：短批次回答得更早，能承受的订单更少；长批次正好相反。
#
# **“核心越多，答案越快。”** 只有当时间花在记录上时才是这样。上面的订单等的是时钟和作业的启动，再加十个执行器也没有变化：

# %%
for executors in (3, 13):
    waited = waits(simulated(takings, rate=20, executors=executors), 20)
    print(f"{executors:>2} executors: an order waits {sum(waited) / len(waited):.1f} s on average")

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# When batches are due, that they run one after the other, and that a receiver keeps a core: these are Spark's rules. The
# *durations* are a model's: 10 ms for each step of starting a job, 20 ms to start a task, 1 ms per record, and the same
# every time. On a real cluster the fixed part of a job is often some tenths of a second, it varies from batch to batch,
# and the first batches are slower. So intervals below about half a second are rarely worth trying, and a cluster needs spare
# capacity for its bad moments.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 批次何时到点、批次一个接一个地运行、接收器占住一个核心：这些是 Spark 的规则。*时长*则来自模型：启动作业的每一步 10 毫秒，
# 启动一个任务 20 毫秒，每条记录 1 毫秒，而且每次都一样。在真实集群上，一个作业固定的部分往往是零点几秒，
# 各批次的时间有波动，最初几个批次更慢。因此半秒以下的间隔很少值得尝试，集群也需要为状态不好的时候留出余量。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 10 s, each with its results 3 s after it was due. About how long does an order wait, at least and at most?
#
# <details><summary>Answer</summary>
#
# At least about 3.2 s, if it is in the last block that the batch takes; at most about 13.2 s, if it just misses that block:
# then it waits for the next batch. Where the 0.2 s come from is the subject of lesson 2.
# </details>
#
# 2. Two receivers, four executors with two cores each, 0.02 s of work per record. How many records per second at most?
#
# <details><summary>Answer</summary>
#
# Six cores are free, each does 50 records per second: 300, and in practice less, because jobs and tasks have to be
# started, and tasks do not fit perfectly onto the cores.
# </details>
#
# 3. The batch interval is 5 s, and each batch takes 6 s. Somebody says: "a delay of one second, we can live with that."
# What is wrong?
#
# <details><summary>Answer</summary>
#
# It is one second for the second batch, two for the third, and so on: the batch that is due after an hour, number 720,
# waits for 12 minutes. It never recovers, and the blocks that wait fill the memory of the executors.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次间隔 10 秒，每个批次在到点后 3 秒得到结果。一条订单至少、至多大约等多久？
#
# <details><summary>答案</summary>
#
# 至少约 3.2 秒：它在该批次取走的最后一个数据块里；至多约 13.2 秒：刚好错过这个数据块，只能等下一个批次。这 0.2 秒从何而来，见第 2 课。
# </details>
#
# 2. 两个接收器，四个执行器，每个两个核心，每条记录需要 0.02 秒的工作。每秒最多处理多少条记录？
#
# <details><summary>答案</summary>
#
# 有六个空闲核心，每个每秒处理 50 条记录：300 条。实际更少，因为要启动作业和任务，而且任务不会恰好铺满所有核心。
# </details>
#
# 3. 批次间隔 5 秒，每个批次要处理 6 秒。有人说：“延迟一秒而已，可以接受。”错在哪里？
#
# <details><summary>答案</summary>
#
# 第二个批次延迟一秒，第三个两秒，依此类推：一小时后到点的批次是第 720 个，要等 12 分钟。它永远追不上来，
# 而且等待的数据块会占满执行器的内存。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 1](../../exercises/en/ex01_why_streaming.ipynb): read the delay, the throughput and the trouble of a cluster
# from a run. `sparksim grade 01` says how far you are. Next: lesson 2, where seconds become blocks.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 1](../../exercises/zh/ex01_why_streaming.ipynb)：从一次运行中读出集群的延迟、吞吐量和毛病。
# `sparksim grade 01` 会告诉你做到了哪一步。下一课是第 2 课：一秒钟怎样变成数据块。
