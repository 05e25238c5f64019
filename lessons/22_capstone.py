# %% [markdown] lang="en"
# # 22. The whole thing: balances that are right, whatever dies
#
# **The question.** You know the parts: direct streams, offsets, state, checkpoints, sinks. Now somebody's money depends on
# it. Which program can lose its driver, an executor and a broker, be upgraded, and meet messages that nobody expected,
# and still show the right balance?
#
# *About 45 minutes. You need lessons 7, 14, 18 and 19.*

# %% [markdown] lang="zh"
# # 22. 全部合在一起：无论什么死掉，余额都是对的
#
# **问题。** 各个部件你都认识了：直连流、偏移量、状态、检查点、sink。现在有人的钱取决于它。什么样的程序可以失去驱动程序、
# 一个执行器和一个 broker，可以升级，可以遇到谁也没料到的消息，而余额仍然正确？
#
# *约 45 分钟。需要第 7、14、18、19 课。*

# %%
import logging
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from functools import partial
from itertools import pairwise
from operator import add
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from confluent_kafka import Producer as KafkaProducer

from sparksim import TaskContext
from sparksim.course import confirm, lesson, live, predict
from sparksim.sim import (
    AtBatch,
    BrokerCrash,
    Cluster,
    CostModel,
    DriverCrash,
    ExecutorCrash,
    KafkaCluster,
    Producer,
    Replay,
    Simulation,
    SlowExecutor,
    Topic,
    sink,
    work,
)
from sparksim.streaming.kafka import (
    ConsumerStrategies,
    KafkaUtils,
    LocationStrategies,
    TopicPartition,
)
from sparksim.trace.events import OutputOperationCompleted

SEED = 1
lesson("22", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# A canteen has prepaid cards. Tills write movements to a topic, "ann 20" (she pays in) or "ann -5" (she eats). The
# program keeps the balance of each card in a database.
#
# ```
#  tills ──▶ Kafka ──▶ batch ──▶ sums ──▶ ┌─ database, one transaction ─┐
#              ▲      (ranges)  per card   │ balance = balance + sum     │
#              │                           │ offset: from ──▶ until      │
#              └─── a new driver ◀──────── └─────────────────────────────┘
#                   begins here
# ```
#
# A balance that is added to is **state**, and adding is not idempotent: a movement that counts twice is as bad as one
# that is lost. So the balances and the offsets that they stand for must never disagree. The way to that is to have
# **one place for all that must survive**, and to let everything else be expendable: driver, executors, checkpoint, memory.
#
# The lesson builds the program in five steps. Each begins with the shortcut that most people take, breaks it, and mends it.
#
# | step | question | shortcut |
# |---|---|---|
# | 1 | Where do the balances live? | in a checkpoint |
# | 2 | Where do the offsets live? | in Kafka, or in a transaction of their own |
# | 3 | Who writes? | each task, as it goes |
# | 4 | What about a message that nobody can read? | there are none |
# | 5 | What comes after an outage? | the program will catch up somehow |

# %% [markdown] lang="zh"
# ## 基本思想
#
# 一家食堂使用储值卡。收银机向主题写入流水：“ann 20”（充值）或“ann -5”（用餐）。程序在数据库中保存每张卡的余额。
#
# ```
#  tills ──▶ Kafka ──▶ batch ──▶ sums ──▶ ┌─ database, one transaction ─┐
#              ▲      (ranges)  per card   │ balance = balance + sum     │
#              │                           │ offset: from ──▶ until      │
#              └─── a new driver ◀──────── └─────────────────────────────┘
#                   begins here
# ```
#
# 不断累加的余额就是**状态**（state），而累加不是幂等（idempotent）的：一笔流水算两次，和丢失一笔同样糟糕。
# 所以余额和它所对应的偏移量（offset）绝不能不一致。办法是：**所有必须保留下来的东西只放在一个地方**，其余一切都可以牺牲：
# 驱动程序（driver）、执行器（executor）、检查点（checkpoint）、内存。
#
# 本课分五步构建这个程序。每一步先用大多数人会走的捷径，把它弄坏，再修好。
#
# | 步骤 | 问题 | 捷径 |
# |---|---|---|
# | 1 | 余额放在哪里？ | 放在检查点里 |
# | 2 | 偏移量放在哪里？ | 放在 Kafka 里，或单独一个事务里 |
# | 3 | 由谁来写？ | 每个任务边算边写 |
# | 4 | 谁也读不懂的消息怎么办？ | 不会有的 |
# | 5 | 停机之后会怎样？ | 程序总会赶上来的 |

# %% [markdown] lang="en"
# ## The program, live
#
# The result first: the finished program on a real broker (that of lesson 17) and a real database, SQLite. An update of
# `positions` asks for the old offset, so a range can be written once only. It is started three times. The second time the
# power fails in the middle of the transaction, when the balances are written and the offsets are not.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 先看结果：完成的程序，运行在真实的 broker（第 17 课的那个）和真实的数据库 SQLite 上。更新 `positions` 时要求旧偏移量相符，
# 因此一个范围只能写一次。程序启动三次。第二次在事务中途断电：余额已写，偏移量还没有写。


# %%
def settings(address, auto_commit=False):
    return {
        "bootstrap.servers": address,
        "group.id": "bank",
        "key.deserializer": "StringDeserializer",
        "value.deserializer": "StringDeserializer",
        "auto.offset.reset": "earliest",
        "enable.auto.commit": auto_commit,
        "auto.commit.interval.ms": "500",
    }


def movements(ssc, address, begin, auto_commit=False):
    partitions = [TopicPartition("movements", number) for number in range(3)]
    strategy = ConsumerStrategies.Assign(partitions, settings(address, auto_commit), begin)
    return KafkaUtils.createDirectStream(ssc, LocationStrategies.PreferConsistent, strategy)


def read(record):
    card, amount = record.value.split()
    return card, int(amount)


class PowerCut(Exception):
    pass


folder = TemporaryDirectory()
BANK = Path(folder.name, "bank.db")
ADD = """insert into balances values (?, ?)
         on conflict (card) do update set amount = amount + excluded.amount"""
MOVE = "update positions set next = ? where part = ? and next = ?"

with closing(sqlite3.connect(BANK)) as db, db:
    db.execute("create table balances (card text primary key, amount integer)")
    db.execute("create table positions (part integer primary key, next integer)")
    db.executemany("insert into positions values (?, 0)", [(0,), (1,), (2,)])


def asked(query):
    with closing(sqlite3.connect(BANK)) as db:
        return db.execute(query).fetchall()


def live_bank(ssc, fails):
    begin = {TopicPartition("movements", part): at for part, at in asked("select * from positions")}

    def save(rdd):
        ranges = rdd.offsetRanges()
        sums = rdd.map(read).reduceByKey(add).collect()
        with closing(sqlite3.connect(BANK)) as db, db:  # all of it, or nothing
            db.executemany(ADD, sums)
            if fails and sums:
                raise PowerCut
            for each in ranges:
                place = (each.untilOffset, each.partition, each.fromOffset)
                if db.execute(MOVE, place).rowcount != 1:
                    raise RuntimeError(f"somebody else has written {each}")

    movements(ssc, address, begin).foreachRDD(save)


logging.getLogger("sparksim").setLevel(logging.CRITICAL)  # lesson 18 has shown the warnings
broker = KafkaProducer({"test.mock.num.brokers": 1, "log_level": 2})
[address] = [f"{each.host}:{each.port}" for each in broker.list_topics().brokers.values()]

for come, fails in ((["ann 20", "ben 10", "ann -5"], False), (["ben -4", "cho 30"], True), ([], False)):
    for number, movement in enumerate(come):
        broker.produce("movements", movement, partition=number)
    broker.flush()
    with suppress(PowerCut):
        live(partial(live_bank, fails=fails), batch=1.0, until=1.5)
    print("balances", asked("select * from balances order by card"), end="  ")
    print("offsets", [at for _, at in asked("select * from positions order by part")])

# %% [markdown] lang="en"
# The power cut left nothing behind: the second line is the first one. The third start read the offsets and found both
# movements again. No checkpoint, no commit to Kafka. `Assign` instead of `Subscribe`: where the program itself says from
# which offsets it reads, it needs no group, and a new driver need not wait until Kafka misses the old one.

# %% [markdown] lang="zh"
# 断电没有留下任何痕迹：第二行与第一行相同。第三次启动读出偏移量，又找到了那两笔流水。没有检查点，也没有向 Kafka 提交。
# 这里用 `Assign` 而不是 `Subscribe`：程序自己说明从哪些偏移量读起，就不需要消费组（consumer group），
# 新的驱动程序也不必等到 Kafka 发现旧的已经不在。

# %% [markdown] lang="en"
# ## Predict
#
# **Step 1, the upgrade.** A program keeps the balances with `updateStateByKey` and has a checkpoint. It is stopped,
# release 2 is installed, and it is started again with `StreamingContext.getOrCreate` and the same checkpoint. Which
# release computes the next batches, 1 or 2?

# %% [markdown] lang="zh"
# ## 预测
#
# **步骤 1，升级。** 一个程序用 `updateStateByKey` 保存余额，并有检查点。停掉它，装上第 2 版，
# 再用 `StreamingContext.getOrCreate` 和同一个检查点启动。接下来的批次（batch）由哪个版本计算，1 还是 2？

# %% predict="release after the upgrade"
{
    "answer": 1,
    "why": (
        "getOrCreate found a checkpoint, and so it never called the function that release 2 has changed. The checkpoint "
        "holds release 1 as pickled functions.",
        "getOrCreate 找到了检查点，因此根本没有调用第 2 版改过的函数。检查点里存着第 1 版，是序列化（pickle）的函数。",
    ),
    "mistakes": {
        2: (
            "What does getOrCreate do when there is a checkpoint: does it call your function?",
            "有检查点时，getOrCreate 做什么？它会调用你的函数吗？",
        ),
    },
}

# %% [markdown] lang="en"
# **Step 3, the straggler.** Each task adds its movements to the balances as it goes. One executor becomes slow, and
# `spark.speculation` is on. Nothing dies. In the end, are movements "lost", counted "twice", or "neither"?

# %% [markdown] lang="zh"
# **步骤 3，慢节点。** 每个任务（task）边算边把自己的流水加到余额上。一个执行器变慢，而 `spark.speculation` 是打开的。
# 没有任何进程死亡。最终，流水会丢失（"lost"）、算两次（"twice"），还是都没有（"neither"）？

# %% predict="tasks that add"
{
    "answer": "twice",
    "why": (
        "Speculation starts a copy of the slow task, and both add. The copy that comes second is killed, but what it "
        "has added by then stays.",
        "推测执行（speculation）启动慢任务的副本，两者都在累加。后到的一份被杀死，但它已加上的不会消失。",
    ),
    "mistakes": {
        "neither": (
            "Only one of the two copies counts for Spark. Does the database know that?",
            "对 Spark 来说两份中只有一份算数。数据库知道这一点吗？",
        ),
        "lost": ("The range is read by at least one task to its end.", "至少有一个任务把范围读到了末尾。"),
    },
}

# %% [markdown] lang="en"
# **Step 4, the poison message.** Steps 1 to 3 are done: balances and offsets are written on the driver, in one transaction.
# At 4 s a till with a new language writes "ben five", and `int("five")` raises. The batch fails, and Spark does not run a
# failed batch again. What becomes of the batches after it: does their data get into the table ("yes") or not ("no")?

# %% [markdown] lang="zh"
# **步骤 4，毒消息。** 前三步已完成：余额和偏移量在驱动程序上、在同一个事务中写出。第 4 秒，一台换了语言的收银机写入“ben five”，
# `int("five")` 抛出异常。这个批次失败，而 Spark 不会重新运行失败的批次。之后的批次会怎样：它们的数据会进入表中（"yes"）还是不会（"no"）？

# %% predict="batches after the poison"
{
    "answer": "no",
    "why": (
        "The offsets in the table stand before the poison. Every later range begins behind it, so the table refuses it. "
        "Nothing is lost, and nothing goes on.",
        "表中的偏移量停在毒消息之前。后面每个范围都从它之后开始，于是表拒绝写入。什么都没丢，但什么也不再前进。",
    ),
    "mistakes": {
        "yes": (
            "Then the offsets would jump over the failed batch, and its good messages would be lost. What does "
            "store_offsets do with a range that does not begin where the last one ended?",
            "那样偏移量就跳过了失败的批次，其中的好消息就丢了。一个范围不从上一个的终点开始时，store_offsets 会怎么做？",
        ),
    },
}

# %% [markdown] lang="en"
# **Step 5, after the outage.** 30 movements come per second, the driver was down for 30 s. The topic has 3 partitions and
# `maxRatePerPartition` is 40. How many batches of 1 s does the new driver need until it has caught up?

# %% [markdown] lang="zh"
# **步骤 5，停机之后。** 每秒到来 30 笔流水，驱动程序停了 30 秒。主题有 3 个分区（partition），`maxRatePerPartition` 为 40。
# 批次间隔（batch interval）1 秒，新的驱动程序需要多少个批次才能赶上？

# %% predict="batches to catch up"
{
    "answer": 10,
    "within": 1,
    "why": (
        "900 wait. 3 x 40 = 120 are read per second and 30 come, so 90 less wait after each batch. "
        "(And a little more: the first batch comes a second after the start.)",
        "积压 900 笔。每秒读 3 × 40 = 120 笔，又到来 30 笔，所以每个批次之后积压减少 90 笔。（还要略多一点：第一个批次在启动一秒之后才到。）",
    ),
    "mistakes": {
        7.5: ("While it catches up, new movements come.", "追赶的同时，新的流水还在到来。"),
        8: ("While it catches up, new movements come.", "追赶的同时，新的流水还在到来。"),
        30: (
            "It may read faster than movements come. How fast?",
            "它读的速度可以比流水到来的速度快。快多少？",
        ),
    },
}
# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three brokers, and three copies of each partition. The tills wait until two of them have a movement (`acks="all"`,
# `min_insync=2`), and send it again until it is there, once (`idempotent`). So whatever Kafka has said yes to, it keeps.
# A dead broker is missed after 2 s. 150 movements come in 10 s, and a run is right when every balance is the sum of its
# movements. `sink` is the database.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个 broker，每个分区三个副本（replica）。收银机等到其中两个副本有了流水才算成功（`acks="all"`、`min_insync=2`），
# 否则一直重发，且只记一次（`idempotent`）。所以 Kafka 答应过的，它都会保住。150 笔流水在 10 秒内到来；
# 每个余额都等于其流水之和，这次运行才算正确。broker 死亡 2 秒后会被发现。`sink` 是数据库。

# %%
BROKERS = "localhost:9092,localhost:9093,localhost:9094"  # a driver may start while one is dead
BALANCES = sink("balances")
CARDS = ("ann", "ben", "cho", "dev", "eva", "fei")
drawn = Random(SEED)
COME = [f"{drawn.choice(CARDS)} {drawn.choice((20, 10, -3, -4, -5))}" for _ in range(150)]
TRUTH = Counter()
for movement in COME:
    card, amount = movement.split()
    TRUTH[card] += int(amount)


def keyed(movement):
    return movement.split()[0], movement  # all movements of a card go to one partition


def kafka(come, pace, key, **topic):
    typed = Replay([(number / pace, key(movement)) for number, movement in enumerate(come)])
    sure = {"acks": "all", "idempotent": True, "partitioner": "round-robin"}
    tills = Producer("movements", typed, name="tills", **sure)
    kept = Topic("movements", **{"partitions": 3, "replicas": 3, "min_insync": 2, **topic})
    return {"localhost:9092": KafkaCluster([kept], [tills], brokers=3, detect=2)}


def simulated(program, faults=(), until=20.0, come=COME, pace=15, key=keyed, topic=None, **more):
    return Simulation(
        program,
        network=kafka(come, pace, key, **(topic or {})),
        faults=faults,
        **{"cluster": Cluster(executors=3, cores=2), "cost": CostModel(record_ms=40), "seed": SEED, **more},
    ).run(until=until)


def wrong(run):
    """How many cards have a wrong balance."""
    shown = {row.key: row.value for row in run.sink("balances").rows}
    return sum(shown.get(card, 0) != TRUTH[card] for card in CARDS)


# %% [markdown] lang="en"
# ### Step 1: where do the balances live?
#
# `updateStateByKey` with a checkpoint. At 6.5 s it is stopped for an upgrade, and a second later the new release starts.
# Each release writes its number beside the balances. In a run without checkpoint recovery, the checkpoint was deleted
# before the start, so that the new release really runs; it begins with empty states and reads all that Kafka still has.

# %% [markdown] lang="zh"
# ### 步骤 1：余额放在哪里？
#
# `updateStateByKey` 加检查点。6.5 秒时为升级而停止，一秒之后新版本启动。每个版本都在余额旁边写下自己的版本号。
# 不从检查点恢复的那次运行，是在启动前删掉了检查点，好让新版本真正运行；它从空的状态开始，读 Kafka 中还有的一切。


# %%
def in_a_state(ssc, release):
    ssc.checkpoint("sim://states")
    pairs = movements(ssc, BROKERS, {}).map(read)
    states = pairs.updateStateByKey(lambda new, old: sum(new) + (old or 0))

    def save(rdd):
        BALANCES.upsert("release", release)
        for card, balance in rdd.collect():
            BALANCES.upsert(card, balance)

    states.foreachRDD(save)


def in_the_database(ssc, release):
    def save(rdd):
        ranges = rdd.offsetRanges()
        sums = rdd.map(read).reduceByKey(add).collect()
        with BALANCES.transaction():
            BALANCES.upsert("release", release)
            for card, amount in sums:
                BALANCES.upsert(card, BALANCES.get(card, 0) + amount)
            BALANCES.store_offsets(ranges)

    movements(ssc, BROKERS, BALANCES.offsets()).foreachRDD(save)


def upgraded(program, checkpoint=None, **topic):
    """Each time that the program is called, it is the next release."""
    releases = iter((1, 2))
    return simulated(
        lambda ssc: program(ssc, next(releases)),
        [DriverCrash(6.5, restart_after=1)],
        checkpoint=checkpoint,
        topic=topic,
    )


kept = upgraded(in_a_state, "sim://states")
confirm("release after the upgrade", kept.sink("balances").get("release"))
print()
print(f"{'':<44}release   wrong balances")
for name, run in {
    "state, checkpoint kept": kept,
    "state, checkpoint deleted": upgraded(in_a_state),
    "state, checkpoint deleted, Kafka keeps 5 s": upgraded(in_a_state, retention=5),
    "database": upgraded(in_the_database),
    "database, Kafka keeps 5 s": upgraded(in_the_database, retention=5),
}.items():
    print(f"{name:<44}{run.sink('balances').get('release'):>4}{wrong(run):>13}")

# %% [markdown] lang="en"
# With the checkpoint the old release runs on, and nobody says so. (A changed class of Scala or Java may not even be
# readable; then the program does not start.) Without it the balances are right only if Kafka still has every movement since the
# canteen opened. In the database they are neither tied to a release nor to what Kafka keeps. A state that is too large or
# too busy for this may stay in memory, but must be built **from the database** at the start, as an `initialRDD` of
# `updateStateByKey` at the stored offsets.

# %% [markdown] lang="zh"
# 有检查点时，旧版本继续运行，而且没有人告诉你。（Scala 或 Java 的类改动过，可能根本读不出来，程序就无法启动。）没有检查点时，
# 只有 Kafka 还保存着食堂开张以来的每一笔流水，余额才会正确。放在数据库里，余额既不依赖某个版本，也不依赖 Kafka 保存多久。
# 如果状态太大或更新太频繁而不适合这样做，可以留在内存里，但启动时必须**由数据库重建**：作为 `updateStateByKey` 的 `initialRDD`，
# 并从所存的偏移量读起。

# %% [markdown] lang="en"
# ### Step 2: where do the offsets live?
#
# Lesson 19 in short, with balances. The driver dies three times. Balances are written in a transaction each time; what
# differs is the place of the offsets. "Batch time" writes the time of the batch into the transaction, as a name by which
# the table should know it again, and commits the offsets to Kafka.

# %% [markdown] lang="zh"
# ### 步骤 2：偏移量放在哪里？
#
# 这是第 19 课的缩影，用余额来看。驱动程序死三次。余额每次都在事务中写出，不同的是偏移量的位置。
# "batch time" 一行把批次时间写进事务，作为表认出它的名字，而偏移量提交到 Kafka。


# %%
def write(sums):
    for card, amount in sums:
        work(0.02)  # a database takes its time
        BALANCES.upsert(card, BALANCES.get(card, 0) + amount)


def bank(ssc, store):
    """`store`: the place of the offsets."""
    begin = BALANCES.offsets() if "transaction" in store else {}
    stream = movements(ssc, BROKERS, begin, auto_commit=store == "auto commit")

    def save(time, rdd):
        ranges = rdd.offsetRanges()
        sums = rdd.map(read).reduceByKey(add).collect()
        if store == "batch time" and BALANCES.get(f"{time:%H:%M:%S}"):
            return
        with BALANCES.transaction():
            write(sums)
            if store == "batch time":
                BALANCES.upsert(f"{time:%H:%M:%S}", True)
            elif store == "same transaction":
                BALANCES.store_offsets(ranges)
        if store == "transaction of their own":
            work(0.02)
            BALANCES.store_offsets(ranges)
        elif store in ("batch time", "commitAsync"):
            stream.commitAsync(ranges)

    stream.foreachRDD(save)


STORES = ("auto commit", "commitAsync", "batch time", "transaction of their own", "same transaction")
BETWEEN = AtBatch(3, "processed", delay=0.11)  # the sums are written, the offsets not yet
DRIVER_DIES = [DriverCrash(moment, restart_after=1) for moment in (BETWEEN, 5.5, 8.1)]
for store in STORES:
    print(f"{store:<26}{wrong(simulated(partial(bank, store=store), DRIVER_DIES))} wrong balances")
# %% [markdown] lang="en"
# Auto commit runs ahead of the balances, `commitAsync` lags behind them (lesson 19). The time of a batch is no help,
# for a new driver cuts the same movements into other batches. A transaction of their own leaves a gap, and one of the three
# crashes was put into it. **The same transaction has no gap.**

# %% [markdown] lang="zh"
# 自动提交跑在余额前面，`commitAsync` 落在余额后面（第 19 课）。批次时间帮不上忙，因为新的驱动程序会把同样的流水切成别的批次。
# 偏移量单独一个事务会留下空隙，三次崩溃中有一次正好放在那里。**同一个事务没有空隙。**

# %% [markdown] lang="en"
# ### Step 3: who writes?
#
# A sum on the driver takes the results of all tasks to one place. Why not let the tasks write? `foreach` in the tasks,
# then a transaction per range in the tasks (lesson 19), then sums on the driver. First an executor is slow from 2 s on, with
# speculation; then an executor crashes.

# %% [markdown] lang="zh"
# ### 步骤 3：由谁来写？
#
# 在驱动程序上求和，要把所有任务的结果集中到一处。为什么不让任务来写？下面依次是：任务中的 `foreach`；任务中每个范围一个事务（第 19 课）；
# 驱动程序上的总和。先是一个执行器从 2 秒起变慢，并打开推测执行；然后是一个执行器崩溃。


# %%
def put(record):
    card, amount = read(record)
    BALANCES.upsert(card, BALANCES.get(card, 0) + amount, record)


def by_movement(rdd, ranges):
    rdd.foreach(put)
    BALANCES.store_offsets(ranges)


def by_range(rdd, ranges):
    def write_range(records):
        mine = ranges[TaskContext.get().partitionId()]
        with BALANCES.transaction():
            if not BALANCES.holds(mine):
                for record in records:
                    put(record)
                BALANCES.store_offsets(mine)

    rdd.foreachPartition(write_range)


def on_the_driver(rdd, ranges):
    sums = rdd.map(read).reduceByKey(add).collect()
    with BALANCES.transaction():
        write(sums)
        BALANCES.store_offsets(ranges)


def bank_by(ssc, save):
    stream = movements(ssc, BROKERS, BALANCES.offsets())
    stream.foreachRDD(lambda rdd: save(rdd, rdd.offsetRanges()))


SLOW = [SlowExecutor("1", at=2, factor=12)]
CRASH = [ExecutorCrash("1", at=3.15, restart_after=1)]
SPECULATION = {"spark.speculation": True}
runs = {}
print(f"wrong balances{'slow executor':>20}{'executor crash':>18}")
for save in (by_movement, by_range, on_the_driver):
    slow = simulated(partial(bank_by, save=save), SLOW, conf=SPECULATION)
    crash = simulated(partial(bank_by, save=save), CRASH)
    runs[save] = slow
    print(f"{save.__name__:<14}{wrong(slow):>20}{wrong(crash):>18}")
print()
produced = runs[by_movement].delivery.produced
often = Counter(row.writes for row in produced)
print("movements by the number of their writes:", dict(sorted(often.items())))
said = "lost" if often[0] else "twice" if often[2] else "neither"
confirm("tasks that add", said)

# %% [markdown] lang="en"
# ### Step 4: what about a message that nobody can read?

# %% [markdown] lang="zh"
# ### 步骤 4：谁也读不懂的消息怎么办？

# %%
LONG = "sparksim.sim.sink_tables."
POISONED = [*COME[:60], "ben five", *COME[60:]]
run = simulated(partial(bank_by, save=on_the_driver), come=POISONED)
for row in run.trace.of(OutputOperationCompleted)[3:7]:
    reason = row.failure.splitlines()[-1].removeprefix(LONG) if row.failure else "fine"
    print(f"batch of second {row.batch_time_ms // 1000}: {reason[:90]}")
print(len(run.batches.where(failed=True)), "of", len(run.batches), "batches failed")
# %% [markdown] lang="en"
# A till has stopped the whole bank, and a restart does not help: the next driver begins before the poison and meets it
# again. Still, this is the better of two evils. A table that took any range would let the next batch store later offsets,
# and the good movements of the failed batch would be gone without a trace.
#
# The cure: what cannot be read is set **aside**, under its own place as its key, in the same transaction. It is counted, somebody
# looks at it, and the bank goes on.

# %% [markdown] lang="zh"
# 一台收银机让整个银行停了下来，而且重启也没用：下一个驱动程序从毒消息之前开始，又会遇到它。即便如此，这仍是两害之中较轻的：
# 如果表接受任何范围，下一个批次就会存下后面的偏移量，而失败批次中的好流水将无声无息地消失。
#
# 解决办法：读不懂的消息**放到一边**，以它自己的位置为键，写在同一个事务中。它们有数可查，会有人来看，而银行继续运转。


# %%
def read_or_keep(record):
    try:
        return read(record)
    except ValueError:  # neither two words nor a number
        return (record.partition, record.offset), record.value


def finished(rdd, ranges):
    pairs = rdd.map(read_or_keep).reduceByKey(add).collect()
    with BALANCES.transaction():
        write([(card, amount) for card, amount in pairs if isinstance(card, str)])
        for place, value in pairs:
            if not isinstance(place, str):
                BALANCES.upsert(place, value)
        BALANCES.store_offsets(ranges)


def aside(run):
    return [(row.key, row.value) for row in run.sink("balances").rows if not isinstance(row.key, str)]


mended = simulated(partial(bank_by, save=finished), come=POISONED)
print("failed batches:", len(mended.batches.where(failed=True)))
print("wrong balances:", wrong(mended), " set aside:", aside(mended))
went_on = [row for row in run.batches if not row.failed and row.batch_time_ms > 5000]
confirm("batches after the poison", "yes" if went_on else "no")

# %% [markdown] lang="en"
# ### Step 5: what comes after an outage?
#
# 30 movements per second, evenly over the partitions, and three cores that need 20 ms for each. The driver dies at 5 s and
# is away for 30 s. First without a limit, then with `maxRatePerPartition`, then with it and keys: there the six cards are
# not evenly spread over the partitions.

# %% [markdown] lang="zh"
# ### 步骤 5：停机之后会怎样？
#
# 每秒 30 笔流水，均匀分布在各分区，三个核心（core），每笔需要 20 毫秒。驱动程序在 5 秒死亡，停了 30 秒。先没有上限，再用
# `maxRatePerPartition`，最后加上键：这时六张卡在分区上分布不均。

# %%
MANY = [f"{drawn.choice(CARDS)} 1" for _ in range(1950)]
LIMIT = {"spark.streaming.kafka.maxRatePerPartition": 40}


def after_an_outage(conf, key=str, **topic):
    return simulated(
        partial(bank_by, save=finished),
        [DriverCrash(5, restart_after=30)],
        until=65,
        come=MANY,
        pace=30,
        key=key,
        topic=topic,
        conf=conf,
        cluster=Cluster(executors=3, cores=1),
        cost=CostModel(record_ms=20),
    )


def catching_up(run):
    """The batches of the new driver that hold more than comes in a second."""
    return [row.records for row in run.batches if row.batch_time_ms > 35_000 and row.records > 36]


free, run, uneven = after_an_outage({}), after_an_outage(LIMIT), after_an_outage(LIMIT, keyed)
for name, each in {"no limit": free, "limit": run, "limit, keys": uneven}.items():
    longest = max(row.processing_time_ms or 0 for row in each.batches)
    waited = max(row.scheduling_delay_ms or 0 for row in each.batches)
    print(f"{name:<12} longest batch {longest / 1000:.1f} s, waited up to {waited / 1000:.1f} s")
    print(f"{'':<12} records {catching_up(each)}")
print()
confirm("batches to catch up", len(catching_up(run)))

# %% [markdown] lang="en"
# Without a limit one batch takes all. It works here; on a cluster that batch may need more memory than there is, and if it
# dies near its end all of it is done again. With keys **the fullest partition decides** how long it takes. Below, the run
# with the limit, from the restart on.

# %% [markdown] lang="zh"
# 没有上限时，一个批次拿走全部。这里能行；在集群上，那个批次需要的内存可能超过现有的，而且如果它在快结束时死掉，一切都要重来。
# 有键时，要多久**由最满的分区决定**。下面是有上限的那次运行，从重启开始。

# %%
run.figure(start=34)

# %% [markdown] lang="en"
# And if the topic keeps messages for 20 s only, less than the outage?

# %% [markdown] lang="zh"
# 如果主题只保留消息 20 秒，比停机时间短呢？

# %%
run = after_an_outage(LIMIT, retention=20)
first = {}
for row in run.trace.of(OutputOperationCompleted):
    for kind in ("OffsetOutOfRange", "OffsetConflict"):
        if row.failure and kind in row.failure:
            first.setdefault(kind, row.batch_time_ms // 1000)
print("first batch with each failure:", first)
later = [row for row in run.batches if row.batch_time_ms > 35_000]
print(f"{sum(row.failed for row in later)} of {len(later)} batches after the outage failed")

# %% [markdown] lang="en"
# Movements are gone for good, and no program can bring them back. But this one **says so**: it stops at the gap instead of going on
# with wrong balances. A person has to decide what to do. So: a retention longer than the longest outage, a weekend
# included, and the time to work off what waits.

# %% [markdown] lang="zh"
# 有些流水永远没有了，任何程序都找不回来。但这个程序**会说出来**：它停在缺口前，而不是带着错误的余额继续。怎么办要由人来决定。
# 所以保留期（retention）要长于最长的停机时间（包括周末），再加上消化积压的时间。
# %% [markdown] lang="en"
# ### All of it at once
#
# Six stories, drawn: in each the driver dies three times, an executor crashes, another becomes slow with speculation
# on, and the leader of a partition crashes; in every second one the movements come faster than the cluster can process, with
# backpressure and a limit. How many of the six end with a wrong balance? The finished program has to read the poison
# message as well.

# %% [markdown] lang="zh"
# ### 全部一起来
#
# 随机抽取六个故事：每个故事中，驱动程序死三次，一个执行器崩溃，另一个变慢且打开推测执行，一个分区的 leader 崩溃；
# 每两个故事中有一个，流水到来的速度超过集群的处理能力，并有反压（backpressure）和上限。六个故事中有几个以错误的余额告终？
# 完成的程序还必须读到那条毒消息。


# %%
def story(number, program, come=COME):
    drawn = Random(number)
    moments = sorted(drawn.uniform(1.5, 11) for _ in range(3))
    faults = [
        *(DriverCrash(moment, restart_after=0.7) for moment in moments),
        ExecutorCrash("random", at=drawn.uniform(2, 9), restart_after=1),
        SlowExecutor("2", at=drawn.uniform(1, 4), factor=10, duration=6),
        BrokerCrash(f"leader of movements/{number % 3}", drawn.uniform(2, 6), restart_after=5),
    ]
    conf = {
        "spark.speculation": True,
        "spark.streaming.backpressure.enabled": True,
        "spark.streaming.kafka.maxRatePerPartition": 12,
    }
    pace = 15 if number % 2 else 100
    return simulated(program, faults, until=25, come=come, pace=pace, conf=conf)


PROGRAMS = {store: partial(bank, store=store) for store in STORES[:-1]}
PROGRAMS["added by tasks"] = partial(bank_by, save=by_movement)
for name, program in PROGRAMS.items():
    print(f"{name:<26}{sum(wrong(story(number, program)) > 0 for number in range(6)):>3} of 6 stories")

told = [story(number, partial(bank_by, save=finished), POISONED) for number in range(6)]
print(f"{'finished':<26}{sum(wrong(each) > 0 for each in told):>3} of 6 stories,", end=" ")
print("messages set aside in each:", {len(aside(each)) for each in told})

# %% [markdown] lang="en"
# Look at the line "transaction of their own": one story has hit its gap of 20 ms; in step 2 a crash was put there.
# **A test with random crashes does not show that a program is right**; an argument does: which two marks are left, and what
# if a crash comes between them? In the finished program there is one mark.
#
# One of its stories. The drivers' lives, the executors, the batches:

# %% [markdown] lang="zh"
# 请看 "transaction of their own" 一行：只有一个故事碰上了它那 20 毫秒的空隙；而在步骤 2 中，有一次崩溃被特意放在那里。
# **用随机崩溃做测试，并不能证明程序正确**；要靠论证：程序留下哪两个痕迹，如果崩溃发生在它们之间会怎样？完成的程序只留下一个痕迹。
#
# 它的一个故事：驱动程序的几段生命、执行器、批次：

# %%
told[1].figure(end=19)

# %%
told[1].timeline()

# %% [markdown] lang="en"
# ## Break it
#
# After each batch the program also sends the manager a mail, once the transaction is done. A mail cannot be rolled back and
# has no part in any transaction. The driver dies between the transaction and the mail. Is the mail of that batch "lost", sent "twice", or
# "neither"?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 每个批次之后，事务一完成，程序还给经理发一封邮件。邮件不能回滚，也不属于任何事务。驱动程序死在事务与邮件之间。
# 这个批次的邮件会丢失（"lost"）、发两次（"twice"），还是都没有（"neither"）？

# %% predict="mail after the transaction"
{
    "answer": "lost",
    "why": (
        "The table says that the range is done, so the next driver begins behind it and has no reason to send a mail.",
        "表中说这个范围已完成，所以下一个驱动程序从它之后开始，没有理由再发邮件。",
    ),
    "mistakes": {
        "twice": (
            "That happens when the mail is sent before the transaction ends.",
            "邮件在事务结束之前发出时才会这样。",
        ),
        "neither": (
            "Who knows, after the crash, that a mail is still to be sent?",
            "崩溃之后，谁知道还有一封邮件要发？",
        ),
    },
}

# %%
MAILS = sink("mails")


def bank_with_mails(ssc, before):
    def mail(ranges):
        work(0.05)
        told = next(each for each in ranges if each.partition == 0)
        MAILS.insert((told.fromOffset, told.untilOffset), "balances were changed")
        work(0.05)

    def save(rdd):
        ranges = rdd.offsetRanges()
        if before:
            mail(ranges)
        finished(rdd, ranges)
        if not before:
            mail(ranges)

    movements(ssc, BROKERS, BALANCES.offsets()).foreachRDD(save)


def mailed(before, at):
    """The ranges of partition 0 that the first mails were about."""
    run = simulated(partial(bank_with_mails, before=before), [DriverCrash(at, restart_after=1)])
    return [row.key for row in run.sink("mails").rows][:5]


def verdict(spans):
    jumps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    return "lost" if max(jumps) > 0 else "twice" if min(jumps) < 0 else "neither"


after = mailed(before=False, at=AtBatch(3, "processed", delay=0.13))
before = mailed(before=True, at=AtBatch(3, "processed", delay=0.02))
print("mail after the transaction: ", after)
print("mail before the transaction:", before, verdict(before))
confirm("mail after the transaction", verdict(after))

# %% [markdown] lang="en"
# The first list has a gap, the second tells of the same movements in two mails. There is no third place for that line.
# What helps is an **outbox**: the mail is a row of the same transaction, with an id, and another program sends what is in
# there and then marks it as sent. That one sends at least once, and whoever receives it knows a mail again by its id.
# Exactly once ends where the transaction ends.

# %% [markdown] lang="zh"
# 第一个列表有缺口，第二个列表中同样的流水出现在两封邮件里。这行代码没有第三个位置可放。有用的办法是**发件箱**（outbox）：
# 邮件是同一个事务中的一行，带有编号，由另一个程序发出其中的邮件，再标记为已发。那个程序是至少一次（at least once），
# 收件方凭编号认出重复的邮件。事务到哪里为止，恰好一次（exactly once）就到哪里为止。

# %% [markdown] lang="en"
# ## A checklist for production
#
# **Before the first day**
#
# - One transaction for results, offsets and what was set aside; a range that does not follow the stored one is refused.
# - `enable.auto.commit` false; several brokers in `bootstrap.servers` (a driver may start while one is dead).
# - Producers with `acks=all` and idempotence; topics with three replicas and `min.insync.replicas` 2.
# - Retention > longest outage + time to catch up, weekends included.
# - `maxRatePerPartition` below capacity / partitions, and capacity well above the load: only the difference works off a backlog.
# - Somebody who starts the driver again (`--supervise`, YARN's attempts), and an end to it: a poison message is a crash loop.
#
# **Every day: what to watch, and when to call somebody**
#
# | watch | alert when | because |
# |---|---|---|
# | scheduling delay | it grows for several batches | batches take longer than their interval |
# | lag: latest offset - stored offset, per partition | it grows, or comes near the retention | capacity is too small, or one partition is hot |
# | time since the stored offsets last moved | several intervals | the program lives and does nothing: poison, a gap, a dead database |
# | failed batches, failed tasks | the first failed batch | Spark does not run a failed batch again |
# | rows set aside | more than usual | somebody has changed a format |
#
# Kafka's own tools show no lag for offsets that lie in a database. Compute it yourself, or call `commitAsync` after the
# transaction as well: for the tools only, nobody reads from there.
#
# **Stop and upgrade.** Stop gracefully (`spark.streaming.stopGracefullyOnShutdown`, or a marker that the program looks for):
# not for being right, which is the transaction's affair, but so that no batch is done twice. Then start the new release. It finds
# balances and offsets; there is no checkpoint to delete. More partitions: name them in
# `Assign`, too; they have no stored offset and begin at the earliest, which is right.
#
# *Sources: Spark 2.3 Streaming Programming Guide, "Monitoring Applications" and "Upgrading Application Code"; Spark's
# Kafka 0.10 integration guide, "Storing Offsets: Your own data store"; Spark's configuration page (stopGracefullyOnShutdown,
# maxRatePerPartition); Kafka's documentation (acks, enable.idempotence, min.insync.replicas, retention.ms).*

# %% [markdown] lang="zh"
# ## 生产环境检查清单
#
# **上线之前**
#
# - 结果、偏移量和放到一边的消息写在同一个事务中；不接在所存偏移量之后的范围一律拒绝。
# - `enable.auto.commit` 为 false；`bootstrap.servers` 中写上几个 broker（驱动程序启动时可能正好有一个死了）。
# - 生产者用 `acks=all` 并开启幂等；主题有三个副本，`min.insync.replicas` 为 2。
# - 保留期 > 最长停机时间 + 追赶时间，包括周末。
# - `maxRatePerPartition` 低于处理能力 / 分区数，而处理能力要明显高于负载：只有两者之差能消化积压。
# - 有人负责重启驱动程序（`--supervise`，YARN 的尝试次数），并且有尽头：一条毒消息就是一个崩溃循环。
#
# **每一天：看什么，何时叫人**
#
# | 看什么 | 何时报警 | 因为 |
# |---|---|---|
# | 调度延迟（scheduling delay） | 连续几个批次都在增长 | 批次用时超过批次间隔 |
# | 滞后（lag）：每个分区的最新偏移量减去所存偏移量 | 在增长，或接近保留期 | 能力不足，或某个分区过热 |
# | 所存偏移量上次移动以来的时间 | 几个间隔 | 程序活着却什么也不做：毒消息、缺口、数据库死了 |
# | 失败的批次、失败的任务 | 第一个失败的批次 | Spark 不会重新运行失败的批次 |
# | 放到一边的行 | 比平常多 | 有人改了格式 |
#
# 偏移量放在数据库中时，Kafka 自己的工具看不到滞后。请自己计算，或者在事务之后再调用一次 `commitAsync`：
# 只给工具看，没有谁从那里读起。
#
# **停止与升级。** 优雅地停止（`spark.streaming.stopGracefullyOnShutdown`，或由程序检查一个标记）：不是为了正确，那是事务的事，
# 而是为了不重做批次。然后启动新版本。它会找到余额和偏移量；没有检查点需要删除。分区增加时：把新分区也写进 `Assign`；
# 它们没有存过偏移量，从最早的消息开始，这正是对的。
#
# *来源：Spark 2.3 流处理编程指南 “Monitoring Applications” 与 “Upgrading Application Code” 两节；Spark 的 Kafka 0.10 集成指南
# “Storing Offsets: Your own data store” 一节；Spark 配置页（stopGracefullyOnShutdown、maxRatePerPartition）；
# Kafka 文档（acks、enable.idempotence、min.insync.replicas、retention.ms）。*

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"We have a checkpoint, so we can upgrade."** A checkpoint holds the old program. *Source: Spark's guide, "Upgrading
# Application Code": start the new one from another directory or delete the old one.*
#
# **"Exactly once is a feature that one switches on."** It is a property of the whole way, from the producer to the database,
# and the weakest link decides.
#
# **"Our test killed the driver twenty times, and nothing was wrong."** Five of the six stories say that of the program with the gap of 20 ms.
#
# **"A failed batch is run again."** Its tasks are, `spark.task.maxFailures` times; then the batch has failed, and the next
# one begins behind it. *Source: `JobScheduler`, `DirectKafkaInputDStream.compute`.*
#
# **"Catch the exception and go on."** That is at most once for bad messages, and nobody knows how many there were. Set them aside.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“我们有检查点，所以可以升级。”** 检查点里存的是旧程序。*来源：Spark 指南 “Upgrading Application Code” 一节：
# 新程序要用另一个目录启动，或删掉旧目录。*
#
# **“恰好一次是一个可以打开的功能。”** 它是从生产者到数据库整条路的性质，由最弱的一环决定。
#
# **“我们的测试杀了驱动程序二十次，什么错都没有。”** 对有 20 毫秒空隙的那个程序，六个故事中有五个也这样说。
#
# **“失败的批次会重新运行。”** 它的任务会，`spark.task.maxFailures` 次；然后批次失败，下一个批次从它之后开始。
# *来源：`JobScheduler`、`DirectKafkaInputDStream.compute`。*
#
# **“捕获异常，继续运行。”** 对坏消息来说那就是至多一次（at most once），而且没人知道有多少条。请把它们放到一边。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# A `sink` is always there, never slow by itself, has no deadlocks, and its tables need no index; a real database adds all that,
# and its isolation level decides what two writers see. Processes die cleanly here. A real driver may be cut off, live on, and
# write beside its successor: `store_offsets` refuses one of the two, as the update with the old offset in the live program
# does. Disks of brokers do not rot here, clocks agree, and a person never deletes the wrong topic.
#
# What no model shows: the exactness ends at the transaction. Mails, calls of other services, files, caches are outside.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# `sink` 永远可用，自己从不变慢，没有死锁，它的表不需要索引；真实的数据库这些全有，而且由隔离级别决定两个写入者各看到什么。
# 这里的进程死得干净。真实的驱动程序可能被隔离却仍活着，与后继者同时写：`store_offsets` 会拒绝其中一个，
# 真实运行的程序中带旧偏移量的更新语句也是如此。这里 broker 的磁盘不会损坏，时钟一致，也没有人会误删主题。
#
# 任何模型都不能改变的是：精确到事务为止。邮件、对其他服务的调用、文件、缓存都在外面。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. There are ten million cards, and sums on the driver are too many. What changes?
#
# <details><summary>Answer</summary>
#
# The tasks write, each the transaction of its own range with the offsets of that range (`by_range`). If two partitions can
# hold the same card, the database has to add (`amount = amount + ?`), or lock the row.
# </details>
#
# 2. The balances must stay in memory, in `updateStateByKey`, because each batch needs all of them. What do you do at a
#    restart, and after an upgrade?
#
# <details><summary>Answer</summary>
#
# The same in both cases: read balances and offsets from the database, give the balances as `initialRDD`, begin the stream at the
# offsets. Each batch writes the changed balances and its offsets in one transaction. The checkpoint is only there so that the
# lineage does not grow.
# </details>
#
# 3. The lag is 2 million messages, 500 come per second, and the cluster processes 600. The topic keeps messages for 7 days,
#    and the oldest that waits is an hour old. Do you get up at night?
#
# <details><summary>Answer</summary>
#
# 100 per second are worked off: 20,000 s, five and a half hours. Nothing is lost, the balances are late. Not because of this
# one; but a capacity that is so little above the load is a reason to act tomorrow.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 有一千万张卡，在驱动程序上求和太多了。要改什么？
#
# <details><summary>答案</summary>
#
# 由任务来写，每个任务用一个事务写自己的范围，连同该范围的偏移量（`by_range`）。如果两个分区可能有同一张卡，就要由数据库来加
# （`amount = amount + ?`），或者锁住那一行。
# </details>
#
# 2. 余额必须留在内存里，用 `updateStateByKey`，因为每个批次都要用到全部余额。重启时怎么做？升级之后呢？
#
# <details><summary>答案</summary>
#
# 两种情况相同：从数据库读出余额和偏移量，余额作为 `initialRDD`，流从这些偏移量开始。每个批次在一个事务中写出变化的余额和自己的偏移量。
# 检查点只是为了不让血统（lineage）无限增长。
# </details>
#
# 3. 滞后 200 万条消息，每秒到来 500 条，集群每秒处理 600 条。主题保留消息 7 天，等待中最老的一条才一小时。你要半夜起床吗？
#
# <details><summary>答案</summary>
#
# 每秒消化 100 条：20,000 秒，五个半小时。什么都不会丢，只是余额晚到。不必为这一次起床；但处理能力只比负载高这么一点，明天就该处理。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 22](../../exercises/en/ex22_capstone.ipynb): write the whole program, let it survive bad messages, plan a cluster,
# and find out from a run what somebody else did wrong. `sparksim grade 22` says how far you are. This was the last lesson.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 22](../../exercises/zh/ex22_capstone.ipynb)：写出整个程序，让它经得起坏消息，规划一个集群，并从一次运行中找出别人错在哪里。
# `sparksim grade 22` 会告诉你做到了哪一步。这是最后一课。
