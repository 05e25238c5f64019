# %% [markdown] lang="en"
# # 21. After recovery: what is kept in memory, what lies in files, and what a new driver does not find
#
# **The question.** A program keeps things in many places: cached data, states, broadcast variables, counters. Some of them
# an executor can lose without harm. Some come back with a new driver, some do not, and one of them makes the whole
# recovery fail. Which one? And how often should states be written to files?
#
# *About 45 minutes. You need lessons 7, 13 and 14 (states; executors and drivers that die).*

# %% [markdown] lang="zh"
# # 21. 恢复之后：什么在内存里，什么在文件里，新的驱动程序找不到什么
#
# **问题。** 一个程序把东西放在许多地方：缓存的数据、状态（state）、广播变量（broadcast variable）、计数器。有些东西丢在执行器（executor）上并无大碍；
# 有些会随新的驱动程序（driver）回来，有些不会；其中有一样会让整个恢复失败。是哪一样？状态又该多久写一次文件？
#
# *约 45 分钟。需要第 7、13、14 课（状态；会死掉的执行器和驱动程序）。*

# %%
import re
import socket
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim import SparkContext
from sparksim.course import confirm, lesson, predict
from sparksim.sim import Cluster, Constant, DriverCrash, ExecutorCrash, Replay, Simulation, work
from sparksim.streaming import StateSpec, StreamingContext
from sparksim.trace.events import OutputPrinted

SEED = 1
lesson("21", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#                        lives in              an executor dies      the driver dies
#
#  cached RDDs           executors             computed again        gone
#  states                executors             computed again        as of the last file
#  broadcast variable    driver, executors     sent again            gone, and in the way
#  accumulator           driver                may count twice       gone, begins at zero
#  streams, functions    driver                not touched           as in the checkpoint
# ```
#
# A **cached** RDD saves work. States are cached too, and from time to time **written to files**, so that they need not be
# computed from the beginning. A **broadcast variable** is a value that the driver sends to each executor once. An
# **accumulator** is a number that tasks add to and the driver reads. The last two belong to one driver; the checkpoint
# holds neither of them.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#                        lives in              an executor dies      the driver dies
#
#  cached RDDs           executors             computed again        gone
#  states                executors             computed again        as of the last file
#  broadcast variable    driver, executors     sent again            gone, and in the way
#  accumulator           driver                may count twice       gone, begins at zero
#  streams, functions    driver                not touched           as in the checkpoint
# ```
#
# **缓存**（cache）的 RDD 省去重复的工作。状态也会被缓存，并且时不时**写入文件**，这样就不必从头算起。**广播变量**是驱动程序向每个执行器只发送一次的值。
# **累加器**（accumulator）是任务（task）往上加、由驱动程序读取的数。后两者属于某一个驱动程序；检查点（checkpoint）里没有它们。

# %% [markdown] lang="en"
# ## The program, live
#
# Totals of words, without stop words (*the*, *a*). The stop words stand in a file and are broadcast. Since a broadcast
# variable belongs to one driver, nobody keeps it: `stop_words` makes it when it is first asked for, and makes it again for
# another context. The name is written as a text, in `globals()[...]`, so that the variable is not saved together with the
# function.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 统计单词的总数，停用词（*the*、*a*）除外。停用词写在文件里，并被广播。由于广播变量属于某一个驱动程序，就不要保存它：
# `stop_words` 在第一次被问到时创建它，换了上下文就重新创建。名字以文本形式写在 `globals()[...]` 里，这样变量不会随函数一起被保存。


# %%
def stop_words(sc, read):
    """The broadcast variable of this driver."""
    if globals().get("made_for") is not sc:
        words = read()
        print("stop words are read:", *words)
        globals()["made_for"], globals()["made"] = sc, sc.broadcast(set(words))
    return globals()["made"]


def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def totals(ssc, read, port=9999, every=1):
    def without_stop_words(rdd):  # runs on the driver, in each batch
        skip = stop_words(rdd.context, read)
        return rdd.filter(lambda word: word not in skip.value)

    lines = ssc.socketTextStream("localhost", port)
    words = lines.flatMap(lambda line: line.split()).transform(without_stop_words)
    counted = words.map(lambda word: (word, 1)).updateStateByKey(add)
    counted.checkpoint(every)
    return counted


# %% [markdown] lang="en"
# Two lives in one process: the context is stopped, and `getOrCreate` is called again. In the first life the file says
# *the*, and somebody types *the cat a dog*. Then *a* is added to the file. In the second life *the cat a cow* is typed.

# %% [markdown] lang="zh"
# 在一个进程里运行两次：停止上下文，再次调用 `getOrCreate`。第一次运行时文件里是 *the*，有人输入 *the cat a dog*。之后文件里添上 *a*。
# 第二次运行时输入 *the cat a cow*。

# %% [markdown] lang="en"
# ## Predict
#
# Which total of *a* does the second life end with?

# %% [markdown] lang="zh"
# ## 预测
#
# 第二次运行结束时，*a* 的总数是多少？

# %% predict="total of a"
{
    "answer": 1,
    "why": (
        "The state of a is 1, and states come back. The function that asks for the stop words comes from the checkpoint as "
        "well; but what it reads, it reads now.",
        "a 的状态是 1，而状态会回来。索取停用词的函数也来自检查点；但它读的内容是现在读的。",
    ),
    "mistakes": {
        2: (
            "So it would be if the stop words were saved with the function. They are read anew by each driver.",
            "如果停用词随函数一起保存，就会是这样。但每个驱动程序都会重新读取。",
        ),
        0: (
            "A stop word is not counted any more, but what was counted before lies in the state.",
            "停用词不再被统计，但以前统计的还在状态里。",
        ),
    },
}

# %%
BATCH_S = 0.5


def one_life(folder, listener, stop, typed, last):
    def create():
        def save(rdd):
            Path(folder, "totals").write_text(repr(dict(sorted(rdd.collect()))))

        print("create() makes a new context")
        ssc = StreamingContext(SparkContext("local[2]", "totals"), BATCH_S)
        read = Path(folder, "stop_words").read_text
        port = listener.getsockname()[1]
        totals(ssc, lambda: read().split(), port, every=BATCH_S).foreachRDD(save)
        return ssc

    Path(folder, "stop_words").write_text(stop)
    ssc = StreamingContext.getOrCreate(f"{folder}/checkpoint", create)
    ssc.start()
    with listener.accept()[0] as connection:
        connection.sendall(f"{typed}\n".encode())
        while last not in (saved := Path(folder, "totals").read_text()):
            ssc.awaitTerminationOrTimeout(0.1)
        ssc.awaitTerminationOrTimeout(3.3 * BATCH_S - time.time() % BATCH_S)  # some batches more
        ssc.stop(stopSparkContext=True, stopGraceFully=False)
    print(saved)
    return saved


with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
    Path(folder, "totals").touch()
    one_life(folder, listener, "the", "the cat a dog", "dog")
    saved = one_life(folder, listener, "the a", "the cat a cow", "cow")

confirm("total of a", int(re.search(r"'a': (\d+)", saved).group(1)))

# %% [markdown] lang="en"
# `create()` ran once, the stop words were read twice. That is the rule for all that belongs to a driver: **do not keep it,
# keep the way to make it.**

# %% [markdown] lang="zh"
# `create()` 运行了一次，停用词读取了两次。凡是属于驱动程序的东西，规则都是：**不要保存它，保存创建它的方法。**

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors, batches of 1 s; twice a second somebody types *the cat a dog*. The driver dies at 6.3 s and is back
# after 2 s.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器，批次间隔（batch interval）1 秒；每秒两次有人输入 *the cat a dog*。驱动程序在 6.3 秒死亡，2 秒后回来。

# %%
TYPED = Replay([(0.3 + number / 2, "the cat a dog") for number in range(30)])
CRASH = [DriverCrash(6.3, restart_after=2)]


def recovered(program, until=13):
    return Simulation(
        program,
        network={"localhost:9999": TYPED},
        checkpoint="sim://checkpoint",
        faults=CRASH,
        seed=SEED,
    ).run(until=until)


def lasting(ssc):
    totals(ssc, lambda: ["the", "a"]).pprint()


def show(run, seconds):
    for second in seconds:
        lines = [line for line in run.output[second].splitlines() if line and line[0] not in "-T"]
        print(f"{second:>2} s:", "  ".join(lines))


run = recovered(lasting)

# %%
show(run, [1, 2, 5, 6, 7, 8, 9, 10, 11])
printed = run.trace.of(OutputPrinted)
reads = [event.time_ms / 1000 for event in printed if event.text.startswith("stop words")]
print("the stop words were read at", *(f"{moment:.1f} s" for moment in reads))
run.figure(start=4, end=11)

# %% [markdown] lang="en"
# Batch 6 stands in the checkpoint and runs again, batches 7 and 8 are made up for; the stop words are read once more, in
# the first of these. (The lines that were typed while nobody listened are lost: lessons 14 and 15.)
#
# Now to what is kept in memory. This program has *two* outputs on one parsed stream, and an accumulator that counts how
# often `parse` runs. Ten lines come per second, batches of 2 s:

# %% [markdown] lang="zh"
# 第 6 秒的批次在检查点里，会再运行一次；第 7、8 秒的批次被补上；停用词在其中第一个批次里又读了一次。
# （没有人接听时输入的行丢失了：见第 14、15 课。）
#
# 现在来看留在内存里的东西。这个程序在一个解析过的流上有*两个*输出，还有一个累加器统计 `parse` 运行了多少次。每秒来十行，批次间隔 2 秒：


# %%
def two_outputs(*, cached):
    def define(ssc):
        parsed = ssc.sparkContext.accumulator(0)

        def parse(line):
            parsed.add(1)
            work(0.02)
            return line.split()

        def report(rdd):
            print(f"{rdd.count()} lines in this batch, parse has run {parsed.value} times")

        words = ssc.socketTextStream("localhost", 9999).map(parse)
        if cached:
            words.cache()
        words.count().pprint()
        words.filter(len).foreachRDD(report)

    return define


def counted(program, *faults):
    network = {"localhost:9999": Constant(10, "a line")}
    return Simulation(program, network=network, batch=2.0, faults=faults, seed=SEED).run(until=9)


def parses(run):
    return int(re.search(r"run (\d+) times", run.output[8]).group(1))


# %% [markdown] lang="en"
# Batch 2 has 15 lines (the first ones came before the receiver was up), the batches of seconds 4, 6 and 8 have 20 each: 75
# lines in all. Nothing fails, and nothing is cached. How often has `parse` run after batch 8?

# %% [markdown] lang="zh"
# 第 2 秒的批次（batch）有 15 行（最初几行在接收器（receiver）就绪之前到达），第 4、6、8 秒的批次各有 20 行：一共 75 行。
# 没有任何失败，也没有缓存。第 8 秒的批次之后，`parse` 运行了多少次？

# %% predict="parses"
{
    "answer": 150,
    "why": (
        "Each output operation is a job of its own and computes all that it needs, from the blocks on. Two outputs, two "
        "times parse.",
        "每个输出操作都是一个独立的作业，从数据块开始计算它所需的一切。两个输出，就解析两次。",
    ),
    "mistakes": {
        75: (
            "Once per line, if the second output could use what the first one has parsed. Where would it be kept?",
            "如果第二个输出能用上第一个解析的结果，就是每行一次。但那个结果保存在哪里？",
        ),
    },
}

# %%
plain = counted(two_outputs(cached=False))
cached = counted(two_outputs(cached=True))

# %%
confirm("parses", parses(plain))
for title, run in (("not cached", plain), ("cached", cached)):
    times = run.batches.where(status="completed").column("processing_time_ms")[1:]
    print(f"{title}: parse ran {parses(run)} times, a batch took {sum(times) / len(times):.0f} ms")

# %% [markdown] lang="en"
# `words.cache()` halves the parsing: the second job finds what the first one left. A cached stream costs memory, of course:
# on a DStream `cache()` means *serialised in memory* (`MEMORY_ONLY_SER`), one copy, and Spark drops it when no later batch
# needs it. Some streams are cached without asking: those of `updateStateByKey` and `mapWithState`, windows that are
# computed with an inverse function, and for `window()` not the window but the stream *before* it, whose batches are used
# several times.
#
# The accumulator has just been useful, to count *work*. It does not count lines: that was 75 against 150. And where
# nothing is computed twice on purpose? One executor without receiver dies while batch 4 is running:

# %% [markdown] lang="zh"
# `words.cache()` 让解析的工作量减半：第二个作业（job）用上了第一个留下的结果。缓存的流当然要占内存：对 DStream 来说，`cache()` 表示*序列化后放在内存中*
# （`MEMORY_ONLY_SER`），一份副本；没有后续批次需要时，Spark 会把它丢掉。有些流无需要求就会被缓存：`updateStateByKey` 和 `mapWithState` 的流，
# 用逆函数计算的窗口；而对 `window()`，缓存的不是窗口本身，而是它*之前*的那个流，因为它的批次会被多次使用。
#
# 累加器刚才派上了用场：它统计的是*工作*。它统计的不是行数：75 对 150。那么，如果没有任何东西被有意计算两次呢？
# 第 4 秒的批次运行时，一个没有接收器的执行器死了：

# %%
crashed = counted(two_outputs(cached=True), ExecutorCrash("other", at=4.2))
print(f"75 lines, cached, one executor died: parse ran {parses(crashed)} times")

# %% [markdown] lang="en"
# What had been cached there was computed again, and what is computed again counts again. Spark promises "exactly once" for
# accumulators only inside *actions* (`rdd.foreach(...)`), and only for tasks that are repeated within one job; not for
# `map` and `filter`. **An accumulator is for watching a program, not for its results.**

# %% [markdown] lang="zh"
# 缓存在那里的内容被重新计算，而重新计算的会再计一次。Spark 只对*行动*（action，如 `rdd.foreach(...)`）里的累加器保证“恰好一次”，
# 而且只针对同一个作业内重复的任务；对 `map` 和 `filter` 不保证。**累加器用来观察程序，不用来产生结果。**

# %% [markdown] lang="en"
# Last, states in files. If you say nothing, how often does `updateStateByKey` write its states, with batches of 3 s?

# %% [markdown] lang="zh"
# 最后，文件里的状态。如果什么都不说，批次间隔为 3 秒时，`updateStateByKey` 每隔几秒写一次状态？

# %% predict="interval"
{
    "answer": 12,
    "why": (
        "At least 10 s, and a whole number of batches: 3 s times ceil(10 / 3).",
        "至少 10 秒，而且是整数个批次：3 秒乘以 ceil(10 / 3)。",
    ),
    "mistakes": {
        3: (
            "Not in every batch: a file for each partition, each time, would be expensive.",
            "不是每个批次：每次为每个分区写一个文件，代价很大。",
        ),
        10: ("Ten seconds is the idea, but 10 is not a multiple of 3.", "想法是十秒，但 10 不是 3 的倍数。"),
        30: ("That is the rule of mapWithState: ten batches.", "那是 mapWithState 的规则：十个批次。"),
    },
}


# %%
def update(ssc):
    ssc.checkpoint("sim://checkpoint")
    pairs = ssc.socketTextStream("localhost", 9999).map(lambda word: (word, 1))
    pairs.updateStateByKey(add).count().pprint()


def with_state(ssc):
    ssc.checkpoint("sim://checkpoint")
    pairs = ssc.socketTextStream("localhost", 9999).map(lambda word: (word, 1))
    states = pairs.mapWithState(StateSpec.function(lambda word, one, state: state.update(one)))
    states.count().pprint()


def first_saved(program, batch):
    """The first batch that has one Spark job more than the first one: to write states."""
    network = {"localhost:9999": Constant(5, "word")}
    run = Simulation(program, network=network, batch=batch, seed=SEED).run(until=11.5 * batch)
    jobs = [len(run.jobs.where(batch_time_ms=each.batch_time_ms)) for each in run.batches]
    return next(run.batches[n].batch_time_ms // 1000 for n, count in enumerate(jobs) if count > jobs[0])


confirm("interval", first_saved(update, 3))
print("batch interval   updateStateByKey   mapWithState")
for batch in (1, 2, 3, 5):
    print(f"{batch:>12} s {first_saved(update, batch):>16} s {first_saved(with_state, batch):>12} s")

# %% [markdown] lang="en"
# Writing is an additional job after the batch's own, within its processing time. So rarely is cheap. But an executor that
# dies takes states with it, and these are computed again from the last files on: the longer ago, the more batches. The
# table shows both, for batches of 1 s and a crash at 38.5 s:

# %% [markdown] lang="zh"
# 写状态是批次自己的作业之后的一个额外作业，算在它的处理时间里。所以，写得少就便宜。但死掉的执行器会带走状态，这些状态要从最近的文件开始重新计算：
# 隔得越久，涉及的批次越多。下表同时显示两者，批次间隔 1 秒，38.5 秒崩溃：


# %%
def saved_every(seconds):
    def define(ssc):
        ssc.checkpoint("sim://checkpoint")
        pairs = ssc.socketTextStream("localhost", 9999).map(lambda word: (word, 1))
        states = pairs.updateStateByKey(add)
        states.checkpoint(seconds)
        states.count().pprint()

    return define


def any_word(rng):
    return f"word {rng.randrange(300)}"


print("written every   batches on average   batch 39, after the crash")
for seconds in (1, 2, 5, 10, 20):
    simulation = Simulation(
        saved_every(seconds),
        network={"localhost:9999": Constant(100, any_word)},
        cluster=Cluster(2, 3),
        faults=[ExecutorCrash("other", at=38.5)],
        seed=SEED,
    )
    run = simulation.run(until=41)
    before = run.batches.where(lambda batch: 5000 < batch.batch_time_ms <= 38_000)
    times = before.column("processing_time_ms")
    (after,) = run.batches.where(batch_time_ms=39_000)
    tasks = len(run.tasks.where(batch_time_ms=39_000))
    mean_ms = sum(times) / len(times)
    print(f"{seconds:>11} s {mean_ms:>17.0f} ms {after.processing_time_ms:>10.0f} ms, {tasks} tasks")

# %% [markdown] lang="en"
# In between lies what Spark's guide advises: every five to ten slides of the stream. `checkpoint(d)` must be a multiple of
# the slide, and it has a side effect: it also sets the storage level of the stream back to the default. Nobody has to tidy
# up: Spark keeps the ten newest checkpoints of the driver, and deletes files of states when newer ones have been written.

# %% [markdown] lang="zh"
# 中间就是 Spark 指南的建议：每五到十个滑动间隔（slide）写一次。`checkpoint(d)` 必须是滑动间隔的整数倍，而且有一个副作用：它会把流的存储级别设回默认值。
# 不需要自己清理：Spark 保留驱动程序最新的十个检查点，新的状态文件写好之后就删除旧的。

# %% [markdown] lang="en"
# ## Break it
#
# This is how most people write it the first time: the broadcast variable is made where the streams are defined. The driver
# dies at 6.3 s, as above. Does the second driver go on: yes or no?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 多数人第一次都这么写：在定义流的地方创建广播变量。驱动程序同样在 6.3 秒死亡。第二个驱动程序能继续吗：能（yes）还是不能（no）？

# %% predict="goes on"
{
    "answer": "no",
    "why": (
        "The function in the checkpoint names a variable of a driver that is dead. Reading it fails, for each of the ten "
        "files; and deleting the directory, the only way out, throws the states away.",
        "检查点里的函数提到一个属于已死驱动程序的变量。读取失败，十个文件个个如此；唯一的出路是删除目录，而那会丢掉所有状态。",
    ),
    "mistakes": {
        "yes": (
            "The first driver has no trouble at all. But what is saved of the variable: its value, or its number?",
            "第一个驱动程序一点问题都没有。但保存下来的是变量的什么：它的值，还是它的编号？",
        ),
    },
}


# %%
def captured(ssc):
    skip = ssc.sparkContext.broadcast({"the", "a"})
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    kept = words.filter(lambda word: word not in skip.value)
    states = kept.map(lambda word: (word, 1)).updateStateByKey(add)
    states.checkpoint(1)
    states.pprint()


try:
    recovered(captured)
    confirm("goes on", "yes")
except Exception as error:
    confirm("goes on", "no")
    print(re.search(r"Failed to read checkpoint", str(error)).group(), "...", end=" ")
    print(re.search(r"Broadcast\(\d+\) [^.]*\.", str(error)).group())

# %% [markdown] lang="en"
# Six good batches, and no way back. Only a test with a real restart shows it.
#
# And a result that is kept in an accumulator? Four words come every half second. Before the crash the counter said 44;
# afterwards, in batches 10, 11 and 12, eight words each are seen. What does it say in batch 12?

# %% [markdown] lang="zh"
# 六个正常的批次，然后无路可退。只有真正重启一次的测试才能发现它。
#
# 那么，把结果放在累加器里呢？每半秒来四个单词。崩溃之前计数器显示 44；之后在第 10、11、12 秒的批次里各见到八个单词。第 12 秒的批次里它显示多少？

# %% predict="counter"
{
    "answer": 24,
    "why": (
        "The accumulator was a variable of the first driver. The second one begins at zero, and says nothing about it.",
        "累加器是第一个驱动程序的变量。第二个从零开始，而且对此一声不吭。",
    ),
    "mistakes": {
        68: ("So it would be with a state. Where was the 44?", "如果是状态，就会是这样。那 44 保存在哪里？"),
    },
}


# %%
def counter(sc):
    if globals().get("counter_for") is not sc:
        globals()["counter_for"], globals()["seen"] = sc, sc.accumulator(0)
    return globals()["seen"]


def counting(ssc):
    def count(rdd):
        seen = counter(rdd.context)
        rdd.foreach(lambda word: seen.add(1))
        print(f"{seen.value} words so far")

    ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split()).foreachRDD(count)


run = recovered(counting)

# %%
show(run, [5, 6, 7, 9, 10, 11, 12])
confirm("counter", int(run.output[12].split()[0]))

# %% [markdown] lang="en"
# In batch 6 two numbers are printed, since it ran twice: 44, by the first driver, and 0 by the second, whose blocks were
# gone. With a source that can be read again (Kafka, a write-ahead log) the eight words of batch 6 would have been added
# twice, once to each counter.

# %% [markdown] lang="zh"
# 第 6 秒的批次打印了两个数，因为它运行了两次：第一个驱动程序打印 44，第二个打印 0，因为它的数据块（block）已经没了。
# 如果数据源可以重读（Kafka、预写日志），批次 6 的八个单词就会加两次：两个计数器各一次。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A checkpoint restores my program, so it restores my variables."** It restores streams, functions, settings and
# unfinished batches. Broadcast variables and accumulators are left out. *Source: programming guide, "Accumulators,
# Broadcast Variables, and Checkpoints"; Spark's `Checkpoint`.*
#
# **"The checkpoint saves the DAG and the RDDs."** Two things are called checkpoint. The driver's own comes twice per batch,
# and holds no data. RDDs are written only for streams with states and for windows with an inverse function, at their own
# interval. *Source: `JobGenerator.doCheckpoint`, `DStream.getOrCompute`.*
#
# **"The checkpoint interval is 10 seconds."** At least 10 s for `updateStateByKey` and inverse windows, but 10 *batches* for
# `mapWithState`. A program with batches of 20 s writes states every 20 s or every 200 s. *Source: `DStream.initialize`,
# `MapWithStateDStream`.*
#
# **"`window()` is cached."** The stream before it is. *Source: `WindowedDStream`.*
#
# **"I capture a plain set instead of a broadcast variable, and am safe."** It does recover; but the set is part of the
# function, and the function comes from the checkpoint: the new driver works with the old set, whatever your file says.
#
# **"To bring out a new version I restart it."** The functions in the checkpoint are the old ones (lesson 14). Stop
# gracefully, start the new version with *another* directory, and hand states over yourself: write them to a store of your
# own, and give them to the new program as `updateStateByKey(add, initialRDD=...)`. Or let both versions run side by side for
# a while, if the outputs bear it. *Source: programming guide, "Upgrading Application Code".*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“检查点能恢复我的程序，所以也能恢复我的变量。”** 它恢复的是流、函数、设置和未完成的批次，不包括广播变量和累加器。
# *来源：编程指南“Accumulators, Broadcast Variables, and Checkpoints”一节；Spark 的 `Checkpoint`。*
#
# **“检查点保存了 DAG 和 RDD。”** 有两样东西都叫检查点。驱动程序自己的检查点每个批次写两次，不含数据。只有带状态的流和使用逆函数的窗口才会把 RDD 写入文件，
# 而且按各自的间隔。*来源：`JobGenerator.doCheckpoint`、`DStream.getOrCompute`。*
#
# **“检查点间隔是 10 秒。”** 对 `updateStateByKey` 和逆函数窗口是至少 10 秒，对 `mapWithState` 却是 10 个*批次*。
# 批次间隔为 20 秒的程序，前者每 20 秒写一次状态，后者每 200 秒。*来源：`DStream.initialize`、`MapWithStateDStream`。*
#
# **“`window()` 会被缓存。”** 被缓存的是它之前的流。*来源：`WindowedDStream`。*
#
# **“我不用广播变量，直接捕获一个普通的集合，就安全了。”** 它确实能恢复；但集合是函数的一部分，而函数来自检查点：新的驱动程序用的是旧集合，不管你的文件里写着什么。
#
# **“要发布新版本，重启就行。”** 检查点里的函数是旧的（第 14 课）。请优雅地停止，让新版本使用*另一个*目录启动，并自己交接状态：
# 把状态写入你自己的存储，再通过 `updateStateByKey(add, initialRDD=...)` 交给新程序。如果输出允许，也可以让两个版本并行运行一段时间。
# *来源：编程指南“Upgrading Application Code”一节。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Here memory is never full; on a cluster a cached partition may be dropped to make room, and is then computed again, so
# that an accumulator counts again without any crash. Our files are written at a fixed price and always; on HDFS or S3 a
# small file costs as much as a large one, and many partitions make many small files. With a captured broadcast variable,
# PySpark fails much as shown here; in Scala the recovery may succeed and the first task that asks for the value fails.
# In rare cases the number of the variable belongs to another variable of the new driver, and tasks get a wrong value.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里内存永远不会满；在集群上，缓存的分区（partition）可能为了腾地方被丢弃，之后重新计算，于是即使没有崩溃，累加器也会重复计数。
# 这里写文件的价格是固定的，而且总能成功；在 HDFS 或 S3 上，小文件的代价和大文件一样，分区多，小文件就多。捕获广播变量时，PySpark 的失败与这里大致相同；
# 在 Scala 中恢复可能成功，而第一个要取值的任务失败。在少数情况下，该变量的编号恰好属于新驱动程序的另一个变量，任务就会拿到错误的值。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 4 s. How often are the states of `updateStateByKey` written, how often those of `mapWithState`?
#
# <details><summary>Answer</summary>
#
# Every 12 s (4 s times ceil(10 / 4) = 3), and every 40 s.
# </details>
#
# 2. A stream has three outputs, and parsing a line takes most of the time. What does `cache()` save, and what does it cost?
#
# <details><summary>Answer</summary>
#
# Two of three parsings. It costs the serialised records of one batch in the memory of the executors, and the time to
# serialise them.
# </details>
#
# 3. A model of a few megabytes is used in every batch and changes once a day. How does it reach the tasks?
#
# <details><summary>Answer</summary>
#
# As a broadcast variable that a function in `transform` or `foreachRDD` makes when it is needed: at the first batch of a
# driver, and again when the model has changed. Such functions run on the driver, in each batch.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次间隔 4 秒。`updateStateByKey` 的状态多久写一次？`mapWithState` 的呢？
#
# <details><summary>答案</summary>
#
# 每 12 秒一次（4 秒乘以 ceil(10 / 4) = 3）；每 40 秒一次。
# </details>
#
# 2. 一个流有三个输出，大部分时间花在解析行上。`cache()` 省下什么，代价是什么？
#
# <details><summary>答案</summary>
#
# 省下三次解析中的两次。代价是一个批次序列化后的记录要占用执行器的内存，以及序列化的时间。
# </details>
#
# 3. 一个几 MB 的模型每个批次都要用，每天更新一次。怎样把它送到任务那里？
#
# <details><summary>答案</summary>
#
# 用广播变量，由 `transform` 或 `foreachRDD` 中的函数在需要时创建：在驱动程序的第一个批次创建，模型更新后再创建一次。
# 这些函数每个批次都在驱动程序上运行。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 21](../../exercises/en/ex21_after_recovery.ipynb): work out checkpoint intervals, find in a trace which batches
# were computed again, and write a program whose broadcast variable survives its driver. Next: lesson 22, where all of this
# comes together.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 21](../../exercises/zh/ex21_after_recovery.ipynb)：算出检查点间隔，在运行记录（trace）里找出哪些批次被重新计算，
# 并写一个程序，让它的广播变量能经受驱动程序的死亡。下一课是第 22 课，一切在那里汇合。
