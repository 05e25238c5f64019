# %% [markdown] lang="en"
# # 6. Transformations: what a batch can do, and whom it can meet
#
# **The question.** Orders come in on one stream, payments on another. Which orders have been paid? A `join` answers
# that in one line. Why does it leave out some of the payments, without an error?
#
# *About 35 minutes. You need lessons 2 and 3 (batches, blocks, word count).*

# %% [markdown] lang="zh"
# # 6. 转换：一个批次能做什么，又能遇见谁
#
# **问题。** 订单从一个流到来，付款从另一个流到来。哪些订单已经付款？一行 `join` 就能回答。
# 可是它为什么会漏掉一部分付款，而且没有任何错误？
#
# *约 35 分钟。需要第 2 课和第 3 课（批次、数据块、词数统计）。*

# %%
from random import Random

from sparksim.course import confirm, lesson, live, predict
from sparksim.course.printed import printed_pairs
from sparksim.sim import Cluster, Poisson, ReceiverCrash, Replay, Simulation, sink

SEED = 1
lesson("06", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#               batch of second 2        batch of second 4        batch of second 6
#  orders       [lamp 1] [book 2]        [pen 3]                  [ ]
#                   │ join                   │ join                   │ join
#  payments     [paid 1]                 [paid 2] [paid 3]        [ ]
#                   ▼                        ▼                        ▼
#  result       [1: lamp, paid]          [3: pen, paid]           [ ]      2 has met nobody
# ```
#
# A stream is a row of RDDs, one per **batch**. A *stateless* transformation does the same to each of them, as if the
# others did not exist: `stream.map(f)` is `rdd.map(f)` on every batch, `a.join(b)` is `rdd_a.join(rdd_b)` of the two
# RDDs with the same batch time. Two questions then answer nearly everything:
#
# | | what it makes of a batch | of a batch without data |
# |---|---|---|
# | `map`, `flatMap`, `filter`, `mapValues` | the same partitions, no shuffle | nothing |
# | `mapPartitions(f)`, `glom` | `f` once per partition; one list per partition | per partition, if there are any |
# | `union` | the partitions of both | nothing |
# | `repartition(n)` | a shuffle, exactly `n` partitions | `n` empty partitions |
# | `reduceByKey`, `groupByKey`, `countByValue` | a shuffle, a pair per key | nothing |
# | `count` | one number | see below |
# | `reduce` | one record | nothing |
# | `join`, `cogroup`, outer joins | a shuffle, keys of **this** batch | nothing |

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#               batch of second 2        batch of second 4        batch of second 6
#  orders       [lamp 1] [book 2]        [pen 3]                  [ ]
#                   │ join                   │ join                   │ join
#  payments     [paid 1]                 [paid 2] [paid 3]        [ ]
#                   ▼                        ▼                        ▼
#  result       [1: lamp, paid]          [3: pen, paid]           [ ]      2 has met nobody
# ```
#
# 流就是一串 RDD，每个**批次**（batch）一个。*无状态*转换对每个 RDD 做同样的事，就像其他批次不存在一样：`stream.map(f)` 就是在每个
# 批次上做 `rdd.map(f)`，`a.join(b)` 就是把批次时间相同的两个 RDD 做 `rdd_a.join(rdd_b)`。于是，问清两件事就几乎够了：
#
# | | 对一个批次得到什么 | 对没有数据的批次 |
# |---|---|---|
# | `map`、`flatMap`、`filter`、`mapValues` | 分区（partition）不变，没有 shuffle | 什么都没有 |
# | `mapPartitions(f)`、`glom` | 每个分区调用一次 `f`；每个分区一个列表 | 每个分区一次，如果有分区的话 |
# | `union` | 两边的全部分区 | 什么都没有 |
# | `repartition(n)` | 一次 shuffle，正好 `n` 个分区 | `n` 个空分区 |
# | `reduceByKey`、`groupByKey`、`countByValue` | 一次 shuffle，每个键一个键值对 | 什么都没有 |
# | `count` | 一个数 | 见下文 |
# | `reduce` | 一条记录 | 什么都没有 |
# | `join`、`cogroup`、外连接 | 一次 shuffle，只有**本批次**的键 | 什么都没有 |

# %% [markdown] lang="en"
# ## The program, live
#
# Two sockets, two receivers. Each keeps a core, so `local[2]` would leave none for the batches: this runs on four. A line
# is a number and what belongs to it; three orders and their three payments are sent.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 两个套接字，两个接收器（receiver）。每个接收器占住一个核心（core），`local[2]` 就没有核心留给批次了：这里用四个核心。
# 每行是一个编号和它的内容；一共发出三个订单和它们的三笔付款。


# %%
def pair(line):
    number, text = line.split()
    return number, text


def streams(ssc):
    return [ssc.socketTextStream("localhost", port).map(pair) for port in (9998, 9999)]


def shop(ssc):
    orders, payments = streams(ssc)
    orders.join(payments).pprint()


ORDERS = Replay([(0.5, "1 lamp"), (1.3, "2 book"), (2.4, "3 pen")])
PAYMENTS = Replay([(0.9, "1 40EUR"), (2.4, "2 15EUR"), (2.7, "3 2EUR")])
SHOP = {"localhost:9998": ORDERS, "localhost:9999": PAYMENTS}

run = live(shop, network=SHOP, batch=2.0, until=3, cores=4)

# %% [markdown] lang="en"
# Order 2 came at 1.3 s, its payment at 2.4 s. Each was processed once, in time, without an error, and they have never met.
#
# ## Predict
#
# The shop gets 480 orders within a minute, at random moments, and each is paid exactly 1 second later. Batches take 2
# seconds. How many per cent of the payments does the join find?

# %% [markdown] lang="zh"
# 2 号订单在 1.3 秒到达，它的付款在 2.4 秒到达。两者都按时处理了一次，没有错误，却从未相遇。
#
# ## 预测
#
# 商店在一分钟内收到 480 个订单，时刻随机，每个订单正好在 1 秒后付款。批次为 2 秒。`join` 能找到百分之几的付款？

# %% predict="paid in per cent"
{
    "answer": 50,
    "within": 5,
    "why": (
        "A payment meets its order only if no batch boundary lies in the second between them. There is one every 2 "
        "seconds, so for half of the pairs there is.",
        "只有当两者之间的那一秒里没有批次边界时，付款才能遇见订单。每 2 秒有一个边界，所以有一半的配对被隔开。",
    ),
    "mistakes": {
        100: (
            "Each batch knows nothing but its own records. What about an order at the end of a batch?",
            "每个批次只知道自己的记录。批次末尾到达的订单会怎样？",
        ),
        0: (
            "An order at the beginning of a batch is paid within the same batch.",
            "批次开头到达的订单会在同一批次内付款。",
        ),
    },
}

# %% [markdown] lang="en"
# A batch of words lies in 10 blocks. It runs through `reduceByKey` on 3 executors with 2 cores each. How many tasks read
# the shuffle, that is, how many partitions has the result?

# %% [markdown] lang="zh"
# 一个批次的单词分布在 10 个数据块（block）中，经过 `reduceByKey`，运行在 3 个执行器（executor）上，每个 2 个核心。
# 有多少个任务（task）读取 shuffle，也就是说结果有几个分区？

# %% predict="tasks after the shuffle"
{
    "answer": 6,
    "why": (
        "A shuffle of a stream has as many partitions as the context's default parallelism: on a cluster all cores of "
        "all executors, here 3 × 2. The number of blocks plays no part.",
        "流的 shuffle 的分区数等于上下文的默认并行度：在集群上是所有执行器的全部核心，这里是 3 × 2。与数据块的个数无关。",
    ),
    "mistakes": {
        10: (
            "That many tasks read the blocks. On a plain RDD the parent's number could be taken over; on a stream it is not.",
            "读取数据块的任务有这么多。对普通 RDD，可能会沿用父 RDD 的分区数；对流则不会。",
        ),
        5: (
            "The receiver keeps a core busy, but parallelism counts cores, not free cores.",
            "接收器占住一个核心，但并行度数的是核心，而不是空闲核心。",
        ),
        2: ("That is the number of cores of one executor.", "那是一个执行器的核心数。"),
    },
}

# %% [markdown] lang="en"
# Three batches of lines: in the first one three lines, in the second only lines that a `filter` throws away, in the third
# none at all. In PySpark `count` lets each partition count its own records, and adds up these numbers. How many numbers
# does `lines.filter(...).count().pprint()` print over the three batches?

# %% [markdown] lang="zh"
# 三个批次的行：第一批有三行，第二批只有会被 `filter` 丢掉的行，第三批一行也没有。
# 在 PySpark 中，`count` 让每个分区（partition）数自己的记录，再把这些数相加。
# `lines.filter(...).count().pprint()` 在这三个批次中总共打印几个数？

# %% predict="numbers of count"
{
    "answer": 2,
    "why": (
        "Lines that are filtered away leave an empty partition, which counts 0. A batch without data has no block and no "
        "partition, so there is nothing to add up: no number, not even 0.",
        "被过滤掉的行留下一个空分区，它数出 0。没有数据的批次没有数据块，也没有分区，没有可以相加的数：连 0 也没有。",
    ),
    "mistakes": {
        3: (
            "In Scala that is right: its count adds a 0 of its own to every batch. But in PySpark only partitions count.",
            "对 Scala 来说是对的：它的 count 给每个批次自己添上一个 0。但在 PySpark 中只有分区来数。",
        ),
        1: (
            "A batch of which nothing passes the filter still has partitions. What does an empty partition count?",
            "没有任何行通过过滤的批次仍然有分区。空分区数出几？",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors with two cores each. The same six lines, and all the ways to bring two streams together:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器，每个两个核心。同样的六行，以及把两个流合在一起的各种方式：

# %%
CLUSTER = Cluster(executors=3, cores=2)


def simulated(program, network, *, until=7, batch=2.0, faults=()):
    surroundings = {"network": network, "batch": batch, "cluster": CLUSTER, "faults": faults}
    return Simulation(program, **surroundings, seed=SEED).run(until=until)


def joined(how):
    def program(ssc):
        orders, payments = streams(ssc)
        getattr(orders, how)(payments).pprint()

    return program


for how in ("join", "leftOuterJoin", "rightOuterJoin", "fullOuterJoin"):
    run = simulated(joined(how), SHOP)
    for second in (2, 4):
        print(f"{how:<15} batch of second {second}:", *sorted(printed_pairs(run, second)))

# %% [markdown] lang="en"
# `None` in an outer join says: nobody with this key **in this batch**. It does not say that the order is unpaid.
#
# `cogroup` is what all joins are made of: per key, the values of both sides, also where a side has none or several.

# %% [markdown] lang="zh"
# 外连接中的 `None` 的意思是：**本批次中**没有这个键。它并不表示订单没有付款。
#
# 所有连接都由 `cogroup` 构成：对每个键，给出两边的全部值，也包括一边没有值或有多个值的情形。


# %%
def grouped(ssc):
    orders, payments = streams(ssc)
    orders.cogroup(payments).mapValues(lambda both: tuple(list(side) for side in both)).pprint()


run = simulated(grouped, SHOP)
print(run.output[2.0] + run.output[4.0])

# %%
run.figure()

# %% [markdown] lang="en"
# Two sources, two receivers, blocks of both in each batch. Now the minute with 480 orders. The pairs are kept in a table
# outside of the cluster, and counted at the end:

# %% [markdown] lang="zh"
# 两个数据源，两个接收器，每个批次都有两边的数据块。现在是那一分钟的 480 个订单。配对被保存在集群之外的一张表中，最后再数：


# %%
def minute(lag):
    random = Random(SEED)
    moments = sorted(round(random.uniform(1, 59), 3) for _ in range(480))
    orders = [(moment, f"{number} order") for number, moment in enumerate(moments)]
    payments = [(moment + lag, f"{number} payment") for number, moment in enumerate(moments)]
    return {"localhost:9998": Replay(orders), "localhost:9999": Replay(payments)}


def keep(rdd):
    for number, both in rdd.collect():
        sink("paid").insert(number, both)


def paid(ssc):
    orders, payments = streams(ssc)
    orders.join(payments).foreachRDD(keep)


def found(run):
    return len(run.sinks["paid"].rows) if "paid" in run.sinks else 0


confirm("paid in per cent", round(100 * found(simulated(paid, minute(lag=1.0), until=70)) / 480))

# %% [markdown] lang="en"
# Now the partitions. The second stage of the job has the tasks that read the shuffle:

# %% [markdown] lang="zh"
# 再看分区。作业（job）的第二个阶段（stage）就是读取 shuffle 的那些任务：


# %%
def pairs_of_words(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))


def compute(rdd):
    rdd.foreach(lambda record: None)  # runs over all partitions; pprint would ask for the first ones only


def word_count(ssc):
    pairs_of_words(ssc).reduceByKey(lambda a, b: a + b).foreachRDD(compute)


run = simulated(word_count, {"localhost:9999": Poisson(rate=200)})
stages = [stage for stage in run.stages if stage.start_ms >= 4000][:2]
for stage in stages:
    print(f"{stage.name.split()[0]:<12} {stage.tasks:>3} tasks")
confirm("tasks after the shuffle", stages[1].tasks)

# %% [markdown] lang="en"
# And the three batches: with data, with data that is all filtered away, without any. Look at what each operator prints of
# the second and of the third:

# %% [markdown] lang="zh"
# 再看那三个批次：有数据、数据全被过滤掉、完全没有数据。注意每个算子对第二个和第三个批次各打印什么：

# %%
lines = Replay([(0.5, "to"), (0.9, "question"), (1.3, "to"), (2.6, "#"), (3.2, "#")])
OPERATORS = {
    "count": lambda stream: stream.count(),
    "reduce(longer one)": lambda stream: stream.reduce(lambda a, b: max(a, b, key=len)),
    "countByValue": lambda stream: stream.countByValue(),
    "glom": lambda stream: stream.glom(),
    "repartition(2).glom": lambda stream: stream.repartition(2).glom(),
}


def applied(operator):
    def program(ssc):
        operator(ssc.socketTextStream("localhost", 9999).filter(lambda line: line != "#")).pprint()

    return program


def shown(run, second):
    return run.output[second].splitlines()[3:-1]  # without pprint's heading


seen = {}
for name, operator in OPERATORS.items():
    run = simulated(applied(operator), {"localhost:9999": lines})
    seen[name] = [shown(run, second) for second in (2.0, 4.0, 6.0)]
    print(f"{name:<20}", *(" ".join(batch) or "nothing" for batch in seen[name]), sep="  |  ")
confirm("numbers of count", sum(len(batch) for batch in seen["count"]))

# %% [markdown] lang="en"
# `glom` shows the partitions: each line came in a block of its own, so each has its own list. In the second batch the
# filter has left two lists with nothing in them, in the third there is no partition at all. `repartition(2)` has two
# partitions whatever comes.
#
# `mapPartitions(f)` calls `f` once for each of these lists. What is expensive to set up (a connection, a compiled
# pattern) belongs there: once per partition instead of once per record.

# %% [markdown] lang="zh"
# `glom` 让人看到分区：每一行来自自己的数据块，所以各有一个列表。在第二个批次中，过滤之后剩下两个空列表；第三个批次根本没有分区。
# `repartition(2)` 无论来什么，都有两个分区。
#
# `mapPartitions(f)` 对每个这样的列表调用一次 `f`。准备代价高的东西（连接、编译好的模式）应放在那里：每个分区一次，而不是每条记录一次。

# %% [markdown] lang="en"
# ## Break it
#
# First a wrong knob: the batch interval. It was chosen for latency; see what it does to the join.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 先是一个选错的参数：批次间隔（batch interval）。它本来是按延迟（delay）选的；看看它对连接有什么影响。

# %%
print("batch interval   paid 1 s later   paid 3 s later")
for batch in (1.0, 2.0, 4.0, 8.0):
    shares = [found(simulated(paid, minute(lag), until=80, batch=batch)) / 480 for lag in (1.0, 3.0)]
    print(f"{batch:>12g} s", *(f"{share:>15.0%}" for share in shares))

# %% [markdown] lang="en"
# With batches of 1 second no payment that comes a second later is ever found. The share is about 1 − lag / interval, and
# zero where the lag is longer than the interval. A longer interval finds more of them and answers later: that is a poor trade, and no
# interval finds all.
#
# What helps is to let an order wait. In a **window** the orders of the last batches stay around; each payment still comes
# in one batch only, so no pair is found twice (lesson 10). Or the order is kept as a **state** until its payment comes
# (lessons 7 and 8).

# %% [markdown] lang="zh"
# 批次为 1 秒时，一秒之后的付款一笔也找不到。设付款比订单晚到的时间为“滞后”，比例约为 1 − 滞后 / 批次间隔；滞后比批次间隔还长时，
# 一笔也找不到。批次越长，找到的越多，答案也越晚：这样交换并不划算，而且没有哪个间隔能找全。
#
# 有用的办法是让订单等一等。在**窗口**（window）中，最近几个批次的订单会留下来；每笔付款仍只出现在一个批次中，
# 所以没有配对会被找到两次（第 10 课）。或者把订单保存为**状态**（state），直到它的付款到来（第 7、8 课）。


# %%
def paid_within_a_window(ssc):
    orders, payments = streams(ssc)
    orders.window(4, 2).join(payments).foreachRDD(keep)


print(f"found with a window: {found(simulated(paid_within_a_window, minute(lag=1.0), until=70)):,} of 480")

# %% [markdown] lang="en"
# Now a failure. Each order is paid 0.1 s later. At 8.1 s the receiver of the payments fails; it is started again two
# seconds later. A left outer join counts, per batch, orders with and without a payment. How many batches of this run fail?

# %% [markdown] lang="zh"
# 再来一个故障。每个订单在 0.1 秒后付款。在 8.1 秒，付款的接收器失败，两秒后重新启动。用左外连接统计每个批次中有付款和没有付款的订单。
# 这次运行中有几个批次失败？

# %% predict="failed batches"
{
    "answer": 0,
    "why": (
        "A batch is made of the blocks that there are. Where there are none, its RDD is empty, and an empty RDD joins "
        "as well as any other.",
        "批次由现有的数据块组成。没有数据块时，它的 RDD 是空的，而空 RDD 与别的 RDD 一样可以连接。",
    ),
    "mistakes": {
        1: (
            "Which task would fail? The receiver is not part of any batch.",
            "哪个任务会失败？接收器不属于任何批次。",
        ),
        2: (
            "Which task would fail? The receiver is not part of any batch.",
            "哪个任务会失败？接收器不属于任何批次。",
        ),
    },
}


# %%
def count_unpaid(ssc):
    orders, payments = streams(ssc)
    both = orders.leftOuterJoin(payments)
    both.map(lambda order: "no payment" if order[1][1] is None else "paid").countByValue().pprint()


run = simulated(count_unpaid, minute(lag=0.1), until=19, faults=[ReceiverCrash(stream=1, at=8.1)])
confirm("failed batches", len(run.batches.where(failed=True)))
for second in (4, 6, 8, 10, 12, 14, 16):
    print(f"batch of second {second:>2}:", dict(sorted(printed_pairs(run, second))))

# %%
run.delivery

# %% [markdown] lang="en"
# In the batch of second 10 nearly all orders look unpaid. In the others one or two do: those whose payment fell behind a
# batch boundary. Three causes, one `None`: **late** (the partner is in another batch), **lost** (the delivery report
# names the payments that nobody received), **never sent**. Only the report, or a source that can be read again, tells
# lost from never. Click an order of the batch of second 10, and look for its payment.

# %% [markdown] lang="zh"
# 在第 10 秒的批次中，几乎所有订单看起来都没有付款。其他批次中也有一两个：它们的付款落到了批次边界之后。
# 三种原因，同一个 `None`：**迟到**（另一半在别的批次中）、**丢失**（交付报告列出了没人接收的付款）、**从未发出**。
# 只有报告，或者可以重读的数据源，才能区分丢失与从未发出。点击第 10 秒批次中的一个订单，再找找它的付款。

# %%
run.timeline()

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A join of two streams finds the partner whenever it comes."** It joins two RDDs of one batch time, and forgets them.
# *Source: `PairDStreamFunctions.join` is `transformWith` of `RDD.join`; the programming guide's "Join Operations" says
# "in each batch interval".*
#
# **"`count` of nothing is 0, and so is `reduce`."** `reduce` of an empty batch gives no record, in every language.
# `count` gives 0 in Scala and Java, where it adds a zero to each batch. In PySpark a batch without partitions prints
# nothing, as you saw. So do not wait for a 0 to notice that a source is silent. *Source: `DStream.count` in Scala adds a
# one-partition RDD with 0; PySpark's `DStream.count` sums partitions.*
#
# **"`groupByKey` sends every record over the network, `reduceByKey` does not."** On a stream, and in PySpark, `groupByKey`
# too combines per task before the shuffle, into lists. So it writes as few *records*. But its lists hold every value, and
# they must fit into memory: fewer records, no fewer bytes. *Source: `PairDStreamFunctions.groupByKey` calls `combineByKey`,
# whose map-side combine is on.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“两个流的连接总能找到另一半，不管它何时到来。”** 它连接同一批次时间的两个 RDD，然后就忘掉它们。
# *来源：`PairDStreamFunctions.join` 就是对 `RDD.join` 的 `transformWith`；编程指南的 “Join Operations” 一节写的是 “in each batch interval”。*
#
# **“没有数据时 `count` 是 0，`reduce` 也一样。”** 空批次的 `reduce` 不给出任何记录，在哪种语言里都是这样。`count` 在 Scala 和 Java 中给出 0，
# 因为它给每个批次添上一个零。在 PySpark 中，没有分区的批次什么也不打印，正如你所见。所以不要指望靠一个 0 来发现数据源已经没有数据。
# *来源：Scala 的 `DStream.count` 加上一个含有 0 的单分区 RDD；PySpark 的 `DStream.count` 把各分区的数相加。*
#
# **“`groupByKey` 把每条记录都送上网络，`reduceByKey` 不会。”** 在流上，以及在 PySpark 中，`groupByKey` 在 shuffle 之前也会在每个任务内合并，
# 合并成列表。所以它写出的*记录*同样少。但它的列表里有每一个值，而且必须放得进内存：记录少了，字节并不少。
# *来源：`PairDStreamFunctions.groupByKey` 调用 `combineByKey`，后者默认开启 map 端合并。*


# %%
def written(shuffle):
    def program(ssc):
        shuffle(pairs_of_words(ssc)).foreachRDD(compute)

    run = simulated(program, {"localhost:9999": Poisson(rate=200)})
    return sum(task.shuffle_written for task in run.tasks.where(batch_time_ms=4000))


print("records written to the shuffle by the batch of second 4")
print("  partitionBy, no combining:", written(lambda pairs: pairs.partitionBy(6)))
print("  groupByKey:               ", written(lambda pairs: pairs.groupByKey()))
print("  reduceByKey:              ", written(lambda pairs: pairs.reduceByKey(lambda a, b: a + b)))

# %% [markdown] lang="en"
# **"A shuffle keeps the number of partitions, as with RDDs."** Operators on streams of pairs always ask for the default
# parallelism, unless you name a number: `reduceByKey(f, 12)`. Locally that is the `n` of `local[n]`. *Source:
# `PairDStreamFunctions.defaultPartitioner`.*

# %% [markdown] lang="zh"
# **“shuffle 会保持分区数，就像 RDD 那样。”** 键值对流上的算子总是使用默认并行度，除非你给出数字：`reduceByKey(f, 12)`。
# 在本地，它就是 `local[n]` 的 `n`。*来源：`PairDStreamFunctions.defaultPartitioner`。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Which records share a batch, how many partitions a shuffle has and what an operator makes of an empty batch follow
# Spark's rules; they are PySpark's where PySpark and Scala differ. Durations come from a cost model with round numbers. A
# shuffle here costs by its records, so the bytes of `groupByKey` cost nothing extra, and no task runs out of memory. Real
# payments do not come exactly 1 s after their order: with a spread-out lag the share is the mean of 1 − lag / interval.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 哪些记录在同一批次、shuffle 有几个分区、算子对空批次给出什么，都遵循 Spark 的规则；PySpark 与 Scala 不同之处，采用 PySpark 的。
# 时长来自一个取整数的成本模型。这里的 shuffle 按记录数计费，所以 `groupByKey` 的字节不额外花时间，也没有任务会耗尽内存。
# 真实的付款不会正好在订单 1 秒后到来：滞后不固定时，比例是 1 − 滞后 / 批次间隔 的平均值。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Two streams have 10 and 4 blocks in a batch. How many partitions has their `union`, and how many their `join`, on 3
#    executors with 2 cores?
#
# <details><summary>Answer</summary>
#
# 14 and 6. A union puts the partitions of both side by side, without a shuffle. A join is a shuffle, so it has the default
# parallelism.
# </details>
#
# 2. In one batch order 7 came once and its payment was sent twice. How many records with key 7 does `join` give, and how
#    many does `cogroup` give?
#
# <details><summary>Answer</summary>
#
# Two and one. A join makes a record of every combination of values; `cogroup` one record per key, with the values of both
# sides.
# </details>
#
# 3. You need the number of lines of every batch on a dashboard, 0 included, in PySpark. `count` leaves gaps. What then?
#
# <details><summary>Answer</summary>
#
# Count in an output operation, where the driver asks for the number: `lines.foreachRDD(show)` with `rdd.count()` in
# `show`. An RDD's `count` is 0 also where there are no partitions.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个批次中，两个流各有 10 个和 4 个数据块。在 3 个执行器、每个 2 个核心上，它们的 `union` 有几个分区，`join` 有几个？
#
# <details><summary>答案</summary>
#
# 14 个和 6 个。union 把两边的分区并排放在一起，没有 shuffle。join 是 shuffle，所以采用默认并行度。
# </details>
#
# 2. 一个批次中，7 号订单来了一次，它的付款被发送了两次。键为 7 的记录，`join` 给出几条，`cogroup` 给出几条？
#
# <details><summary>答案</summary>
#
# 两条和一条。join 为值的每种组合给出一条记录；`cogroup` 每个键一条记录，带有两边的全部值。
# </details>
#
# 3. 在 PySpark 中，仪表盘上需要每个批次的行数，包括 0。`count` 会留下空缺。怎么办？
#
# <details><summary>答案</summary>
#
# 在输出操作中计数，由驱动程序（driver）来问：`lines.foreachRDD(show)`，在 `show` 中调用 `rdd.count()`。即使没有分区，RDD 的 `count` 也是 0。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 6](../../exercises/en/ex06_transformations.ipynb): clean log lines, compute error rates per batch, and join two
# streams. `sparksim grade 06` says how far you are. Next: lesson 7, where a batch remembers.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 6](../../exercises/zh/ex06_transformations.ipynb)：清洗日志行，计算每个批次的错误率，连接两个流。
# `sparksim grade 06` 会告诉你做到了哪一步。下一课是第 7 课，那里批次会记住过去。
