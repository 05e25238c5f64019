# %% [markdown] lang="en"
# # 18. Kafka without a receiver: a batch is a range of offsets
#
# **The question.** Kafka keeps messages anyway. Why should Spark receive them, store them twice, and remember which block
# came from where? What if a batch were only a note, "partition 0, offsets 20 to 40", that tasks read when they run? And
# what if the messages are gone by then?
#
# *About 30 minutes. You need lesson 17 (topics, partitions, offsets, groups).*

# %% [markdown] lang="zh"
# # 18. 不用接收器读 Kafka：一个批次就是一段偏移量
#
# **问题。** Kafka 反正保存着消息，Spark 何必再接收它们、存上两份、还要记住哪个数据块来自哪里？
# 如果一个批次只是一张字条：“分区 0，偏移量 20 到 40”，由任务在运行时去读，会怎样？如果到那时消息已经不在了，又会怎样？
#
# *约 30 分钟。需要第 17 课（主题、分区、偏移量、消费组）。*

# %%
import logging

from confluent_kafka import Producer as KafkaProducer

from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import (
    Burst,
    Cluster,
    Constant,
    CostModel,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Simulation,
    Topic,
)
from sparksim.streaming.kafka import (
    ConsumerStrategies,
    KafkaUtils,
    LocationStrategies,
    TopicPartition,
)
from sparksim.trace.events import OutputOperationCompleted

SEED = 1
lesson("18", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  when the batch of second 4 is made (driver)         when its tasks run (executors)
#
#  partition 0  ...[20 ........ 40)...  latest: 40      task 0: read 0, from 20 to before 40
#  partition 1  ...[20 ........ 40)...  latest: 40      task 1: read 1, from 20 to before 40
#  partition 2  ...[20 ........ 40)...  latest: 40      task 2: read 2, from 20 to before 40
#               └── offset ranges: all that the batch is ──┘
# ```
#
# `KafkaUtils.createDirectStream` has no receiver. When a batch is due, the driver asks Kafka how far each partition
# reaches, and writes down **offset ranges**: from where the last batch ended to there. The RDD of the batch has one
# partition for each partition of Kafka. Only when its task runs are the messages read.
#
# So no core is held, no block is stored, no write-ahead log is needed: Kafka is the log. A task that runs again reads the
# same range again.
#
# Two arguments say how. A **ConsumerStrategy** says what to read: `Subscribe(topics)`, `SubscribePattern(regex)` or
# `Assign(partitions)`. A **LocationStrategy** says which executor should read which partition: `PreferConsistent` (always
# the same one, so that it keeps its connection), `PreferBrokers` (the leader's host) or `PreferFixed(...)`.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  生成第 4 秒的批次时（驱动程序）            它的任务运行时（执行器）
#
#  分区 0  ...[20 ........ 40)...  最新：40   任务 0：读分区 0，从 20 到 40 之前
#  分区 1  ...[20 ........ 40)...  最新：40   任务 1：读分区 1，从 20 到 40 之前
#  分区 2  ...[20 ........ 40)...  最新：40   任务 2：读分区 2，从 20 到 40 之前
#             └─ 偏移量范围 ─┘  这就是批次的全部内容
# ```
#
# `KafkaUtils.createDirectStream` 没有接收器（receiver）。批次（batch）到点时，驱动程序（driver）询问 Kafka 每个分区写到了哪里，
# 并记下**偏移量范围**（offset range）：从上一批次的终点到那里。批次的 RDD 对 Kafka 的每个分区（partition）各有一个分区。
# 直到它的任务（task）运行时，消息才被读取。
#
# 因此不占核心、不存数据块、不需要预写日志（write-ahead log）：Kafka 就是日志。重新运行的任务会再读同一范围。
#
# 两个参数说明怎样读。**ConsumerStrategy** 说明读什么：`Subscribe(topics)`、`SubscribePattern(regex)` 或 `Assign(partitions)`。
# **LocationStrategy** 说明哪个执行器（executor）应读哪个分区：`PreferConsistent`（总是同一个，以便保持连接）、
# `PreferBrokers`（leader 所在的主机）或 `PreferFixed(...)`。

# %% [markdown] lang="en"
# ## The program, live
#
# The small broker of lesson 17 again, four partitions. It holds four orders before the program starts; the program says
# "latest". Eight orders come in the first interval, three in the second.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 仍是第 17 课的小 broker，四个分区。程序启动之前其中已有四份订单；程序声明从 "latest" 开始。第一个间隔到来八份订单，第二个间隔三份。


# %%
def settings(address, reset):
    return {
        "bootstrap.servers": address,
        "group.id": "counter",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": reset,
        "enable.auto.commit": False,
    }


def show_ranges(rdd):  # on the driver, once per batch
    for each in rdd.offsetRanges():
        print(f"partition {each.partition}: {each.fromOffset} to before {each.untilOffset}")


broker = KafkaProducer({"test.mock.num.brokers": 1, "log_level": 2})
[address] = [f"{each.host}:{each.port}" for each in broker.list_topics().brokers.values()]


def send(counts):
    for partition, count in enumerate(counts):
        for _ in range(count):
            broker.produce("orders", "an order", partition=partition)
    broker.flush()


def watch(ssc):
    partitions = [TopicPartition("orders", number) for number in range(4)]
    strategy = ConsumerStrategies.Assign(partitions, settings(address, "latest"))
    stream = KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)
    stream.foreachRDD(show_ranges)
    stream.count().pprint()


send([1, 1, 1, 1])
coming = [(0.7, lambda: send([5, 0, 1, 2])), (2.7, lambda: send([0, 3, 0, 0]))]
run = live(watch, batch=2.0, until=5, meanwhile=coming)

# %% [markdown] lang="en"
# Each batch begins where the one before ended. A partition without new orders has an empty range, and still a task.
#
# Look at the warnings as well. **`auto.offset.reset` matters on the driver only**, and only where the group has no stored
# offset. The consumers in the executors always have "none", and a group of another name: they read what they are told,
# or fail.

# %% [markdown] lang="zh"
# 每个批次都从前一批次的终点开始。没有新订单的分区得到一个空范围，但仍有一个任务。
#
# 也请看看警告。**`auto.offset.reset` 只在驱动程序上起作用**，而且只在消费组（consumer group）没有保存过偏移量（offset）时起作用。
# 执行器中的消费者总是用 "none"，组名也不同：它们要么读被告知的范围，要么失败。

# %% [markdown] lang="en"
# ## Predict
#
# Simulated: a topic of three partitions, a cluster of three executors with two cores each, batches of 2 s. How many tasks
# read the messages of a batch?

# %% [markdown] lang="zh"
# ## 预测
#
# 模拟：一个有三个分区的主题，一个有三个执行器、每个两个核心的集群，批次 2 秒。一个批次有多少个任务读取消息？

# %% predict="reading tasks"
{
    "answer": 3,
    "why": (
        "One partition of the RDD for each partition of Kafka. To read with more cores, the topic needs more partitions.",
        "Kafka 的每个分区对应 RDD 的一个分区。要用更多核心读取，主题就需要更多分区。",
    ),
    "mistakes": {
        10: ("There are no blocks here: nobody cuts anything every 0.2 s.", "这里没有数据块：没有谁每 0.2 秒切一次。"),
        6: ("Six cores are free, and there is work for three.", "有六个空闲核心，却只有三份工作。"),
    },
}

# %% [markdown] lang="en"
# The program was down for a while: 900 orders wait in Kafka, 30 more come per second. To keep the first batch small, the
# setting `spark.streaming.kafka.maxRatePerPartition` is 40. How many orders are in the first batch?

# %% [markdown] lang="zh"
# 程序停了一阵：Kafka 中积压了 900 份订单，此后每秒再来 30 份。为了让第一个批次小一些，
# 设置项 `spark.streaming.kafka.maxRatePerPartition` 为 40。第一个批次有多少份订单？

# %% predict="first batch with a limit"
{
    "answer": 240,
    "why": (
        "The limit is per partition and per second: 40 x 3 partitions x 2 s.",
        "这个上限按每个分区、每秒计算：40 × 3 个分区 × 2 秒。",
    ),
    "mistakes": {
        40: ("Per partition, and per second.", "是每个分区、每秒的上限。"),
        80: ("And how many partitions are there?", "一共有几个分区？"),
        120: ("And how many seconds has a batch?", "一个批次有几秒？"),
    },
}

# %% [markdown] lang="en"
# Now no such limit, but *backpressure* is on: Spark itself sets a limit, from how fast it has processed the last batches.
# `spark.streaming.backpressure.initialRate` is 30. Is the first batch small because of it, "yes" or "no"?

# %% [markdown] lang="zh"
# 现在没有这个上限，但启用了反压（backpressure）：Spark 根据最近几个批次的处理速度，自己设定上限。
# `spark.streaming.backpressure.initialRate` 为 30。第一个批次会因此变小吗？"yes" 还是 "no"？

# %% predict="initialRate limits it"
{
    "answer": "no",
    "why": (
        "Backpressure computes a rate from batches that have ended; before the first there is none. initialRate is for "
        "receivers: a direct stream never looks at it.",
        "反压根据已结束的批次计算速率，第一个批次之前还没有速率。initialRate 是给接收器用的，直连流（direct stream）从不看它。",
    ),
    "mistakes": {
        "yes": (
            "It would, with a receiver. Who reads this setting?",
            "有接收器时会。但这个设置由谁来读？",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行


# %%
def orders(ssc):
    strategy = ConsumerStrategies.Subscribe(["orders"], settings("localhost:9092", "earliest"))
    return KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)


def count(ssc):
    orders(ssc).map(lambda record: record.value).count().pprint()


def kafka(load, **topic):
    shop = Producer("orders", load, partitioner="round-robin", acks="all", name="shop")
    return {"localhost:9092": KafkaCluster([Topic("orders", partitions=3, **topic)], [shop])}


def simulated(program, network, until, **more):
    arguments = {"cluster": Cluster(executors=3, cores=2), "batch": 2.0, "seed": SEED, **more}
    return Simulation(program, network=network, **arguments).run(until=until)


logging.getLogger("sparksim.streaming").setLevel(logging.ERROR)  # those warnings are always the same
run = simulated(count, kafka(Constant(rate=30)), until=9)
reading = [task for task in run.tasks.where(batch_time_ms=4000) if task.records_read]
confirm("reading tasks", len(reading))
run.figure()

# %% [markdown] lang="en"
# No receiver, no blocks, and all six cores are free between the batches. Which executor read what in the batch of second
# 4, and how many messages:

# %% [markdown] lang="zh"
# 没有接收器，没有数据块，在批次之间六个核心全部空闲。在第 4 秒的批次中，哪个执行器读了什么、读了多少条消息：

# %%
for task in sorted(reading, key=lambda task: task.index):
    print(f"partition {task.index}: executor {task.executor_id}, {task.records_read} messages")

# %% [markdown] lang="en"
# Now the 900 orders that wait, read in four ways. A message costs 10 ms.

# %% [markdown] lang="zh"
# 现在用四种方式读取积压的 900 份订单。每条消息花费 10 毫秒。

# %%
LIMIT = {"spark.streaming.kafka.maxRatePerPartition": 40}
PRESSURE = {"spark.streaming.backpressure.enabled": True}
FIRST = {"spark.streaming.backpressure.initialRate": 30}
ways = {"nothing": {}, "backpressure": PRESSURE, "+ initialRate": PRESSURE | FIRST, "maxRate": LIMIT}

backlog = kafka(Burst(rate=900, at=0, duration=1, base=30))
first = {}
for way, conf in ways.items():
    done = simulated(count, backlog, until=13, conf=conf, cost=CostModel(record_ms=10))
    first[way] = done.batches[0].records
    longest = max(ms for ms in done.batches.column("processing_time_ms") if ms is not None)
    print(f"{way:<14} records {done.batches.column('records')}, longest {longest / 1000:.1f} s")
print()
confirm("first batch with a limit", first["maxRate"])
confirm("initialRate limits it", "yes" if first["+ initialRate"] < first["nothing"] else "no")

# %% [markdown] lang="en"
# Without a limit the first batch takes all that is there, and takes longer than its interval. Only `maxRatePerPartition`
# holds from the first batch on. Backpressure joins in later, when batches have ended and were too slow. Below, the load
# is steady and more than three cores can do: 300 messages per second, where the cores process about 150.

# %% [markdown] lang="zh"
# 没有上限时，第一个批次取走已有的一切，用时超过批次间隔。只有 `maxRatePerPartition` 从第一个批次起就有效。
# 反压要等有批次结束并且太慢时才介入。下面的负载是稳定的，但超出了三个核心的能力：每秒 300 条消息，而核心每秒只能处理约 150 条。

# %%
SLOW = {"cluster": Cluster(executors=3, cores=1), "cost": CostModel(record_ms=20)}

for way in ("nothing", "backpressure"):
    done = simulated(count, kafka(Constant(rate=300)), until=31, conf=ways[way], **SLOW)
    waiting = [ms // 100 / 10 for ms in done.batches.column("scheduling_delay_ms") if ms is not None]
    print(f"{way}\n    records {done.batches.column('records')}\n    seconds of waiting {waiting}")

# %% [markdown] lang="en"
# With backpressure the first batches that end bring a lower rate. Those in between had their ranges already; when they are
# through, the waiting becomes shorter.
#
# ## Break it
#
# The same overload without backpressure: batches queue up. The messages stay in Kafka, no memory fills, and a common
# opinion says that a queue can therefore never make the program fail. Now the topic keeps messages for 4 seconds only. Do
# batches fail, "yes" or "no"?

# %% [markdown] lang="zh"
# 有了反压，最先结束的批次带来较低的速率。夹在中间的批次早已定好了自己的范围；它们处理完之后，等待时间开始变短。
#
# ## 弄坏它
#
# 同样的过载，没有反压：批次排起队来。消息留在 Kafka 中，没有内存被占满，于是常有人说：排队因此绝不会使程序失败。
# 现在主题只把消息保留 4 秒。批次会失败吗？"yes" 还是 "no"？

# %% predict="batches fail"
{
    "answer": "yes",
    "why": (
        "The range of a batch is fixed when the batch is made, and read when its tasks run, seconds later. By then Kafka "
        'has deleted the beginning of the range, and a consumer with "none" may not begin anywhere else.',
        "批次的范围在批次生成时就定下，几秒之后任务运行时才去读。到那时 Kafka 已删除了范围的开头，"
        '而设为 "none" 的消费者不可以从别处开始。',
    ),
    "mistakes": {
        "no": (
            "When are the ranges fixed, and when are they read?",
            "范围何时定下，又何时被读取？",
        ),
    },
}

# %%
run = simulated(count, kafka(Constant(rate=300), retention=4), until=20.995, **SLOW)
confirm("batches fail", "yes" if run.batches.where(failed=True) else "no")
for row in run.batches[:7]:
    print(f"batch of second {row.batch_time_ms // 1000:>2}: {'FAILED' if row.failed else row.status}")
print(run.trace.of(OutputOperationCompleted)[2].failure)

# %% [markdown] lang="en"
# A task tried four times, in vain. The batch fails and is not tried again; the next batch begins where its range ended.
# What became of all orders:

# %% [markdown] lang="zh"
# 一个任务徒劳地尝试了四次。批次失败，而且不会重试；下一批次从它的范围的终点开始。全部订单的下落：

# %%
run.delivery.figure()

# %% [markdown] lang="en"
# Lost are the messages that Kafka deleted, and with them what was left of the same batch. A direct stream needs a
# **retention** longer than its longest queue, and a limit that keeps the queue short.
#
# An executor that dies is no trouble: nobody but Kafka holds the messages.

# %% [markdown] lang="zh"
# 丢失的是被 Kafka 删除的消息，以及同一批次中当时还在的消息。直连流要求**保留期**（retention）长于它最长的排队时间，
# 还需要一个上限使队列保持短小。
#
# 执行器死亡则不成问题：除了 Kafka，没有谁持有消息。

# %%
run = simulated(count, kafka(Constant(rate=30)), until=17.9, faults=[ExecutorCrash("1", at=4.07)])
print(run.delivery.count("lost"), "lost,", run.delivery.count("n times"), "processed more than once")

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Ask any RDD of the stream for its offset ranges."** Only the RDD that the stream itself made has them. A `map` still
# has the same partitions, but it is another kind of RDD; after a shuffle even the partitions are others. So
# `rdd.offsetRanges()` must be the first call in `foreachRDD` (or in the first `transform`) on the stream itself. *Source:
# `HasOffsetRanges` is a trait of `KafkaRDD` alone.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“向流的任何 RDD 都可以询问偏移量范围。”** 只有流自己产生的 RDD 才有。`map` 之后分区还是那些分区，但已是另一种 RDD；
# shuffle 之后连分区也变了。所以 `rdd.offsetRanges()` 必须是在流本身的 `foreachRDD`（或第一个 `transform`）中的第一个调用。
# *来源：`HasOffsetRanges` 只是 `KafkaRDD` 的特质（trait）。*


# %%
def directly(ssc):
    orders(ssc).foreachRDD(show_ranges)


def after_a_map(ssc):
    orders(ssc).map(lambda record: record.value).foreachRDD(show_ranges)


for program in (directly, after_a_map):
    run = simulated(program, kafka(Constant(rate=30)), until=3)
    failure = run.trace.of(OutputOperationCompleted)[0].failure
    print(f"{program.__name__}:", failure.splitlines()[-1] if failure else "fine")

# %% [markdown] lang="en"
# **"A queue of batches never makes a direct stream fail."** It does, as soon as it is longer than the retention. *Source:
# the ranges are fixed in `DirectKafkaInputDStream.compute` and read in `KafkaRDD.compute`.*
#
# **"`initialRate` and `minRatePerPartition` protect the first batch."** The first is for receivers, the second does not
# exist in Spark 2.3. *Source: `DirectKafkaInputDStream.maxMessagesPerPartition`.*
#
# **"Direct streams use Kafka's simple consumer."** Those of Kafka 0.8 do. Those of 0.10 use the ordinary one; the driver
# is a member of the group. *Source: Spark's Kafka guides, one for each of the two modules.*

# %% [markdown] lang="zh"
# **“批次排队不会使直连流失败。”** 只要队列比保留期长，就会失败。*来源：范围在 `DirectKafkaInputDStream.compute` 中定下，
# 在 `KafkaRDD.compute` 中读取。*
#
# **“`initialRate` 和 `minRatePerPartition` 保护第一个批次。”** 前者是给接收器用的，后者在 Spark 2.3 中并不存在。
# *来源：`DirectKafkaInputDStream.maxMessagesPerPartition`。*
#
# **“直连流使用 Kafka 的 simple consumer。”** Kafka 0.8 的是这样。0.10 的使用普通消费者，驱动程序是消费组的成员。
# *来源：Spark 的 Kafka 指南，两个模块各有一篇。*

# %% [markdown] lang="en"
# Your turn to keep a queue short. Turn the rate up until batches wait, then switch backpressure on.

# %% [markdown] lang="zh"
# 轮到你来让队列保持短小。把速率调高，直到批次开始等待，再打开反压。

# %%
lab(Simulation(count, network=kafka(Constant(rate=100)), batch=2.0, seed=SEED, **SLOW), until=30)

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Kafka looks for messages that are too old every five minutes, deletes them by whole segments of a log, and is usually
# told to keep them for days: what happens here within seconds happens there after a long weekend. Consumers fetch ahead and in bulk; here reading costs what the cost model says per
# message. `PreferConsistent` places partitions as Spark does, and tasks obey unless they would have to wait too long.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# Kafka 每五分钟检查一次，按整段（segment）删除日志，消息一般保留数天：这里几秒内发生的事，在那里要过一个长周末才会发生。
# 消费者会成批地提前抓取；这里读取的代价由成本模型按每条消息给出。`PreferConsistent` 像 Spark 一样安排分区，
# 任务会遵从，除非等待太久。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A topic has 4 partitions, and processing a message is slow. You have 16 cores. What do you do?
#
# <details><summary>Answer</summary>
#
# Give the topic 16 partitions, or `repartition(16)` after reading: a shuffle, but then 16 cores process. The offset
# ranges have to be asked for before.
# </details>
#
# 2. Batches of 5 s, 8 partitions, and the cluster can process 400 messages per second. Which `maxRatePerPartition`?
#
# <details><summary>Answer</summary>
#
# 400 / 8 = 50 or somewhat less. The length of the batch plays no part: the limit is per second.
# </details>
#
# 3. The driver is restarted without a checkpoint, `enable.auto.commit` is false, nothing was committed. Where does the
#    stream begin with "earliest", and where with "latest"?
#
# <details><summary>Answer</summary>
#
# With "earliest" at the oldest message that Kafka still has: everything is counted again. With "latest" at the end: what
# came meanwhile is skipped. Lesson 19 is about a better place for the offsets.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个主题有 4 个分区，处理一条消息很慢。你有 16 个核心。怎么办？
#
# <details><summary>答案</summary>
#
# 给主题 16 个分区；或者在读取之后 `repartition(16)`：要付出一次 shuffle，但随后由 16 个核心处理。偏移量范围必须在此之前取得。
# </details>
#
# 2. 批次 5 秒，8 个分区，集群每秒能处理 400 条消息。`maxRatePerPartition` 设为多少？
#
# <details><summary>答案</summary>
#
# 400 / 8 = 50，或略小一些。与批次长度无关：这个上限是按秒计的。
# </details>
#
# 3. 驱动程序在没有检查点的情况下重启，`enable.auto.commit` 为 false，什么都没有提交过。流从哪里开始？"earliest" 和 "latest" 各怎样？
#
# <details><summary>答案</summary>
#
# "earliest" 从 Kafka 仍保存的最早的消息开始：全部重新统计一遍。"latest" 从末尾开始：期间到来的消息被跳过。
# 第 19 课讲偏移量更好的存放之处。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 18](../../exercises/en/ex18_kafka_direct.ipynb): print offset ranges, measure the lag, choose a limit.
# `sparksim grade 18` says how far you are. Next: lesson 19, about what counts exactly once.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 18](../../exercises/zh/ex18_kafka_direct.ipynb)：打印偏移量范围，测量滞后，选择上限。`sparksim grade 18` 会告诉你做到了哪一步。
# 下一课是第 19 课：什么才算恰好一次。
