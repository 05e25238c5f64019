# %% [markdown] lang="en"
# # 16. Stragglers: one slow task, and a second copy of it
#
# **The question.** A batch is done when its last task is done. One machine is ill: its disk is failing, or another program
# takes its processor. It does not die, it is only slow. What becomes of the delay, and what can Spark do about a task that takes
# its time?
#
# *About 40 minutes. You need lesson 3 (blocks and tasks) and lesson 11 (outputs).*

# %% [markdown] lang="zh"
# # 16. 掉队者：一个慢任务，以及它的第二份副本
#
# **问题。** 最后一个任务（task）完成时，批次（batch）才完成。有一台机器病了：磁盘快坏了，或者别的程序占了它的处理器。它没有死，只是慢。
# 延迟（delay）会怎样？对于一个慢吞吞的任务，Spark 能做什么？
#
# *约 40 分钟。需要第 3 课（数据块与任务）和第 11 课（输出）。*

# %%
import time
from collections import Counter
from statistics import mean

from sparksim.cluster.cost import TEACHING
from sparksim.cluster.speculation import Median, Speculation
from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import Cluster, Poisson, Replay, Simulation, SlowExecutor, sink, work

SEED = 1
lesson("16", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  executor 1   ▐██▌▐██▌
#  executor 2   ▐██▌▐██▌        ▐██▌  the copy: done, its result counts
#  executor 3   ▐████████████████ ✗   the straggler: killed, a little later
#  executor 4   ▐██▌▐██▌
#               ──────────────┬─────────────────▶ time
#                             └ most are done, and this one runs much longer than they did
# ```
#
# **Speculation** is a bet: when most tasks of a stage are done and one still runs, Spark starts the same task once more, on
# another machine. The first of the two to finish counts, the other one is killed. It costs a core for a while. It is off
# unless you set `spark.speculation`.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  执行器 1   ▐██▌▐██▌
#  执行器 2   ▐██▌▐██▌        ▐██▌  副本：完成，它的结果算数
#  执行器 3   ▐████████████████ ✗   掉队者：稍后被杀死
#  执行器 4   ▐██▌▐██▌
#             ──────────────┬─────────────────▶ 时间
#                           └ 大多数已完成，而这一个运行的时间长得多
# ```
#
# **推测执行**（speculation）是一次打赌：当一个阶段（stage）的大多数任务已经完成、却有一个还在运行时，Spark 在另一台机器上把同一个任务再启动一份。
# 两份中先完成的算数，另一份被杀死。代价是占用一个核心（core）一段时间。除非设置 `spark.speculation`，否则它是关闭的。

# %% [markdown] lang="en"
# ## The program, live
#
# One of three lines is a hard one: it takes 0.4 s, the others next to nothing. Speculation is switched on.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 三行中有一行很难处理：要花 0.4 秒，其他的几乎不花时间。推测执行已打开。


# %%
def think(line):
    time.sleep(0.4 if line == "hard" else 0.0)
    return line.upper()


def shout(ssc):
    ssc.socketTextStream("localhost", 9999).map(think).pprint()


typed = [(0.32, "easy"), (0.5, "hard"), (0.68, "easy")]
run = live(
    shout,
    network={"localhost:9999": Replay(typed)},
    batch=1.0,
    until=1.5,
    cores=4,
    conf={"spark.speculation": "true"},
)
readers = run.tasks.where(lambda task: task.blocks)
slowest_ms = max(readers.column("duration_ms"))
longest_ms = max(run.batches.column("processing_time_ms"))
print("the batch waited for its slowest task:", longest_ms >= slowest_ms >= 400)
print("second copies:", sum(readers.column("speculative")))

# %% [markdown] lang="en"
# No second copy was made, although the setting was on: a local master never looks for slow tasks. All its cores are on one
# machine, and a copy belongs on another.

# %% [markdown] lang="zh"
# 虽然打开了设置，却没有产生第二份副本：本地 master 从不寻找慢任务。它的所有核心都在一台机器上，而副本应该放到另一台机器。

# %% [markdown] lang="en"
# ## Predict
#
# A running task is slow when it has run 1.5 times as long as is usual among the tasks of its stage that are done (the 1.5
# is the setting `spark.speculation.multiplier`). A stage has 10 tasks. Seven are done; they took 100, 100, 110, 120, 120,
# 130 and 900 ms. Three still run. After how many milliseconds is one of them slow enough for a second copy?

# %% [markdown] lang="zh"
# ## 预测
#
# 如果一个任务已运行的时间，超过同一阶段中已完成任务通常时长的 1.5 倍（即设置项 `spark.speculation.multiplier`），它就算慢。
# 一个阶段有 10 个任务。七个已完成，分别花了 100、100、110、120、120、130 和 900 毫秒。还有三个在运行。
# 其中一个要超过多少毫秒，才算慢到需要第二份副本？

# %% predict="threshold"
{
    "answer": 180,
    "why": (
        "1.5 times the median, and the median of the seven is 120 ms. The 900 ms of one of them do not matter.",
        "中位数的 1.5 倍，而这七个的中位数是 120 毫秒。其中那个 900 毫秒的没有影响。",
    ),
    "within": 1,
    "mistakes": {
        339: (
            "That is 1.5 times the average, as many books have it. One slow task would then hide the next one.",
            "那是平均值的 1.5 倍，许多书是这么写的。那样的话，一个慢任务就会掩护下一个。",
        ),
        100: ("100 ms is the least that the threshold can be.", "100 毫秒是阈值的下限。"),
        120: (
            "That is the median. The setting spark.speculation.multiplier is 1.5.",
            "那是中位数。spark.speculation.multiplier 是 1.5。",
        ),
    },
}

# %% [markdown] lang="en"
# And how many of 10 tasks have to be done before Spark begins to look? `spark.speculation.quantile` is 0.75.

# %% [markdown] lang="zh"
# 10 个任务中要有几个完成，Spark 才开始寻找？`spark.speculation.quantile` 是 0.75。

# %% predict="enough"
{
    "answer": 7,
    "why": (
        "0.75 times 10 is 7.5, rounded down to 7, and 7 is enough.",
        "0.75 乘以 10 是 7.5，向下取整为 7，达到 7 就够了。",
    ),
    "mistakes": {
        8: (
            "7.5 is rounded down, and as many are enough: no more than that is asked.",
            "7.5 向下取整，而且达到即可，不要求超过。",
        ),
    },
}

# %%
rule = Speculation()  # the settings as they are by default
durations = Median([100, 100, 110, 120, 120, 130, 900])
confirm("threshold", rule.slower_than_ms(tasks=10, successes=7, durations=durations))
looks = [done for done in range(11) if rule.slower_than_ms(10, done, durations)]
confirm("enough", min(looks))

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Four executors with two cores, a hundred lines a second. Each line is a number and is written into a table outside.
# At 6 s an executor without a receiver becomes ten times slower. First without speculation.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 四个执行器（executor），各两个核心，每秒一百行。每行是一个编号，被写入外部的表。第 6 秒，一个没有接收器（receiver）的执行器变慢十倍。
# 先不用推测执行。

# %%
table = sink("lines")
NUMBERS = Replay([(0.5 + number / 100, str(number)) for number in range(1600)])
COST = TEACHING.with_(record_ms=5)  # a line takes 5 ms
SPECULATION = {"spark.speculation": True}
ILL = SlowExecutor("other", at=6, factor=10)


def insert(rdd):
    rdd.foreachPartition(lambda lines: [table.insert(line, "written") for line in lines])


def inserting(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(insert)


def simulated(program, *faults, conf=None, block=0.2, load=NUMBERS):
    return Simulation(
        program,
        network={"localhost:9999": load},
        batch=2.0,
        block=block,
        cluster=Cluster(executors=4, cores=2),
        cost=COST,
        faults=faults,
        conf=conf,
        seed=SEED,
    ).run(until=20)


def processing_ms(run):
    """Of the batches while the machine was ill."""
    done = run.batches.where(lambda batch: batch.batch_time_ms >= 6000, status="completed")
    return mean(done.column("processing_time_ms"))


calm, patient = simulated(inserting), simulated(inserting, ILL)
print(f"a batch takes {processing_ms(calm):.0f} ms,", end=" ")
print(f"and {processing_ms(patient):.0f} ms with the ill executor")
patient.figure(start=5.5, end=11)

# %% [markdown] lang="en"
# One or two tasks of each batch run on the ill machine, and the whole batch waits for them. To find the culprit, compare like with
# like: the durations of tasks of the same stage, by executor.

# %% [markdown] lang="zh"
# 每个批次有一两个任务在生病的机器上运行，整个批次都在等它们。要找出元凶，就要同类相比：同一阶段各任务的时长，按执行器分开看。

# %%
readers = patient.tasks.where(lambda task: task.blocks and task.batch_time_ms >= 6000)
for executor in sorted(set(readers.column("executor_id"))):
    durations_ms = readers.where(executor_id=executor).column("duration_ms")
    print(f"executor {executor}: {len(durations_ms):>3} tasks, mean {mean(durations_ms):>6.0f} ms")

# %% [markdown] lang="en"
# Now with speculation:

# %% [markdown] lang="zh"
# 现在打开推测执行：

# %%
betting = simulated(inserting, ILL, conf=SPECULATION)
copies = betting.tasks.where(speculative=True)
print(f"a batch takes {processing_ms(betting):.0f} ms; {len(copies)} second copies")
betting.figure(start=5.5, end=11)

# %%
index = copies[0].index
for task in betting.tasks.where(batch_time_ms=copies[0].batch_time_ms, index=index):
    kind = "second copy" if task.speculative else "first"
    times = f"{task.start_ms / 1000:.2f} to {task.end_ms / 1000:.2f} s"
    print(f"task {index}, {kind} on executor {task.executor_id}, {times}: {task.reason}")

# %% [markdown] lang="en"
# The first attempt was not moved and did not wait for anything: it went on until the copy had won. In Spark's words it was
# *killed*, which does not count as a failure.
#
# The same run, to touch. Drag the round handle to 6.35 s: which task runs twice at that moment, and where?

# %% [markdown] lang="zh"
# 第一次尝试既没有被挪走，也没有在等待什么：它一直运行，直到副本获胜。用 Spark 的话说，它被*杀死*（killed），这不算失败。
#
# 同一次运行，可以动手操作。把圆形滑块拖到 6.35 秒：此刻哪个任务运行着两份，分别在哪里？

# %%
betting.timeline()

# %% [markdown] lang="en"
# ## Break it
#
# The killed attempts had run for some time, and each wrote lines into the table as it went. When an attempt is killed, are
# its rows taken back? Write 0 if no line is in the table twice, 1 if some are.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 被杀死的尝试已经运行了一段时间，而且边运行边往表里写。尝试被杀死时，它写的行会被撤回吗？
# 如果没有行在表中出现两次，写 0；如果有，写 1。

# %% predict="twice"
{
    "answer": 1,
    "why": (
        "Spark discards the result of an attempt, and knows nothing of what it did to the world outside. Two attempts of "
        "a task are two runs of your function.",
        "Spark 丢弃的是一次尝试的结果，对它在外部世界做了什么一无所知。一个任务的两次尝试，就是你的函数运行了两次。",
    ),
    "mistakes": {
        0: (
            "Who should take them back? The database has accepted them long ago.",
            "谁来撤回？数据库早就接受了。",
        ),
    },
}


# %%
def written_twice(run):
    writes = Counter(row.key for row in run.sink("lines").rows)
    return sum(count > 1 for count in writes.values())


for title, each in (("without speculation", patient), ("with it", betting)):
    print(f"{title}: {written_twice(each)} lines are in the table twice")
confirm("twice", min(written_twice(betting), 1))

# %% [markdown] lang="en"
# So whoever switches speculation on needs an output that does not mind: one that overwrites the row of a key (`upsert`),
# or one transaction for each partition of a batch, refused the second time. The same output is needed for tasks that are
# retried, so it is no waste.

# %% [markdown] lang="zh"
# 所以，打开推测执行的人需要一种不怕重复的输出：按键覆盖行（`upsert`），或者对批次的每个分区（partition）使用一个事务、第二次则拒绝。
# 任务重试也需要这样的输出，所以并不浪费。


# %%
def upsert(rdd):
    rdd.foreachPartition(lambda lines: [table.upsert(line, "written") for line in lines])


def upserting(ssc):
    ssc.socketTextStream("localhost", 9999).foreachRDD(upsert)


safe = simulated(upserting, ILL, conf=SPECULATION)
written_again = sum(row.writes > 1 for row in safe.sink("lines").rows)
print("lines in the table twice:", written_twice(safe), "- rows written over:", written_again)

# %% [markdown] lang="en"
# The settings of the bet: how many have to be done, how much slower, and what comes of it.

# %% [markdown] lang="zh"
# 打赌的设置：要有多少任务完成、要慢多少倍，以及结果如何。

# %%
print("quantile  multiplier   second copies   a batch takes")
for quantile in (0.5, 0.75, 0.9):
    for multiplier in (1.5, 10):
        bet = {"spark.speculation.quantile": quantile, "spark.speculation.multiplier": multiplier}
        each = simulated(upserting, ILL, conf=SPECULATION | bet)
        copies = sum(each.tasks.column("speculative"))
        print(f"{quantile:>8} {multiplier:>11} {copies:>15} {processing_ms(each):>12.0f} ms")

# %% [markdown] lang="en"
# At 0.9 nine of ten tasks have to be done first. But mostly *two* are on the ill machine, so there is hardly ever a copy. A
# multiplier of 10 waits until the straggler is nearly done by itself.
#
# Another cure needs no setting of speculation: **smaller tasks**. With shorter blocks a batch has more of them, and the ill
# machine gets a smaller share, since it is free for a new one less often.

# %% [markdown] lang="zh"
# 取 0.9 时，十个任务要先完成九个。但生病的机器上大多有*两个*，所以几乎不会有副本。倍数取 10，则要等到掉队者自己都快完成了。
#
# 另一种办法不需要推测执行的设置：**更小的任务**。数据块更短，批次的任务就更多，而生病的机器分到的份额更小，因为它腾出空来接新任务的次数更少。

# %%
print("block    without speculation     with it")
for block in (0.1, 0.2, 0.5):
    runs = [simulated(upserting, ILL, conf=conf, block=block) for conf in ({}, SPECULATION)]
    print(f"{block:>4} s {processing_ms(runs[0]):>17.0f} ms {processing_ms(runs[1]):>8.0f} ms")

# %% [markdown] lang="en"
# Turn the knobs yourself. Which executor is slow, how much, and from when on?

# %% [markdown] lang="zh"
# 自己动手调节：哪个执行器变慢、慢多少、从何时开始？


# %%
def counting(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


lab(
    Simulation(
        counting,
        network={"localhost:9999": Poisson(rate=50)},
        batch=2.0,
        cluster=Cluster(executors=4, cores=2),
        cost=COST,
        faults=[ILL],
        conf=SPECULATION,
        seed=SEED,
    ),
    until=20,
)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"More than 75 % must be done, and a task must be slower than 1.5 times the average."** At least ⌊0.75 · n⌋ must be done,
# and the limit is 1.5 times the *median*, but never less than 100 ms. *Source: Spark's `TaskSetManager.checkSpeculatableTasks`, `MedianHeap`.*
#
# **"The slow task is taken back and waits to be scheduled again."** It runs on. A copy starts beside it, on another *host*,
# and only where no ordinary task waits for the core. *Source: `TaskSetManager.dequeueSpeculativeTask`.*
#
# **"Speculation helps against every slow task."** It helps when the *machine* is slow. When one task has more to do than
# the others, its copy has just as much. Below, nine of ten lines have the same key, and all lines of a key go to one
# task.

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“必须有超过 75 % 的任务完成，且任务要慢于平均值的 1.5 倍。”** 至少 ⌊0.75 · n⌋ 个完成即可；阈值是*中位数*的 1.5 倍，但不低于 100 毫秒。
# *来源：Spark 的 `TaskSetManager.checkSpeculatableTasks`、`MedianHeap`。*
#
# **“慢任务会被收回，等待重新调度。”** 它会继续运行。副本在旁边启动，放在另一台*主机*上，而且只在没有普通任务等待核心时才启动。
# *来源：`TaskSetManager.dequeueSpeculativeTask`。*
#
# **“推测执行对任何慢任务都有用。”** *机器*慢时才有用。如果一个任务要做的事比别的多，它的副本也同样多。
# 下面十行里有九行是同一个键，而同一个键的所有行都去往同一个任务。


# %%
def spread(salted):
    def program(ssc):
        def key(line):
            number = int(line)
            hot = "hot" if number % 10 else line
            return (hot, number % 8) if salted else hot

        def process(rdd):
            rdd.partitionBy(8).foreachPartition(lambda pairs: [work(0.005) for _ in pairs])

        lines = ssc.socketTextStream("localhost", 9999)
        lines.map(lambda line: (key(line), line)).foreachRDD(process)

    return program


for title, salted, conf in (
    ("one hot key", False, {}),
    ("one hot key, speculation", False, SPECULATION),
    ("the hot key in 8 parts", True, {}),
):
    print(f"{title:<26} {processing_ms(simulated(spread(salted), conf=conf)):>6.0f} ms")

# %% [markdown] lang="en"
# The cure for a hot key is to split it, count the parts, and add them up in a second step. (`reduceByKey` does the first
# half by itself: it adds on the side of the maps before anything is sent.)
#
# **"It watches over the receiver as well."** A receiver is a stage of one task, and stages of one task are never looked
# at. Neither is a batch that has a single block:

# %% [markdown] lang="zh"
# 对付热点键的办法是把它拆开，分别计数，再在第二步相加。（`reduceByKey` 自己就做了前一半：在发送之前，先在 map 一侧相加。）
#
# **“它也会照看接收器。”** 接收器是只有一个任务的阶段，而只有一个任务的阶段从不被查看。只有一个数据块（block）的批次也是如此：

# %%
ill_receiver = SlowExecutor("receiver", at=6, factor=10)
single = simulated(upserting, ill_receiver, conf=SPECULATION, block=2.0)
print("second copies:", sum(single.tasks.column("speculative")))
longest_ms = max(single.batches.where(status="completed").column("processing_time_ms"))
print("longest batch:", longest_ms / 1000, "s")

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Here an ill executor is slower by one factor from one moment on, and all others are equal: 5 ms for each line. On a cluster
# durations differ from task to task even when all are well, so that now and then a copy is made for nothing. Killing an
# attempt is immediate here; a real task that is inside a long call goes on until that call returns. And a machine that is
# always slow should be left out altogether: Spark's blacklist counts failures, not slowness, so a person has to do it.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里生病的执行器从某个时刻起慢一个固定的倍数，其他的完全一样：每行 5 毫秒。在集群上，即使一切健康，任务的时长也各不相同，
# 所以偶尔会白白产生副本。这里杀死一次尝试是立即的；真实的任务如果正处在一次长调用中，会一直运行到那次调用返回。
# 另外，总是很慢的机器应当彻底排除：Spark 的黑名单数的是失败次数而不是快慢，所以只能由人来做。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A stage has 4 tasks; three took 20, 30 and 40 ms. The fourth has been running for 90 ms. Does it get a copy?
#
# <details><summary>Answer</summary>
#
# Not yet. Three of four are enough, and 1.5 times the median is 45 ms; but no task is slow before 100 ms.
# </details>
#
# 2. All executors have one core free, except for the slow one, and an ordinary task of the same stage waits. Who gets the
#    core, that task or the copy?
#
# <details><summary>Answer</summary>
#
# The ordinary task. Within a stage a copy is started only where no task waits; so copies need spare cores.
# </details>
#
# 3. Speculation is on, and an output adds 1 to a counter in a database for each line. What is wrong?
#
# <details><summary>Answer</summary>
#
# Each copy adds again what the first attempt has added. The counter is too high, and a rerun cannot mend it. Write the
# count of a batch and a partition under its own key instead.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 一个阶段有 4 个任务；三个分别花了 20、30 和 40 毫秒。第四个已经运行了 90 毫秒。它会有副本吗？
#
# <details><summary>答案</summary>
#
# 还不会。四个完成三个已经够了，中位数的 1.5 倍是 45 毫秒；但不到 100 毫秒，任何任务都不算慢。
# </details>
#
# 2. 除了慢的那个，每个执行器都有一个空闲核心，同一阶段还有一个普通任务在等待。核心给谁，那个任务还是副本？
#
# <details><summary>答案</summary>
#
# 给普通任务。在一个阶段内，只有没有任务等待时才启动副本；所以副本需要多余的核心。
# </details>
#
# 3. 推测执行打开着，输出对每一行在数据库的计数器上加 1。有什么问题？
#
# <details><summary>答案</summary>
#
# 每份副本会把第一次尝试加过的再加一遍。计数偏高，重新运行也无法修正。应该把每个批次、每个分区的计数写到各自的键下。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 16](../../exercises/en/ex16_stragglers.ipynb): write the rule, find the slow executor in a trace, and choose
# settings that keep the delay small and the table right. Next: lesson 17, Kafka.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 16](../../exercises/zh/ex16_stragglers.ipynb)：写出规则，在运行记录（trace）中找出慢的执行器，并选择使延迟小、表也正确的设置。
# 下一课是第 17 课：Kafka。
