# %% [markdown] lang="en"
# # 8. mapWithState: only what comes costs anything
#
# **The question.** A million users have a state, and a hundred of them come in a batch. `updateStateByKey` calls its
# function a million times. Can a batch touch only the hundred? And who then notices that a user has not come for an hour?
#
# *About 35 minutes. You need lesson 7.*

# %% [markdown] lang="zh"
# # 8. mapWithState：只有到来的才有代价
#
# **问题。** 一百万个用户有状态，一个批次中来了其中一百个。`updateStateByKey` 要调用函数一百万次。一个批次能不能只处理这一百个？
# 那么，谁来发现某个用户已经一小时没有来了？
#
# *约 35 分钟。需要第 7 课。*

# %%
from tempfile import TemporaryDirectory

from sparksim.course import confirm, lesson, live, predict
from sparksim.course.printed import printed_pairs
from sparksim.sim import Cluster, Constant, DriverCrash, Replay, Simulation
from sparksim.streaming import StateSpec

SEED = 1
lesson("08", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  records of a batch        each partition keeps a map            what the function returns
#  (to, 1)  ─ f ─▶           to: 1                           ─▶    (to, 1)
#  (be, 1)  ─ f ─▶           to: 1   be: 1                   ─▶    (be, 1)
#  (to, 1)  ─ f ─▶           to: 2   be: 1                   ─▶    (to, 2)
#                            or: 5   not: 3   ...            nobody asks for these
# ```
#
# The records are shuffled by key. Each partition takes the map of states that the last batch left, and calls your function
# `f` **once for each record**, one after the other. It gets the key, the value, and a handle on the state of that key; what it
# returns goes into the resulting stream. Keys that did not come are not looked at.
#
# | `state.` | |
# |---|---|
# | `exists()` | whether the key has a state |
# | `get()`, `getOption()` | the state; without one an error, or None |
# | `update(new)` | set it |
# | `remove()` | forget the key |
# | `isTimingOut()` | whether this is the last call, for a key that was idle too long |
#
# With a **time-out**, idle keys are dropped. But to find them somebody has to look at all keys, and that is what this
# operator avoids. So it does it seldom: only in batches whose states are saved, every 10 batches by default.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  records of a batch        each partition keeps a map            what the function returns
#  (to, 1)  ─ f ─▶           to: 1                           ─▶    (to, 1)
#  (be, 1)  ─ f ─▶           to: 1   be: 1                   ─▶    (be, 1)
#  (to, 1)  ─ f ─▶           to: 2   be: 1                   ─▶    (to, 2)
#                            or: 5   not: 3   ...            nobody asks for these
# ```
#
# 记录按键 shuffle。每个分区（partition）取来上一个批次（batch）留下的状态（state）映射，**对每条记录调用一次**你的函数 `f`，一条接一条。
# 函数得到键、值，以及这个键的状态的句柄；它返回的内容进入结果流。没有到来的键根本不看。
#
# | `state.` | |
# |---|---|
# | `exists()` | 这个键是否有状态 |
# | `get()`、`getOption()` | 状态；没有状态时分别报错或返回 None |
# | `update(new)` | 设置状态 |
# | `remove()` | 忘掉这个键 |
# | `isTimingOut()` | 是否是对闲置太久的键的最后一次调用 |
#
# 如果设置了**超时**（time-out），闲置的键会被丢弃。但要找到它们，就得有人看遍所有的键，而这正是该算子要避免的。
# 所以它很少这样做：只在保存状态的批次中进行，默认每 10 个批次一次。

# %% [markdown] lang="en"
# ## The program, live
#
# PySpark has no `mapWithState`: on Spark itself you write this in Scala or Java. Here it is spelled as in the Java API:
# `StateSpec.function(f)`, refined by `.initialState(pairs)`, `.numPartitions(n)` and `.timeout(seconds)`. The function is
# `f(key, value, state)` or `f(batch_time, key, value, state)`; of the second form, None is left out of the stream.
#
# To see a time-out within seconds, the states are saved in every batch (`checkpoint(1)`), and a word is dropped that has been
# idle for more than 1 second: from the batch in which it last came to the batch that looks.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# PySpark 没有 `mapWithState`：在 Spark 上要用 Scala 或 Java 来写。这里的写法与 Java API 相同：`StateSpec.function(f)`，
# 再用 `.initialState(pairs)`、`.numPartitions(n)` 和 `.timeout(seconds)` 补充。函数是 `f(key, value, state)` 或
# `f(batch_time, key, value, state)`；第二种形式返回的 None 不进入结果流。
#
# 为了几秒钟之内看到超时，状态在每个批次都保存（`checkpoint(1)`），闲置超过 1 秒的单词就被丢弃：闲置时间从它最后一次到来的批次，
# 算到进行检查的批次。


# %%
def count(word, one, total):
    if total.isTimingOut():
        return word, f"dropped at {total.get()}"
    total.update((total.getOption() or 0) + one)
    return word, total.get()


def ones(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))


def counting(directory, spec, every=None):
    def program(ssc):
        ssc.sparkContext.setLogLevel("ERROR")  # no warnings: a graceful stop writes some about its log
        ssc.checkpoint(directory)
        totals = ones(ssc).mapWithState(spec)
        if every is not None:
            totals.checkpoint(every)
        totals.pprint(30)

    return program


TYPED = Replay([(0.5, "to be or not to be"), (1.5, "to")])

with TemporaryDirectory() as directory:
    program = counting(directory, StateSpec.function(count).timeout(1), every=1)
    run = live(program, network={"localhost:9999": TYPED}, batch=1.0, until=2.5)

# %% [markdown] lang="en"
# ## Predict
#
# In the first batch, *to* came twice: `('to', 1)` and `('to', 2)`. Now a batch of 40 records holds 8 different words. How
# many records does the stream that `mapWithState` returns have in this batch?

# %% [markdown] lang="zh"
# ## 预测
#
# 在第一个批次中，*to* 来了两次：`('to', 1)` 和 `('to', 2)`。现在一个批次有 40 条记录，包含 8 个不同的单词。
# `mapWithState` 返回的流在这个批次中有多少条记录？

# %% predict="records returned"
{
    "answer": 40,
    "why": (
        "The function is called once per record, and each call returns something.",
        "函数对每条记录调用一次，每次调用都返回一个结果。",
    ),
    "mistakes": {
        8: (
            "That would be one per key, as with updateStateByKey. Nothing merges the records of a key before the call.",
            "那是每个键一条，就像 updateStateByKey。调用之前，没有什么会合并同一个键的记录。",
        ),
    },
}

# %% [markdown] lang="en"
# Batches of 2 seconds, a time-out of 10 seconds, everything else by default. A word comes at 8.9 s, in the batch of second
# 10, and never again. In the batch of which second is it dropped?

# %% [markdown] lang="zh"
# 批次为 2 秒，超时为 10 秒，其他都用默认值。一个单词在 8.9 秒到来，属于第 10 秒的批次，此后再没有来。它在第几秒的批次中被丢弃？

# %% predict="dropped in the batch of second"
{
    "answer": 40,
    "why": (
        "Only the batches of second 20, 40, 60 look at all keys. At 20 the word has been idle for exactly 10 s, and that "
        "is not more than 10 s. So it stays until 40: idle for 30 s, with a time-out of 10.",
        "只有第 20、40、60 秒的批次会看遍所有的键。在第 20 秒，这个单词正好闲置了 10 秒，并不多于 10 秒。"
        "所以它一直留到第 40 秒：闲置了 30 秒，而超时是 10 秒。",
    ),
    "mistakes": {
        20: (
            "That batch looks at all keys. But is 10 s longer than 10 s?",
            "那个批次会看遍所有的键。但 10 秒比 10 秒更久吗？",
        ),
        22: (
            "By then it has been idle for more than 10 s. Does this batch look at keys that did not come?",
            "那时它已闲置超过 10 秒。但这个批次会看没有到来的键吗？",
        ),
        30: ("States are saved every 10 batches, not every 10 seconds.", "状态每 10 个批次保存一次，而不是每 10 秒。"),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors with two cores each. First the 40 records:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器（executor），每个两个核心（core）。先看那 40 条记录：

# %%
CLUSTER = Cluster(executors=3, cores=2)
DIRECTORY = "sim://checkpoint"


def simulated(program, load, *, until, **how):
    how |= {"network": {"localhost:9999": load}, "batch": 2.0, "cluster": CLUSTER}
    return Simulation(program, **how, seed=SEED).run(until=until)


def how_many(ssc):
    ssc.checkpoint(DIRECTORY)
    ones(ssc).mapWithState(StateSpec.function(count)).count().pprint()


EIGHT = "spark stream batch block task stage driver state"
run = simulated(how_many, Replay([(2.5 + number / 10, EIGHT) for number in range(5)]), until=5)
confirm("records returned", int(run.output[4.0].splitlines()[3]))

# %% [markdown] lang="en"
# Now three words: *early* comes at 2.9 s, *late* at 8.9 s, *often* every 4 seconds until 31 s.

# %% [markdown] lang="zh"
# 再看三个单词：*early* 在 2.9 秒到来，*late* 在 8.9 秒到来，*often* 每 4 秒来一次，直到 31 秒。

# %%
WORDS = Replay(sorted([(2.9, "early"), (8.9, "late"), *((float(at), "often") for at in range(3, 32, 4))]))

run = simulated(counting(DIRECTORY, StateSpec.function(count).timeout(10)), WORDS, until=63)
for second in run.output.batches:
    if pairs := printed_pairs(run, second):
        print(f"batch of second {second:g}:", *pairs)
drops = [second for second in run.output.batches if ("late", "dropped at 1") in printed_pairs(run, second)]
confirm("dropped in the batch of second", drops[0])

# %% [markdown] lang="en"
# *early* was idle for 16 s, *late* for 30 s, *often* for 28 s. A time-out of 10 s says: **not before** 10 s, and at one of the
# batches that look. How late it can be is decided by the interval at which states are saved: with `checkpoint(2)` each
# batch looks, and each batch costs as much as there are keys.
#
# Now the price. 50 users per second come, each for the first time, as in lesson 7:

# %% [markdown] lang="zh"
# *early* 闲置了 16 秒，*late* 闲置了 30 秒，*often* 闲置了 28 秒。10 秒的超时表示：**不早于** 10 秒，并且在某个会检查的批次中。
# 最晚到什么时候，由保存状态的间隔决定：用 `checkpoint(2)` 时每个批次都检查，每个批次的代价也就取决于键的总数。
#
# 现在看代价。每秒来 50 个用户，每个都是第一次来，与第 7 课一样：


# %%
def new_user(random):
    return f"user-{random.randrange(10**9)}"


def compute(rdd):
    rdd.foreach(lambda record: None)


def all_keys(ssc):
    ssc.checkpoint(DIRECTORY)
    ones(ssc).updateStateByKey(lambda new, total: sum(new) + (total or 0)).foreachRDD(compute)


def touched_keys(spec):
    def program(ssc):
        ssc.checkpoint(DIRECTORY)
        ones(ssc).mapWithState(spec).foreachRDD(compute)

    return program


users = {
    "updateStateByKey": all_keys,
    "mapWithState": touched_keys(StateSpec.function(count)),
    "with a time-out": touched_keys(StateSpec.function(count).timeout(10)),
}
SECONDS = (8, 38, 58, 60)
print("processing time of the batch of second", *(f"{second:>8}" for second in SECONDS), "     keys at 58 s")
for name, program in users.items():
    run = simulated(program, Constant(50, new_user), until=63)
    keys = run.states.where(batch_time_ms=58_000)[0].keys
    batches = [run.batches.where(batch_time_ms=second * 1000)[0] for second in SECONDS]
    times = [f"{batch.processing_time_ms / 1000:>6.2f} s" for batch in batches]
    print(f"{name:>38}", *times, f"{keys:>17}")

# %%
run.state_figure()

# %% [markdown] lang="en"
# With `updateStateByKey` a batch takes the longer the more keys there are; with `mapWithState` it does not. The batch of
# second 60 saves the states as well. The picture of the third program is a saw: keys gather for 20 seconds, then the idle
# ones go, all at once.
#
# The result of `mapWithState` holds what the function returned for the records that came. Whoever needs **all** states asks
# for `totals.stateSnapshots()`: every (key, state), in every batch, and so a batch costs as much as there are keys again.

# %% [markdown] lang="zh"
# 用 `updateStateByKey` 时，键越多批次越慢；用 `mapWithState` 则不会。第 60 秒的批次还要保存状态。
# 第三个程序的图形像锯齿一样：键积累 20 秒，然后闲置的键一下子全部离开。
#
# `mapWithState` 的结果只包含函数对到来的记录返回的内容。谁需要**全部**状态，就用 `totals.stateSnapshots()`：每个批次都给出每个
# (key, state)，于是一个批次的代价又取决于键的总数。


# %%
def both(ssc):
    ssc.checkpoint(DIRECTORY)
    spec = StateSpec.function(count).initialState([("spark", 100)]).numPartitions(2)
    totals = ones(ssc).mapWithState(spec)
    totals.pprint()
    totals.stateSnapshots().pprint()


run = simulated(both, Replay([(0.9, "to be"), (2.5, "to")]), until=5)
print(run.output[4.0])

# %% [markdown] lang="en"
# ## Break it
#
# Somebody forgets to ask `isTimingOut()`, and updates the state in the last call as well. A word comes at 2.9 s and never
# again; another comes in every batch. Batches of 2 s, a time-out of 10 s. How many of the 16 batches from second 2 to 32
# fail?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 有人忘了问 `isTimingOut()`，在最后一次调用中也更新状态。一个单词在 2.9 秒到来，此后再没有来；另一个单词每个批次都来。
# 批次为 2 秒，超时为 10 秒。从第 2 秒到第 32 秒的 16 个批次中，有几个失败？

# %% predict="failed batches"
{
    "answer": 7,
    "why": (
        "In the batch of second 20 the first word times out, and update raises. The states of this batch do not exist "
        "then, and every later batch needs them: it computes them again, and fails in the same way.",
        "在第 20 秒的批次中，第一个单词超时，update 抛出错误。于是这个批次的状态不存在，而之后的每个批次都需要它们："
        "重新计算它们，然后以同样的方式失败。",
    ),
    "mistakes": {
        1: (
            "The batch of second 20 fails. From which states does the batch of second 22 begin?",
            "第 20 秒的批次失败。第 22 秒的批次从哪些状态开始？",
        ),
        0: (
            "The state of a key that is timing out can no longer be updated: that is an error.",
            "正在超时的键的状态不能再更新：那是一个错误。",
        ),
        16: ("Until the first time-out all is well.", "第一次超时之前一切正常。"),
    },
}


# %%
def careless(word, one, total):
    total.update((total.getOption() or 0) + (one or 0))
    return word, total.get()


words = Replay(sorted([(2.9, "early"), *((at + 0.5, "often") for at in range(1, 32, 2))]))
run = simulated(counting(DIRECTORY, StateSpec.function(careless).timeout(10)), words, until=33)
for batch in run.batches[7:13]:
    second = batch.batch_time_ms // 1000
    print(f"batch of second {second}:", "failed" if batch.failed else printed_pairs(run, second))
confirm("failed batches", len(run.batches.where(failed=True)))
next(task.message for task in run.tasks if task.reason == "ExceptionFailure").splitlines()[-1]

# %%
run.figure(start=17, end=26)

# %% [markdown] lang="en"
# The application does not stop. It goes on receiving, and fails once per batch from then on, for ever. (In a Spark program
# `awaitTermination` throws; whether that ends the process is up to you.)
#
# And the driver? It dies at 17.3 s, and is back at 20.3 s. Ten lines per second came until second 16. States are saved every
# 20 seconds here, and not one of these moments has come:

# %% [markdown] lang="zh"
# 应用程序不会停止。它继续接收数据，从此每个批次失败一次，永远如此。（在 Spark 程序中 `awaitTermination` 会抛出错误；
# 是否因此结束进程由你决定。）
#
# 那么驱动程序（driver）呢？它在 17.3 秒死亡，20.3 秒恢复。到第 16 秒为止每秒来十行。这里状态每 20 秒保存一次，而这样的时刻一个都还没有到：

# %%
TEN_A_SECOND = Replay([(1 + number / 10, "spark") for number in range(149)] + [(25.0, "spark")])
for every in (None, 2):
    program = counting(DIRECTORY, StateSpec.function(count), every)
    fault = DriverCrash(at=17.3, restart_after=3)
    run = simulated(program, TEN_A_SECOND, until=27, faults=[fault], checkpoint=DIRECTORY)
    totals = [max(total for _, total in printed_pairs(run, second)) for second in (14, 26)]
    saved = "by default" if every is None else f"every {every} s"
    print(f"states saved {saved:<10}  total at second 14: {totals[0]}, at second 26: {totals[1]}")

# %% [markdown] lang="en"
# The line that comes at 25 s should be number 150. With ten batches between two saved states, more is lost than with
# `updateStateByKey`: here all of it.

# %% [markdown] lang="zh"
# 25 秒到来的那一行应当是第 150 行。两次保存之间隔了十个批次，丢失的比 `updateStateByKey` 更多：这里是全部。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A key is removed as soon as it has been idle for longer than the time-out."** It is removed in the next batch that looks at
# all keys, every ten batches, and only if it was last touched *before* batch time − time-out. A course example with batches
# of 2 s and a time-out of 10 s really keeps idle keys for up to 30 s. *Source: `MapWithStateRDD.checkpoint` sets the full
# scan; `OpenHashMapBasedStateMap.getByTime` compares with `<`.*
#
# **"mapWithState works by key, so it has merged the values of a key."** It calls the function once per record and returns once
# per record. To merge first, put `reduceByKey` before it. *Source: `MapWithStateRDDRecord.updateRecordWithData`.*
#
# **"A key whose time-out has passed is dropped, even if it comes in the very batch that looks."** Its record is handled first and
# touches it, so it stays.
#
# **"It needs no checkpoint directory, because it writes little."** It needs one, as `updateStateByKey` does. *Source:
# `InternalMapWithStateDStream.mustCheckpoint`.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“键闲置超过超时时间就会被移除。”** 它会在下一个看遍所有键的批次中被移除，每十个批次一次，而且必须最后一次被触及的时间*早于*
# 批次时间 − 超时。某课程的例子中批次为 2 秒、超时为 10 秒，闲置的键实际上最多会保留 30 秒。
# *来源：`MapWithStateRDD.checkpoint` 设置全量扫描；`OpenHashMapBasedStateMap.getByTime` 用 `<` 比较。*
#
# **“mapWithState 按键工作，所以顺带合并了同一个键的值。”** 它对每条记录调用一次函数，每条记录返回一次。要先合并，请在前面加上 `reduceByKey`。
# *来源：`MapWithStateRDDRecord.updateRecordWithData`。*
#
# **“键过了超时时间就会被丢弃，即使它恰好在检查的那个批次中到来。”** 它的记录先被处理，键刚刚被触及，所以会留下。
#
# **“它写得很少，所以不需要检查点（checkpoint）目录。”** 需要，与 `updateStateByKey` 一样。*来源：`InternalMapWithStateDStream.mustCheckpoint`。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# When the function is called, with what, and when keys time out follow Spark's rules. What is charged differs: here a
# touched record costs 1 ms and an untouched key nothing, not even in a full scan or in `stateSnapshots()`, only where the
# states are written. On a cluster all of these cost time, and the states stay in memory as objects, which the garbage
# collector has to look through. Functions travel as PySpark's do, though PySpark has no such operator.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 何时调用函数、参数是什么、键何时超时，都遵循 Spark 的规则。代价则不同：这里被触及的记录花 1 毫秒，没有触及的键不花时间，即使在全量扫描或
# `stateSnapshots()` 中也是如此，只有写出状态时才计费。在集群上这些都要花时间，而且状态作为对象留在内存中，垃圾回收器必须扫描它们。
# 函数像 PySpark 那样序列化传送，尽管 PySpark 没有这个算子。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 1 minute, a time-out of 5 minutes, nothing else said. How long may an idle key stay?
#
# <details><summary>Answer</summary>
#
# Up to 15 minutes. Every tenth batch looks. A key that has been idle for exactly 5 minutes then is not dropped, and waits
# for the next look, 10 minutes later.
# </details>
#
# 2. The function returns `(word, total)` for each record, and the next step writes each pair to a database. Which total does
#    the database hold after a batch in which a word came three times?
#
# <details><summary>Answer</summary>
#
# Three pairs are written, one after the other if they are in one partition in order; the last one is right. To write once,
# put `reduceByKey` before `mapWithState`.
# </details>
#
# 3. A program needs the ten largest of all totals in every batch. Which operator?
#
# <details><summary>Answer</summary>
#
# `updateStateByKey`, or `mapWithState` with `stateSnapshots()`: both look at all keys in every batch. What is asked for
# costs that much; only whoever asks for what has changed gets it cheaper.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次为 1 分钟，超时为 5 分钟，其他都用默认值。闲置的键最多能留多久？
#
# <details><summary>答案</summary>
#
# 最多 15 分钟。每十个批次检查一次。检查时正好闲置 5 分钟的键不会被丢弃，要等到 10 分钟之后的下一次检查。
# </details>
#
# 2. 函数对每条记录返回 `(word, total)`，下一步把每个键值对写入数据库。一个单词在某批次中来了三次，之后数据库里是哪个总数？
#
# <details><summary>答案</summary>
#
# 会写三次；如果它们在同一分区中按顺序写入，最后一个是正确的。要只写一次，请在 `mapWithState` 之前加上 `reduceByKey`。
# </details>
#
# 3. 程序在每个批次都需要所有总数中最大的十个。用哪个算子？
#
# <details><summary>答案</summary>
#
# `updateStateByKey`，或者 `mapWithState` 加上 `stateSnapshots()`：两者每个批次都看遍所有的键。这个要求本身就有这样的代价；
# 只有只问变化的人才能便宜一些。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 8](../../exercises/en/ex08_map_with_state.ipynb): alarms after three failures, duplicates, and sessions that end.
# `sparksim grade 08` says how far you are. Next: lesson 9, where the driver has a say in every batch.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 8](../../exercises/zh/ex08_map_with_state.ipynb)：三次失败后的警报、去重，以及会结束的会话。
# `sparksim grade 08` 会告诉你做到了哪一步。下一课是第 9 课，那里驱动程序在每个批次都有发言权。
