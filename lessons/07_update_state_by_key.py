# %% [markdown] lang="en"
# # 7. updateStateByKey: a batch that remembers
#
# **The question.** How often has each word come since the program started? A batch forgets the batch before, so somebody
# has to keep the totals. Where are they kept, what does it cost to keep a million of them, and what is left of them when
# a machine dies?
#
# *About 40 minutes. You need lessons 3 and 6.*

# %% [markdown] lang="zh"
# # 7. updateStateByKey：会记忆的批次
#
# **问题。** 程序启动以来，每个单词一共出现了多少次？每个批次都会忘掉上一个批次，所以总得有谁保存这些总数。
# 它们保存在哪里？保存一百万个要付出什么代价？一台机器死掉之后，它们还剩下什么？
#
# *约 40 分钟。需要第 3 课和第 6 课。*

# %%
from tempfile import TemporaryDirectory

from sparksim.course import confirm, lesson, live, predict
from sparksim.course.printed import printed_pairs
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, Replay, Simulation

SEED = 1
lesson("07", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#               batch 1              batch 2              batch 3
#  new values   to: [1]  be: [1]     be: [1]              nothing came
#                    ▼                    ▼                    ▼
#  states  { } ──▶ update ─▶ to: 1 ──▶ update ─▶ to: 1 ──▶ update ─▶ to: 1
#                  to, be    be: 1     to, be    be: 2     to, be    be: 2
# ```
#
# The **states** of a stream are an RDD of pairs `(key, state)`, and every batch makes the next one of it: it brings the
# old states and the new values together by key (a `cogroup`) and calls your function, once per key:
#
# `update(new values of this batch, old state or None) → new state, or None to forget the key`
#
# It is called for **every key that has a state or a new value**. So a batch costs as much as there are keys. And each
# RDD of states descends from the one before: to end that chain, Spark saves the states to a file from time to time. That
# is why `ssc.checkpoint(directory)` is needed before the program may start.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#               batch 1              batch 2              batch 3
#  new values   to: [1]  be: [1]     be: [1]              nothing came
#                    ▼                    ▼                    ▼
#  states  { } ──▶ update ─▶ to: 1 ──▶ update ─▶ to: 1 ──▶ update ─▶ to: 1
#                  to, be    be: 1     to, be    be: 2     to, be    be: 2
# ```
#
# 流的**状态**（state）是由键值对 `(key, state)` 组成的 RDD，每个批次（batch）都由它生成下一个：按键把旧状态和新值放在一起（`cogroup`），
# 再对每个键调用一次你的函数：
#
# `update(本批次的新值, 旧状态或 None) → 新状态，或用 None 忘掉这个键`
#
# 它会对**每个有状态或有新值的键**调用。所以一个批次的代价取决于键的总数。而且每个状态 RDD 都来自前一个：为了截断这条链，
# Spark 不时把状态保存到文件中。因此，程序启动之前必须先调用 `ssc.checkpoint(directory)`，给出检查点（checkpoint）目录。

# %% [markdown] lang="en"
# ## The program, live
#
# The state of a word is its total. Two lines are sent, in the first two batches; nothing comes in the third.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 单词的状态就是它的总数。前两个批次各发来一行；第三个批次什么也没有。


# %%
def add(new_counts, total):
    return sum(new_counts) + (total or 0)  # total is None for a word that is new


def ones(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))


def running_totals(directory, update=add):
    def program(ssc):
        ssc.sparkContext.setLogLevel("ERROR")  # no warnings: a graceful stop writes some about its log
        ssc.checkpoint(directory)
        ones(ssc).updateStateByKey(update).pprint()

    return program


TYPED = {"localhost:9999": Replay([(0.5, "to be"), (1.5, "or not to be")])}

with TemporaryDirectory() as directory:
    run = live(running_totals(directory), network=TYPED, batch=1.0, until=2.5)

# %% [markdown] lang="en"
# ## Predict
#
# In the third batch nothing came. How often was the function called in it?

# %% [markdown] lang="zh"
# ## 预测
#
# 第三个批次什么也没有来。其中函数被调用了几次？

# %% predict="calls of a silent batch"
{
    "answer": 4,
    "why": (
        "Once for each word that has a state: to, be, or, not. The list of new values is empty, and what the function "
        "returns is the state of the next batch.",
        "对每个有状态的单词各一次：to、be、or、not。新值的列表为空，函数返回的就是下一个批次的状态。",
    ),
    "mistakes": {
        0: (
            "The totals were printed in that batch as well. A new RDD of states was made; who said what is in it?",
            "那个批次也打印了总数。一个新的状态 RDD 被生成了；是谁决定了它的内容？",
        ),
        6: ("Six words came so far, but a key has one state.", "到目前为止来了六个单词，但每个键只有一个状态。"),
    },
}

# %% [markdown] lang="en"
# If nobody says how often states are to be saved, Spark saves them about every ten seconds: never more often, and always
# in a batch. Batches take 3 seconds. How many seconds lie between two saves?

# %% [markdown] lang="zh"
# 如果没有人指定状态多久保存一次，Spark 大约每十秒保存一次：不会比这更频繁，而且总是在某个批次中保存。批次为 3 秒。
# 两次保存之间相隔多少秒？

# %% predict="seconds between saved states"
{
    "answer": 12,
    "why": (
        "The smallest multiple of the batch interval that is not below 10 seconds: 4 × 3.",
        "不小于 10 秒的、批次间隔的最小整数倍：4 × 3。",
    ),
    "mistakes": {
        3: (
            "That would be every batch: safest, and dear. At least ten seconds lie between two saves.",
            "那是每个批次都保存：最安全，但代价高。两次保存之间至少相隔十秒。",
        ),
        10: ("States are saved in a batch, and 10 is no multiple of 3.", "状态在批次中保存，而 10 不是 3 的倍数。"),
        9: ("Never more often than every ten seconds.", "不会比每十秒一次更频繁。"),
        30: ("Ten batches is the rule of mapWithState (lesson 8).", "十个批次是 mapWithState 的规则（第 8 课）。"),
    },
}

# %% [markdown] lang="en"
# A shop counts the visits of its users. 50 lines come per second, each from a user who was never here before. Batches
# take 2 seconds. How many times is the function called in the batch of second 60?

# %% [markdown] lang="zh"
# 一家商店统计用户的访问次数。每秒来 50 行，每行都来自一个从未来过的用户。批次为 2 秒。在第 60 秒的批次中，函数被调用多少次？

# %% predict="calls of the batch of second 60"
{
    "answer": 3000,
    "within": 100,
    "why": (
        "50 users a second for a minute, and none has ever left. Only 100 of these calls have a new value.",
        "每秒 50 个用户，持续一分钟，没有一个离开过。其中只有 100 次调用有新值。",
    ),
    "mistakes": {
        100: (
            "That many came in this batch. What about those of the batches before?",
            "本批次来了这么多。之前批次的那些呢？",
        ),
        50: ("And those of the batches before?", "之前批次的那些呢？"),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# First the three batches of above. The table of states says for each how many keys have one, and how many were given a
# state because something came:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 先看上面的三个批次。状态表说明每个批次有多少个键有状态，以及其中多少个是因为有数据到来而得到状态的：

# %%
CLUSTER = Cluster(executors=3, cores=2)
DIRECTORY = "sim://checkpoint"


def simulated(program, load, *, until, batch=2.0, **how):
    how |= {"network": {"localhost:9999": load}, "batch": batch, "cluster": CLUSTER}
    return Simulation(program, **how, seed=SEED).run(until=until)


run = simulated(running_totals(DIRECTORY), TYPED["localhost:9999"], until=4, batch=1.0)
for row in run.states:
    print(f"batch of second {row.batch_time_ms / 1000:g}: {row.keys} keys, {row.updated} with new values")
confirm("calls of a silent batch", run.states.where(batch_time_ms=3000)[0].keys)

# %% [markdown] lang="en"
# Now the users. A batch whose states are saved runs one Spark job more: it writes them.

# %% [markdown] lang="zh"
# 再看用户。需要保存状态的批次会多运行一个 Spark 作业（job）：由它写出状态。


# %%
def new_user(random):
    return f"user-{random.randrange(10**9)}"


def visits(update=add, every=None):
    def program(ssc):
        ssc.checkpoint(DIRECTORY)
        totals = ones(ssc).updateStateByKey(update)
        if every is not None:
            totals.checkpoint(every)
        totals.foreachRDD(lambda rdd: rdd.foreach(lambda record: None))  # asks for all partitions

    return program


def saving_batches(run):
    jobs = run.jobs.column("batch_time_ms")
    return [batch.batch_time_ms // 1000 for batch in run.batches if jobs.count(batch.batch_time_ms) > 1]


saved = saving_batches(simulated(visits(), Constant(50, new_user), until=40, batch=3.0))
print("saved in the batches of second", saved)
confirm("seconds between saved states", saved[1] - saved[0])

# %%
run = simulated(visits(), Constant(50, new_user), until=63)
keys = {row.batch_time_ms: row.keys for row in run.states}
confirm("calls of the batch of second 60", keys[60_000])

print("batch of second   new   keys   processing time   of the next one, which saves")
for batch, saving in zip(run.batches[3:28:5], run.batches[4:29:5], strict=True):
    second, known = batch.batch_time_ms // 1000, keys[batch.batch_time_ms]
    times = f"{batch.processing_time_ms / 1000:>13.2f} s   {saving.processing_time_ms / 1000:>26.2f} s"
    print(f"{second:>15}   {batch.records}   {known:>4}   {times}")

# %%
run.state_figure()

# %% [markdown] lang="en"
# As many lines come in every batch, and batches take longer and longer. The top picture shows how many keys have a
# state, by partition; the third, how many of them got a new value. The work goes with the first, not with the third. (At
# the bottom are a few of the keys, and in which batches each was created, kept or removed.)
#
# So a key that is no longer needed has to go. Only your function can let it go: by returning **None**. Here a user
# is forgotten who has not come for three batches; the state counts them.

# %% [markdown] lang="zh"
# 每个批次来的行一样多，批次却越来越慢。最上面的图：有状态的键有多少个，按分区（partition）划分；第三个图：其中有新值的有多少个。
# 工作量取决于第一个图，而不是第三个。（最下面是其中几个键，以及每个键在哪些批次中被创建、保留或移除。）
#
# 所以，不再需要的键必须离开。只有你的函数能让它离开：返回 **None**。这里，连续三个批次没有来的用户会被忘掉；状态中记着这个数。


# %%
def add_or_forget(new_counts, state):
    total, silent = state or (0, 0)
    if new_counts:
        return total + sum(new_counts), 0
    return (total, silent + 1) if silent < 3 else None


run = simulated(visits(add_or_forget), Constant(50, new_user), until=63)
longest_s = max(batch.processing_time_ms for batch in run.batches if batch.processing_time_ms) / 1000
keys = run.states.where(batch_time_ms=60_000)[0].keys
print(f"keys at second 60: {keys}, longest processing time: {longest_s:.2f} s")
run.state_figure()

# %% [markdown] lang="en"
# States need not begin empty: `updateStateByKey(add, initialRDD=[("spark", 100)])`.

# %% [markdown] lang="zh"
# 状态不必从空开始：`updateStateByKey(add, initialRDD=[("spark", 100)])`。


# %%
def beginning_with_100(ssc):
    ssc.checkpoint(DIRECTORY)
    ones(ssc).updateStateByKey(add, initialRDD=[("spark", 100)]).pprint()


run = simulated(beginning_with_100, Replay([(0.9, "spark"), (1.1, "stream")]), until=3)
print(*printed_pairs(run, 2.0))

# %% [markdown] lang="en"
# ## Break it
#
# First an executor. Words come at random; at 19.3 s one of three executors dies, with the states that it
# kept.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 先是一个执行器（executor）。单词随机到来；在 19.3 秒，三个执行器中的一个死掉，它保存的状态随之消失。


# %%
def crash_of(*faults):
    return simulated(running_totals(DIRECTORY), Constant(20), until=25, faults=faults)


calm, crashed = crash_of(), crash_of(ExecutorCrash("2", at=19.3))
print(" " * 19, "undisturbed".rjust(20), "with the crash".rjust(22))
for second in (18, 20, 22, 24):
    rows = []
    for run in (calm, crashed):
        batch = run.batches.where(batch_time_ms=second * 1000)[0]
        total = sum(count for _, count in printed_pairs(run, second))
        rows.append(f"{total:>5} words in {batch.processing_time_ms / 1000:.2f} s")
    print(f"batch of second {second}:", *rows, sep="   ")

# %% [markdown] lang="en"
# Not one word is missing. The lost partitions were computed again: from the states that had been saved in the batch of
# second 10, and from the blocks of the batches since, which have copies on another executor. The batch of second 20 took
# longer for it.
#
# Now the driver, and everybody with it. Ten lines per second come until second 16, then nothing. In the batch of second
# 16 the total on the screen is 149. At 17.3 s the driver dies, at 20.3 s it is back and goes on from its checkpoint; the
# states were last saved in the batch of second 10. By how much is the total too small from then on?

# %% [markdown] lang="zh"
# 一个单词也没有少。丢失的分区被重新计算：从第 10 秒的批次保存的状态，以及此后各批次的数据块（block）算起，这些数据块在另一个执行器上有副本。
# 第 20 秒的批次因此花了更长的时间。
#
# 现在轮到驱动程序（driver），以及随它一起消失的所有进程。到第 16 秒为止每秒来十行，之后什么也没有。第 16 秒的批次在屏幕上显示总数 149。
# 17.3 秒时驱动程序死亡，20.3 秒时恢复，并从检查点继续；状态最后一次保存是在第 10 秒的批次。从此以后，总数少了多少？

# %% predict="missing after the driver's death"
{
    "answer": 60,
    "why": (
        "The states of the batches of second 12, 14 and 16 were never saved. The new driver knows how to compute them, "
        "but not from what: the blocks died with the executors. Three batches of 20 lines are gone, after they had been "
        "on the screen.",
        "第 12、14、16 秒的批次的状态从未保存。新的驱动程序知道如何计算它们，却没有数据可算：数据块已随执行器一起消失。"
        "三个批次、每批 20 行就这样没了，尽管它们曾经显示在屏幕上。",
    ),
    "mistakes": {
        0: (
            "The checkpoint of the driver is written in every batch. Are the states in it?",
            "驱动程序的检查点每个批次都会写。状态在里面吗？",
        ),
        149: ("What was saved in the batch of second 10 is still there.", "第 10 秒的批次保存的内容还在。"),
        20: (
            "That is one batch. How many were there since the states were saved?",
            "那是一个批次。保存状态之后有几个批次？",
        ),
    },
}

# %%
TEN_A_SECOND = Replay([(1 + number / 10, "spark") for number in range(149)])
DEATH = DriverCrash(at=17.3, restart_after=3)


def recovered(every=None):
    def program(ssc):
        ssc.checkpoint(DIRECTORY)
        totals = ones(ssc).updateStateByKey(add)
        if every is not None:
            totals.checkpoint(every)
        totals.pprint()

    return simulated(program, TEN_A_SECOND, until=27, faults=[DEATH], checkpoint=DIRECTORY)


run = recovered()
for second in (8, 10, 12, 14, 16, 18, 20, 22, 24, 26):
    print(f"batch of second {second:>2}:", *printed_pairs(run, second))
before, after = printed_pairs(run, 16)
confirm("missing after the driver's death", before[1] - after[1])

# %%
run.figure(start=9, end=24)

# %% [markdown] lang="en"
# The batch of second 16 ran twice: the new driver runs the batch of its checkpoint again. It printed 149 the first time
# and 89 the second. *Records lost* marks where the new driver found no copy of the blocks it needed. (The delivery report
# calls all lines processed, and they were. It does not know what a state forgot.)
#
# The remedy, for sources that cannot be read again: save the states in every batch, `totals.checkpoint(2)`.

# %% [markdown] lang="zh"
# 第 16 秒的批次运行了两次：新的驱动程序会重新运行检查点所属的批次。第一次打印 149，第二次打印 89。
# 图中的*记录丢失*标出新的驱动程序找不到所需数据块副本的时刻。（交付报告说所有行都处理过了，确实如此。它不知道状态忘掉了什么。）
#
# 对于不能重读的数据源，补救办法是每个批次都保存状态：`totals.checkpoint(2)`。

# %%
run = recovered(every=2)
print("batch of second 16:", *printed_pairs(run, 16))
print("batch of second 26:", *printed_pairs(run, 26))

# %%
run.timeline()

# %% [markdown] lang="en"
# The lines of batches that have not finished are still lost, and those in the receiver's buffer. For them there is the
# write-ahead log (lesson 15), or a source that keeps its records, such as Kafka (lesson 18).
#
# And without a directory?

# %% [markdown] lang="zh"
# 尚未完成的批次的行仍会丢失，接收器（receiver）缓冲区中的行也是。对此可以用预写日志（write-ahead log, WAL，第 15 课），
# 或者会保留记录的数据源，例如 Kafka（第 18 课）。
#
# 如果没有目录呢？


# %%
def without_directory(ssc):
    ones(ssc).updateStateByKey(add).pprint()


try:
    simulated(without_directory, TEN_A_SECOND, until=5)
except Exception as error:
    print(error)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"The function is called for the words that came."** For all that have a state, in every batch, also in one where
# nothing came. A function that returns None when there are no new values forgets every silent word. *Source: Spark's
# `StateDStream.compute` cogroups the batch with all previous states.*
#
# **"None means: nothing changes."** None means: forget the key. To change nothing, return the old state.
#
# **"With a checkpoint directory no state is lost."** The driver's checkpoint, written in every batch, holds settings and
# the graph. The states are saved as files of RDDs, at their own interval. *Source: `DStreamCheckpointData`; the
# programming guide calls the two metadata checkpointing and data checkpointing.*
#
# **"Then save states as often as possible."** It costs time in the batch that does it. The guide's advice is an interval
# of 5 to 10 batches, and Spark's own default is batch interval × ⌈10 s / batch interval⌉. See what 30 seconds of users
# cost:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“函数只对到来的单词调用。”** 它对所有有状态的单词调用，每个批次都如此，什么都没来的批次也一样。如果函数在没有新值时返回 None，
# 就会忘掉每个安静的单词。*来源：Spark 的 `StateDStream.compute` 把批次与之前的全部状态做 cogroup。*
#
# **“None 表示不变。”** None 表示：忘掉这个键。要保持不变，请返回旧状态。
#
# **“有了检查点目录就不会丢失状态。”** 驱动程序的检查点每个批次都写，内容是设置和 DStream 图。状态则以 RDD 文件的形式，按自己的间隔保存。
# *来源：`DStreamCheckpointData`；编程指南把两者分别称为 metadata checkpointing 和 data checkpointing。*
#
# **“那就尽可能频繁地保存状态。”** 保存会占用所在批次的时间。指南建议间隔为 5 到 10 个批次，Spark 自己的默认值是
# 批次间隔 × ⌈10 秒 / 批次间隔⌉。看看 30 秒的用户要花多少：

# %%
print("states saved every   mean processing time   longest")
for every in (2, 4, 10, 20):
    done = simulated(visits(every=every), Constant(50, new_user), until=33).batches.where(status="completed")
    times_s = [batch.processing_time_ms / 1000 for batch in done]
    print(f"{every:>16} s   {sum(times_s) / len(times_s):>18.2f} s   {max(times_s):>5.2f} s")

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Which keys are called, when states are saved and what a new driver can compute again follow Spark's rules. Here a key
# costs a millisecond or two per batch, whatever its state holds; on a cluster a key costs microseconds, and large states cost memory,
# serialisation and the bytes of their files. So the curve has the right shape, but bends at other numbers: expect trouble
# at hundreds of thousands of keys, not at thousands. The simulated directory never fails; HDFS has bad days.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 对哪些键调用、何时保存状态、新的驱动程序能重新算出什么，都遵循 Spark 的规则。这里每个键每个批次花一两毫秒，不管状态里是什么；
# 在集群上，一个键只花几微秒，而大的状态会花费内存、序列化和文件的字节。所以曲线的形状是对的，但拐点的数字不同：麻烦出现在几十万个键，
# 而不是几千个。模拟的目录从不出故障；HDFS 也有不顺的时候。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. A state is a list, and the function appends the new values to the old list and returns it. What goes wrong in a week?
#
# <details><summary>Answer</summary>
#
# Each state grows without end, and every batch reads and writes all of them. Keep a sum, a count, or the last few values;
# return None for keys that are done.
# </details>
#
# 2. Batches of 15 seconds. How often are states saved by default?
#
# <details><summary>Answer</summary>
#
# Every 15 seconds, in each batch: 15 is the smallest multiple of 15 that is not below 10.
# </details>
#
# 3. Two executors of three die at once. Are the totals still right?
#
# <details><summary>Answer</summary>
#
# Not if a block of a batch since the last saved states had both of its copies on these two. Then it is gone, and what it
# held is missing from the totals (or the batch fails, if its job was made before the loss).
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 状态是一个列表，函数把新值追加到旧列表并返回。一周之后会出什么问题？
#
# <details><summary>答案</summary>
#
# 每个状态无止境地增长，而每个批次都要读写全部状态。请保存总和、计数或最近的几个值；对已经结束的键返回 None。
# </details>
#
# 2. 批次为 15 秒。默认多久保存一次状态？
#
# <details><summary>答案</summary>
#
# 每 15 秒一次，即每个批次：15 是不小于 10 的、15 的最小整数倍。
# </details>
#
# 3. 三个执行器中有两个同时死掉。总数还正确吗？
#
# <details><summary>答案</summary>
#
# 如果最近一次保存状态之后，某个批次的某个数据块的两份副本恰好都在这两个执行器上，就不正确了。这个数据块没了，总数中会缺少它的内容
# （如果作业在丢失之前就已生成，则该批次失败）。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 7](../../exercises/en/ex07_running_totals.ipynb): running totals that survive the death of the driver.
# `sparksim grade 07` says how far you are. Next: lesson 8, where only the keys that come cost anything.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 7](../../exercises/zh/ex07_running_totals.ipynb)：在驱动程序死亡后仍然保住的累计总数。
# `sparksim grade 07` 会告诉你做到了哪一步。下一课是第 8 课，那里只有到来的键才有代价。
