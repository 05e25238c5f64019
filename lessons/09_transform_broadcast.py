# %% [markdown] lang="en"
# # 9. transform and broadcast: the driver has a say in every batch
#
# **The question.** Words on a blacklist are not to be counted, and the list changes while the program runs. Which piece of
# the program runs once, which in every batch, which for every record, and on which machine? When does it see the new list?
#
# *About 35 minutes. You need lessons 3 and 6.*

# %% [markdown] lang="zh"
# # 9. transform 与广播变量：驱动程序在每个批次都有发言权
#
# **问题。** 黑名单上的单词不参与统计，而名单在程序运行期间会变。程序的哪一部分只运行一次，哪一部分每个批次运行一次，
# 哪一部分对每条记录运行一次，又在哪台机器上？它何时能看到新名单？
#
# *约 35 分钟。需要第 3 课和第 6 课。*

# %%
import fsspec

from sparksim.course import confirm, lesson, live, predict
from sparksim.course.printed import printed_pairs
from sparksim.sim import Cluster, Constant, DriverCrash, Poisson, Replay, Simulation

SEED = 1
lesson("09", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  once, on the driver          each batch, on the driver        each record, on an executor
#  ─────────────────────        ──────────────────────────       ───────────────────────────
#  stream.transform(f)   ──▶    f(rdd) gives another rdd   ──▶   the functions inside f:
#  the program defines          before the batch's jobs          rdd.filter(g) calls g
#                               are submitted
# ```
#
# `map` and `filter` of a stream are limited to what a stream offers. `transform(f)` hands you the **RDD** of each batch, and
# whatever RDD `f` gives back is the batch from there on: joins with data that is no stream, sorting, sampling. `f` runs **on the
# driver, once per batch, at the moment the batch's jobs are made**. So it may look at the clock, at a file, at a database:
# it will do so again in the next batch.
#
# A **broadcast variable** is a value that the driver hands out: each executor fetches it once and keeps it, instead of
# getting it anew with every task. It never changes. Who needs another value makes another broadcast variable.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  once, on the driver          each batch, on the driver        each record, on an executor
#  ─────────────────────        ──────────────────────────       ───────────────────────────
#  stream.transform(f)   ──▶    f(rdd) gives another rdd   ──▶   the functions inside f:
#  the program defines          before the batch's jobs          rdd.filter(g) calls g
#                               are submitted
# ```
#
# 流的 `map` 和 `filter` 只能做流所提供的事。`transform(f)` 把每个批次（batch）的 **RDD** 交给你，`f` 返回的 RDD 就是此后的批次：
# 可以与不是流的数据连接，可以排序、抽样。`f` **在驱动程序（driver）上运行，每个批次一次，就在生成该批次的作业（job）的时刻**。
# 所以它可以看时钟、看文件、看数据库：下一个批次它会再看一次。
#
# **广播变量**（broadcast variable）是驱动程序分发的一个值：每个执行器（executor）取一次并保留，而不是随每个任务（task）重新得到。
# 它永远不变。谁需要别的值，就创建另一个广播变量。

# %% [markdown] lang="en"
# ## The program, live
#
# The blacklist is an RDD of pairs. A `leftOuterJoin` gives each word its entry in the list, or None; those with None stay.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 黑名单是由键值对组成的 RDD。`leftOuterJoin` 给每个单词配上它在名单中的条目，或 None；留下为 None 的。


# %%
def ones(ssc):
    words = ssc.socketTextStream("localhost", 9999).flatMap(lambda line: line.split())
    return words.map(lambda word: (word, 1))


def counted(pairs):
    pairs.reduceByKey(lambda a, b: a + b).pprint()


def without(words, rdd):
    """The pairs whose word is not among `words`: by a join."""
    listed = rdd.context.parallelize([(word, True) for word in sorted(words)])
    return rdd.leftOuterJoin(listed).filter(lambda pair: pair[1][1] is None).mapValues(lambda both: both[0])


def blacklisted(ssc):
    blacklist = ssc.sparkContext.broadcast({"$", "?", "!"})
    counted(ones(ssc).transform(lambda rdd: without(blacklist.value, rdd)))


TYPED = Replay([(0.5, "to be ? $ $"), (1.35, "that is !")])

run = live(blacklisted, network={"localhost:9999": TYPED}, batch=1.0, until=1.5)

# %% [markdown] lang="en"
# ## Predict
#
# A program with one output and one `transform(f)` runs for 13 seconds on 3 executors: six batches of 2 seconds, each with
# 10 blocks. How often is `f` called?

# %% [markdown] lang="zh"
# ## 预测
#
# 一个只有一个输出和一个 `transform(f)` 的程序在 3 个执行器上运行 13 秒：六个批次，每个 2 秒，各有 10 个数据块（block）。
# `f` 被调用几次？

# %% predict="calls of f"
{
    "answer": 6,
    "why": (
        "Once per batch, on the driver. It only says which RDD is to be computed; tasks compute it.",
        "每个批次一次，在驱动程序上。它只说明要计算哪个 RDD；由任务来计算。",
    ),
    "mistakes": {
        1: (
            "Once is how often the stream is defined. f is kept, and called for each batch.",
            "定义流只有一次。f 被保留下来，对每个批次调用。",
        ),
        60: ("Tasks run the functions inside f, not f itself.", "任务运行的是 f 里面的函数，而不是 f 本身。"),
        18: ("f runs on the driver only.", "f 只在驱动程序上运行。"),
    },
}

# %% [markdown] lang="en"
# The list is a folder, with one file for each word. *spam* is there from the start; at 7.0 s somebody adds *buy*. Every 0.1 s
# the line `buy spam now` comes. Batches take 2 seconds, and the function of `transform` reads the folder. In the batch of which
# second is a *buy* counted for the last time?

# %% [markdown] lang="zh"
# 名单是一个文件夹，每个单词一个文件。*spam* 一开始就在；7.0 秒时有人加上了 *buy*。每 0.1 秒来一行 `buy spam now`。
# 批次为 2 秒，`transform` 的函数会读这个文件夹。最后一个统计了 *buy* 的批次是第几秒的？

# %% predict="last batch with buy"
{
    "answer": 6,
    "why": (
        "The jobs of the batch of second 8 are made at second 8, with the list of that moment. So all its lines are judged "
        "by the new list, also those of 6.1 to 7.0 s, which came before it.",
        "第 8 秒的批次的作业在第 8 秒生成，用的是那一刻的名单。所以它的所有行都按新名单判断，包括在名单改变之前、6.1 到 7.0 秒到来的行。",
    ),
    "mistakes": {
        8: (
            "Some lines of this batch came before the change. But when was the folder read for it?",
            "这个批次中有些行在改变之前到来。但文件夹是什么时候为它而读的？",
        ),
        12: (
            "That is so when the list is read once, where the program defines its streams.",
            "如果名单只在程序定义流时读一次，才会这样。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors with two cores each. Three programs differ in the place where they read the list:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器，每个两个核心（core）。三个程序的区别在于在哪里读名单：

# %%
CLUSTER = Cluster(executors=3, cores=2)
FOLDER = "sim://blacklist"
FILES = {f"{FOLDER}/spam": (0.0, ""), f"{FOLDER}/buy": (7.0, "")}


def simulated(program, load, *, until=13, raises=True, **how):
    how |= {"network": {"localhost:9999": load}, "files": FILES, "batch": 2.0, "cluster": CLUSTER}
    return Simulation(program, **how, seed=SEED).run(until=until, raises=raises)


def listed_now():
    files, folder = fsspec.core.url_to_fs(FOLDER)
    return {path.rpartition("/")[2] for path in files.ls(folder, detail=False)}


def at_definition(ssc):
    words = listed_now()  # once, when the program starts
    counted(ones(ssc).filter(lambda pair: pair[0] not in words))


calls = []


def at_every_batch(ssc):
    def drop(rdd):
        words = listed_now()  # once per batch
        calls.append(sorted(words))
        return rdd.filter(lambda pair: pair[0] not in words)

    counted(ones(ssc).transform(drop))


def at_every_record(ssc):
    counted(ones(ssc).filter(lambda pair: pair[0] not in listed_now()))  # by each task, again and again


LINES = Constant(10, "buy spam now")
PROGRAMS = (at_definition, at_every_batch, at_every_record)
runs = {program.__name__: simulated(program, LINES) for program in PROGRAMS}
for name, run in runs.items():
    buys = [dict(printed_pairs(run, second)).get("buy", 0) for second in (2, 4, 6, 8, 10, 12)]
    print(f"{name:<16} counts buy:", *(f"{number:>3}" for number in buys))

# %%
confirm("calls of f", len(calls))
counts = {second: dict(printed_pairs(runs["at_every_batch"], second)) for second in (2, 4, 6, 8, 10, 12)}
confirm("last batch with buy", max(second for second, words in counts.items() if "buy" in words))
runs["at_every_batch"].figure()

# %% [markdown] lang="en"
# The first program has the list of its first moment, for months if it runs for months. The third sees the change as well, but
# each task reads the folder for **every record**, from every executor: a database would not like that. The second asks once per
# batch.
#
# What does the driver hand out? `words` is part of the function given to `rdd.filter`, and travels with every task. For a long
# list that is too much: broadcast it, **and again only when it has changed**.

# %% [markdown] lang="zh"
# 第一个程序的名单是它启动那一刻的，运行几个月就用几个月。第三个程序也能看到变化，但每个任务对**每条记录**都去读文件夹，而且来自每个执行器：
# 数据库可受不了。第二个程序每个批次只问一次。
#
# 驱动程序分发了什么？`words` 是交给 `rdd.filter` 的函数的一部分，会随每个任务传送。对于很长的名单这太多了：请广播它，
# **而且只在它变化时才重新广播**。


# %%
def newest_list(sc):
    """The broadcast variable with the list as it is now; the last one, if the list is still the same."""
    kept, words = globals().get("kept"), listed_now()
    if kept is None or kept.value != words:
        kept = globals()["kept"] = sc.broadcast(words)
        print(f"broadcast {sorted(words)}")
    return kept


def with_broadcasts(ssc):
    def drop(rdd):
        blacklist = newest_list(rdd.context)
        return rdd.filter(lambda pair: pair[0] not in blacklist.value)

    counted(ones(ssc).transform(drop))


run = simulated(with_broadcasts, LINES)
print(*(line for line in str(run.output).splitlines() if line.startswith("broadcast")), sep="\n")

# %% [markdown] lang="en"
# Twice in six batches. With a list that every executor holds, no join is needed either, and so one shuffle less:

# %% [markdown] lang="zh"
# 六个批次中两次。名单在每个执行器上都有，也就不需要连接，因而少一次 shuffle：


# %%
def by_join(ssc):
    counted(ones(ssc).transform(lambda rdd: without(listed_now(), rdd)))


print("                  stages   tasks   processing time of the batch of second 12")
for program in (by_join, with_broadcasts):
    run = simulated(program, Poisson(200, "buy spam now"))
    jobs = [job.job_id for job in run.jobs.where(batch_time_ms=12_000)]
    stages = [stage for stage in run.stages if stage.job_id in jobs]
    time_s = run.batches.where(batch_time_ms=12_000)[0].processing_time_ms / 1000
    tasks = sum(stage.tasks for stage in stages)
    print(f"{program.__name__:<15}  {len(stages):>7}   {tasks:>5}   {time_s:>13.2f} s")

# %% [markdown] lang="en"
# A join is right when the list is too long for the memory of one executor, or when it lives in an RDD anyway.
#
# `transformWith(f, other)` is the same with two streams: `f(rdd, other_rdd)` gets the RDDs of **one** batch time. All the joins
# of lesson 6 are made of it. So a blacklist that comes as a *stream* would only hold for the batch in which its words came.

# %% [markdown] lang="zh"
# 名单太长、一个执行器的内存放不下，或者它本来就在 RDD 中，这时用连接才合适。
#
# `transformWith(f, other)` 同理，只是有两个流：`f(rdd, other_rdd)` 得到**同一**批次时间的两个 RDD。第 6 课的所有连接都由它构成。
# 所以，以*流*的形式到来的黑名单，只对它的单词到来的那个批次有效。

# %% [markdown] lang="en"
# ## Break it
#
# First: too much work in `transform`. The function below counts the records, just for a log line. The count is a Spark job of
# its own, and the thread that makes the jobs of all batches waits for it.

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 首先：在 `transform` 中做太多的事。下面的函数统计记录数，只为写一行日志。这次统计本身就是一个 Spark 作业，
# 而为所有批次生成作业的线程要等它完成。


# %%
def with_a_count(ssc):
    def look(rdd):
        rdd.map(slowly).count()
        return rdd

    counted(ones(ssc).transform(look))


def slowly(pair):
    from sparksim.sim import work

    work(0.02)  # 20 ms of a core for each record
    return pair


run = simulated(with_a_count, LINES, until=17)
print("batch of second   its jobs are there   processing time")
for batch in run.batches:
    late_s = (batch.submission_ms - batch.batch_time_ms) / 1000
    took = "not done" if batch.processing_time_ms is None else f"{batch.processing_time_ms / 1000:.2f} s"
    print(f"{batch.batch_time_ms / 1000:>15g}   {late_s:>12.2f} s later   {took:>15}")

# %%
run.figure(start=5, end=14)

# %% [markdown] lang="en"
# The batches look quick, each of them, and yet results come later: the wait is before the processing, where no delay of the
# Streaming page shows it. Whatever takes long belongs in `foreachRDD`, which runs with the jobs.
#
# Second: the driver dies. The program below has a checkpoint directory, and broadcasts its list **where it defines its streams**. At
# 9.3 s the driver dies, at 11.3 s the program starts again, and runs until second 19. How many batches does the new
# driver complete?

# %% [markdown] lang="zh"
# 每个批次看起来都很快，结果却来得晚：等待发生在处理之前，Streaming 页面上的任何延迟（delay）都显示不出来。耗时的事应放在 `foreachRDD` 中，
# 它与作业一起运行。
#
# 其次：驱动程序死亡。下面的程序有检查点（checkpoint）目录，并在**定义流的地方**广播名单。9.3 秒时驱动程序死亡，
# 11.3 秒时程序重新启动，一直运行到第 19 秒。新的驱动程序完成了几个批次？

# %% predict="batches of the new driver"
{
    "answer": 0,
    "why": (
        "The checkpoint holds the functions of the streams, and in one of them a broadcast variable: only its number, not "
        "its value. The value died with the old driver; the checkpoint cannot be read, and the program does not start.",
        "检查点中有流的函数，其中一个函数里有广播变量：只有它的编号，没有它的值。值随旧的驱动程序一起消失；"
        "检查点无法读取，程序启动不了。",
    ),
    "mistakes": {
        4: (
            "The new driver would run the batches of second 12 to 18. With which value of the broadcast variable?",
            "新的驱动程序会运行第 12 到 18 秒的批次。广播变量用哪个值？",
        ),
        6: (
            "Batches that were missed would be run as well. With which value of the broadcast variable?",
            "错过的批次也会运行。但广播变量用哪个值？",
        ),
    },
}


# %%
CHECKPOINT = "sim://checkpoint"
DEATH = {"faults": [DriverCrash(at=9.3, restart_after=2)], "checkpoint": CHECKPOINT, "until": 19}


def broadcast_once(ssc):
    ssc.checkpoint(CHECKPOINT)
    blacklist = ssc.sparkContext.broadcast(listed_now())
    counted(ones(ssc).filter(lambda pair: pair[0] not in blacklist.value))


run = simulated(broadcast_once, LINES, raises=False, **DEATH)
print(run.error)
by_the_new = [batch for batch in run.batches if batch.submission_ms > 11_300 and batch.status == "completed"]
confirm("batches of the new driver", len(by_the_new))

# %% [markdown] lang="en"
# A program that asks for its broadcast variable in every batch, and makes it if it is not there, has no such trouble. That is why
# `newest_list` looks the variable up in `globals()` by its name: the function that is saved does not hold it.

# %% [markdown] lang="zh"
# 如果程序在每个批次都去取广播变量，没有就创建，就不会有这个麻烦。正因如此，`newest_list` 按名字在 `globals()` 中查找这个变量：被保存的函数本身不持有它。


# %%
def broadcast_when_needed(ssc):
    ssc.checkpoint(CHECKPOINT)
    with_broadcasts(ssc)


run = simulated(broadcast_when_needed, LINES, **DEATH)
for batch in run.batches:
    second = batch.batch_time_ms / 1000
    print(f"batch of second {second:>2g} at {batch.submission_ms / 1000:>5.2f} s: {batch.status}")
print(*(line for line in str(run.output).splitlines() if line.startswith("broadcast")), sep="\n")

# %%
run.timeline()

# %% [markdown] lang="en"
# The second driver has made its own. (The blocks of second 8 and 10 died with the executors: lesson 14. More about what can
# be in a checkpoint: lesson 21.)

# %% [markdown] lang="zh"
# 第二个驱动程序创建了自己的广播变量。（第 8 秒和第 10 秒的数据块随执行器一起消失了：见第 14 课。检查点里可以有什么：见第 21 课。）

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"What stands in `transform` runs on the cluster."** Its function runs on the driver. A `print` in it appears on the driver's
# screen, once per batch; a `print` in the function of a `map` inside it goes to the log of some executor, once per record.
# *Source: `TransformedDStream.compute` calls the function; `JobGenerator` calls `compute`.*
#
# **"foreachRDD is the same, for outputs."** Its function runs on the driver as well, but later: when the batch's turn has come, not
# when its jobs are made. If batches wait in the queue, the two see different lists. *Source: `ForEachDStream.generateJob`
# wraps the function into the job.*
#
# **"A broadcast variable is shared memory: change it, and all see the change."** It is a copy for reading. Changing the driver's
# value changes nothing on the executors. Make a new one, and use it in the next batch.
#
# **"`parallelize` and `broadcast` together, for safety."** The well-known blacklist program, as the live one above, broadcasts a
# list, takes the value back on the driver, and makes an RDD of it. The broadcast variable does nothing there: use either the join or the broadcast
# value in a `filter`.
#
# **"It runs once per batch, however many streams follow."** In PySpark, operators that follow a `transform` are fused with it: two
# outputs on the same transformed stream call the function twice per batch, unless the stream is cached. *Source: PySpark's
# `TransformedDStream`.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“写在 `transform` 里的都在集群上运行。”** 它的函数在驱动程序上运行。其中的 `print` 出现在驱动程序的屏幕上，每个批次一次；
# 它里面 `map` 的函数中的 `print` 则写到某个执行器的日志里，每条记录一次。
# *来源：`TransformedDStream.compute` 调用该函数；`JobGenerator` 调用 `compute`。*
#
# **“foreachRDD 也一样，只是用于输出。”** 它的函数也在驱动程序上运行，但更晚：轮到该批次执行时，而不是生成作业时。
# 如果批次在排队，两者看到的名单就不同。*来源：`ForEachDStream.generateJob` 把函数包装进作业。*
#
# **“广播变量是共享内存：改了它，大家都能看到。”** 它是只读的副本。改变驱动程序上的值，不会改变执行器上的任何东西。请创建新的，并在下一个批次使用。
#
# **“为保险起见，`parallelize` 和 `broadcast` 一起用。”** 那个著名的黑名单程序（上面真实运行的也是）广播了名单，又在驱动程序上取回它的值，再由它生成 RDD。
# 广播变量在那里毫无作用：要么用连接，要么在 `filter` 中使用广播的值。
#
# **“不管后面有几个流，每个批次都只运行一次。”** 在 PySpark 中，`transform` 之后的算子会与它融合：同一个变换后的流有两个输出时，
# 每个批次调用两次函数，除非该流被缓存。*来源：PySpark 的 `TransformedDStream`。*


# %%
def two_outputs(ssc):
    def look(rdd):
        calls.append("look")
        return rdd

    looked = ones(ssc).transform(look)
    counted(looked)
    looked.count().pprint()


calls.clear()
run = simulated(two_outputs, LINES)
print(f"{len(run.batches)} batches, {len(calls)} calls")

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Where and when each function runs follows PySpark, and so does the checkpoint that cannot be read. In Scala it can be read:
# there the program starts, and its tasks fail when they ask for the value. Handing out functions and broadcast variables costs
# no time here; on a cluster that is why one broadcasts at all. Reading the folder costs none either: a database that takes a
# second to answer would delay the batch by a second.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 每个函数在何处、何时运行，都遵循 PySpark，检查点无法读取这一点也是。在 Scala 中它可以读取：程序能启动，但任务在取值时失败。
# 这里分发函数和广播变量不花时间；在集群上，这正是使用广播的原因。读文件夹也不花时间：如果数据库一秒才回答，批次就会晚一秒。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches take 2 s, but wait in the queue for 20 s before they run. The list changes. `transform` reads it. How old is the list that
#    a batch uses when it runs?
#
# <details><summary>Answer</summary>
#
# About 20 s. The function ran when the batch's jobs were made. In `foreachRDD` it would have been read when the batch ran.
# </details>
#
# 2. `without` uses a `leftOuterJoin`. Somebody put a word into the list twice. Is the result wrong?
#
# <details><summary>Answer</summary>
#
# No: the word's records are doubled by the join, and all of them are dropped. With an inner join that keeps listed words,
# they would be counted twice.
# </details>
#
# 3. A `transform` function returns None when there is nothing to do. What happens?
#
# <details><summary>Answer</summary>
#
# In PySpark the batch then has no RDD, and no job for outputs that depend on it. In Scala it is an error. Return the RDD, or an
# empty one, and it is the same everywhere.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次为 2 秒，但在运行之前要排队 20 秒。名单会变，由 `transform` 来读。一个批次运行时所用的名单有多旧？
#
# <details><summary>答案</summary>
#
# 大约 20 秒。函数在生成该批次的作业时就运行了。如果放在 `foreachRDD` 中，则会在批次运行时才读。
# </details>
#
# 2. `without` 使用 `leftOuterJoin`。有人把一个单词放进名单两次。结果会错吗？
#
# <details><summary>答案</summary>
#
# 不会：连接使该单词的记录加倍，但它们全部被丢掉。如果用内连接来保留名单上的单词，它们就会被统计两次。
# </details>
#
# 3. `transform` 的函数在无事可做时返回 None。会怎样？
#
# <details><summary>答案</summary>
#
# 在 PySpark 中，该批次就没有 RDD，依赖它的输出也没有作业。在 Scala 中这是错误。返回原来的 RDD 或一个空 RDD，在哪里都一样。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 9](../../exercises/en/ex09_transform_broadcast.ipynb): a blacklist that joins, one that changes, and one that
# outlives the driver. `sparksim grade 09` says how far you are. Next: lesson 10, where batches overlap.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 9](../../exercises/zh/ex09_transform_broadcast.ipynb)：用连接实现的黑名单、会变化的黑名单，以及比驱动程序活得更久的黑名单。
# `sparksim grade 09` 会告诉你做到了哪一步。下一课是第 10 课，那里批次会重叠。
