# %% [markdown] lang="en"
# # 13. An executor dies: what runs again, what is computed again, what is gone
#
# **The question.** A machine of the cluster is gone, in the middle of a batch. It had tasks that were running, blocks that
# were waiting, states of earlier batches, perhaps the receiver. What of all this comes back, and from where?
#
# *About 40 minutes. You need lessons 3 (blocks and tasks) and 7 (states).*

# %% [markdown] lang="zh"
# # 13. 执行器死亡：什么会重新运行，什么会重新计算，什么永远消失
#
# **问题。** 集群中的一台机器在某个批次（batch）运行到一半时没了。它上面有正在运行的任务（task）、正在等待的数据块（block）、
# 之前批次的状态（state），也许还有接收器（receiver）。这些东西中哪些会回来？从哪里回来？
#
# *约 40 分钟。需要第 3 课（数据块与任务）和第 7 课（状态）。*

# %%
from ast import literal_eval
from collections import Counter

from sparksim import StorageLevel
from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import Cluster, Constant, ExecutorCrash, Replay, Simulation

SEED = 1
lesson("13", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  an executor is a process. With it go       and this is where they come back from
#
#  running tasks               ─────▶  the driver starts each again elsewhere, 4 attempts in all
#  shuffle files, cached data  ─────▶  computed again, from what they were made of
#  states                      ─────▶  computed again, since the last checkpoint of the states
#  received blocks             ─────▶  a copy on another executor, if there is one
#  the receiver                ─────▶  the driver starts another one elsewhere, at once
#  its buffer                  ─────▶  nowhere
# ```
#
# The driver lives on, and it knows from what everything was made. All that Spark computes it can compute again: an RDD
# knows from what it was made (its *lineage*). A received block was made from nothing else. It stands at the beginning of every lineage, and **the only protection of a block is a second
# copy**. That is what the `_2` in the name of a storage level asks for.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  执行器是一个进程。随它消失的        从哪里回来
#
#  正在运行的任务            ─────▶  驱动程序在别处重新启动，一共尝试 4 次
#  shuffle 文件、缓存的数据  ─────▶  由它们的来源重新计算
#  状态                      ─────▶  从状态的最近一次检查点开始重新计算
#  收到的数据块              ─────▶  另一个执行器上的副本，如果有的话
#  接收器                    ─────▶  驱动程序立即在别处另起一个
#  接收器的缓冲区            ─────▶  无处可寻
# ```
#
# 执行器（executor）死去，驱动程序（driver）还在，它记得每样东西由什么得来。凡是 Spark 算出来的，它都能再算一遍：每个 RDD 都知道自己由什么得来，即它的*血统*（lineage）。而收到的数据块不是由别的东西算出来的，
# 它站在每条血统的起点，**数据块唯一的保护就是第二份副本**（replica）。存储级别（storage level）名字里的 `_2` 要的就是它。

# %% [markdown] lang="en"
# ## The program, live
#
# The program names the storage level of its blocks: two copies, in memory, on disk where memory is full. (That is also
# the default of `socketTextStream`.) It runs in local mode: one process is the driver and the only executor.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 程序指定了数据块的存储级别：两份副本，放在内存中，内存满了就放磁盘。（这也是 `socketTextStream` 的默认级别。）
# 它以本地模式运行：同一个进程既是驱动程序，又是唯一的执行器。


# %%
def word_count(level):
    def count_words(ssc):
        lines = ssc.socketTextStream("localhost", 9999, level)
        pairs = lines.flatMap(lambda line: line.split()).map(lambda word: (word, 1))
        pairs.reduceByKey(lambda a, b: a + b).pprint()

    return count_words


TWO_COPIES, ONE_COPY = StorageLevel.MEMORY_AND_DISK_2, StorageLevel.MEMORY_AND_DISK
typed = [(0.4, "to be"), (0.6, "or not to be"), (1.45, "that is")]

alone = live(word_count(TWO_COPIES), network={"localhost:9999": Replay(typed)}, batch=1.0, until=2.5)

# %% [markdown] lang="en"
# ## Predict
#
# The program that you have just seen asked for two copies of each block, and had one executor. How many copies did each
# block get?

# %% [markdown] lang="zh"
# ## 预测
#
# 刚才的程序要求每个数据块有两份副本，但只有一个执行器。每个数据块得到了几份？

# %% predict="copies"
{
    "answer": 1,
    "why": (
        "A second copy needs a second executor. Spark stores what it can, writes a warning into a log, and goes on as if "
        "all were well.",
        "第二份副本需要第二个执行器。Spark 能存几份就存几份，在日志里写一条警告，然后若无其事地继续。",
    ),
    "mistakes": {
        2: (
            "Two copies in one process would die together; Spark makes none of that kind.",
            "同一个进程里的两份副本会一起消失；Spark 不做这样的副本。",
        ),
        0: ("That would be a block that is not stored at all.", "那就等于根本没有存储这个数据块。"),
    },
}

# %%
print("holders of its blocks:", sorted({block.holders for block in alone.blocks}))
confirm("copies", max(len(block.holders) for block in alone.blocks))

# %% [markdown] lang="en"
# Now on three executors: an executor dies 50 ms after batch 8 (the batch of second 8) has started, with tasks in the
# middle of their work. When one of its tasks is started again, and fails again, and again: how many attempts does a
# task get in all, before its batch is given up?

# %% [markdown] lang="zh"
# 现在是三个执行器：第 8 秒的批次开始 50 毫秒后，一个执行器死了，它的任务正做到一半。如果其中一个任务重新启动后再次失败，
# 又一次失败：在放弃整个批次之前，一个任务一共会尝试几次？

# %% predict="attempts"
{
    "answer": 4,
    "why": (
        "spark.task.maxFailures is 4, and the attempt that died with its executor counts as a failure like any other.",
        "spark.task.maxFailures 是 4，而随执行器一起死掉的那次尝试也算一次失败。",
    ),
    "mistakes": {
        1: (
            "So it is in local mode: local[n] gives up at the first failure. This is a cluster.",
            "本地模式才是这样：local[n] 第一次失败就放弃。这里是集群。",
        ),
        3: (
            "And the first attempt, the one that died with its executor?",
            "那么随执行器一起死掉的第一次尝试呢？",
        ),
        5: (
            "Four failures end it. They are not four repetitions after the first.",
            "四次失败就结束，而不是第一次之后再重复四次。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Fifty lines a second, batches of 2 s, three executors. First an executor *without* receiver dies, at 8.05 s.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 每秒五十行，批次间隔（batch interval）2 秒，三个执行器。首先，一个*没有*接收器的执行器在 8.05 秒死亡。


# %%
def letter(rng):
    return rng.choice("abcdefgh")


def simulated(program, *faults, until=15, conf=None, rate=50):
    return Simulation(
        program,
        network={"localhost:9999": Constant(rate, letter)},
        batch=2.0,
        cluster=Cluster(executors=3, cores=2),
        faults=faults,
        conf=conf,
        seed=SEED,
    ).run(until=until)


def show_attempts(run, index, second=8):
    for task in run.tasks.where(batch_time_ms=second * 1000, kind="ShuffleMapTask", index=index):
        times = f"{task.start_ms / 1000:.2f} to {task.end_ms / 1000:.2f} s"
        print(f"attempt {task.attempt + 1} on executor {task.executor_id}, {times}: {task.reason}")


calm = simulated(word_count(TWO_COPIES))
run = simulated(word_count(TWO_COPIES), ExecutorCrash("other", at=8.05))
show_attempts(run, index=0)
for title, each in (("without the crash", calm), ("with it", run)):
    processing_ms, lost = each.batches[3].processing_time_ms, each.delivery.count("lost")
    print(f"{title}: batch 8 took {processing_ms:.0f} ms, and {lost} lines were lost")
run.figure(start=7.5, end=9)

# %% [markdown] lang="en"
# The executor dies at 8.05, and the driver knows at 8.15: the connection is broken. At once it starts the lost tasks
# elsewhere, on the other copies of their blocks. The batch takes a little longer; the answer is the same. (The
# lines that are lost in both runs were sent before the receiver was up.)
#
# Now the executor *with* the receiver, at 7.3 s.

# %% [markdown] lang="zh"
# 执行器在 8.05 秒死亡，驱动程序在 8.15 秒得知：连接断了。它立即在别处重新启动失去的任务，使用数据块的另一份副本。
# 批次多花一点时间，结果相同。（两次运行中都丢失的行，是在接收器就绪之前发出的。）
#
# 现在轮到*有*接收器的执行器，在 7.3 秒死亡。

# %%
run = simulated(word_count(TWO_COPIES), ExecutorCrash("receiver", at=7.3))
first, second = run.receivers
print(f"the driver hears of the death at {run.executors[2].removed_ms / 1000} s")
print(f"a new receiver starts at {second.started_ms / 1000} s on executor {second.executor_id}")
run.delivery

# %% [markdown] lang="en"
# A receiver is a task of its own job. When its executor is lost, the driver makes a new job for it and picks a new
# executor, without waiting. Lost is what lay in the buffer, and what was sent while nobody listened. The blocks are all
# there: their second copies lie on other executors.
#
# And states? A state lies in the memory of the executor that computed it. The next program keeps totals since its start; an
# executor that holds some of them dies *between* two batches, at 8.9 s.

# %% [markdown] lang="zh"
# 接收器是它自己那个作业（job）的任务。失去它所在的执行器时，驱动程序为它建立一个新作业、挑选新的执行器，不做任何等待。
# 丢失的是缓冲区里的内容，以及没有人接听时发出的行。数据块都还在：第二份副本在别的执行器上。
#
# 那么状态呢？状态在算出它的执行器的内存里。下一个程序保存从启动以来的总数；保存着其中一部分的执行器在两个批次*之间*、8.9 秒时死亡。


# %%
def add(new_counts, total):
    return sum(new_counts) + (total or 0)


def running_totals(level):
    def count_letters(ssc):
        ssc.checkpoint("sim://checkpoint")
        lines = ssc.socketTextStream("localhost", 9999, level)
        lines.map(lambda line: (line, 1)).updateStateByKey(add).pprint()

    return count_letters


def totals(run, second):
    printed = run.output[second].splitlines()
    return dict(literal_eval(line) for line in printed if line.startswith("("))


calm = simulated(running_totals(TWO_COPIES), until=17)
run = simulated(running_totals(TWO_COPIES), ExecutorCrash("other", at=8.9), until=17)
for title, each in (("calm", calm), ("with the crash", run)):
    tasks = each.tasks.where(batch_time_ms=10_000, kind="ShuffleMapTask")
    print(f"{title}: {len(tasks)} map tasks in batch 10, totals at 16 s:")
    print(sorted(totals(each, 16).items()))

# %% [markdown] lang="en"
# The totals are the same. Batch 10 had more map tasks: beside its own ten, those of earlier batches whose results had died
# with the executor. They read the *blocks of those batches* once more. For that Spark keeps the blocks longer than their
# batch: for twice the interval at which the states are written to the checkpoint directory, here 20 s. A state that was
# written there in the meantime needs no older block.

# %% [markdown] lang="zh"
# 总数相同。批次 10 的 map 任务更多：除了它自己的十个，还有之前批次中结果随执行器死去的那些。它们又读了一遍*那些批次的数据块*。
# 为此，Spark 在批次结束之后仍然保留数据块：保留时间是状态写入检查点（checkpoint）目录的间隔的两倍，这里是 20 秒。
# 这期间写入的状态，不再需要更早的数据块。

# %% [markdown] lang="en"
# ## Break it
#
# Save memory: one copy of each block. The executor with the receiver dies again at 7.3 s, when the blocks of batch 8 lie
# there and wait. How many batches of the word count fail?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 节省内存：每个数据块只存一份。有接收器的执行器又在 7.3 秒死亡，此时批次 8 的数据块正放在它上面等待。词数统计有多少个批次失败？

# %% predict="failed before"
{
    "answer": 0,
    "why": (
        "When the driver makes the job of batch 8, it leaves out the blocks that nobody holds any more. The batch runs "
        "on what is left, and succeeds.",
        "驱动程序建立批次 8 的作业时，会略去已无人持有的数据块。批次在剩下的数据上运行，并且成功。",
    ),
    "mistakes": {
        1: (
            "It had not begun: its job is made at second 8, of the blocks that exist at second 8.",
            "它还没有开始：它的作业在第 8 秒才建立，用的是第 8 秒时存在的数据块。",
        ),
    },
}

# %% [markdown] lang="en"
# And when it dies at 8.05, 50 ms after the job of batch 8 was made?

# %% [markdown] lang="zh"
# 如果它在 8.05 秒、即批次 8 的作业建立 50 毫秒之后才死亡呢？

# %% predict="failed after"
{
    "answer": 1,
    "why": (
        "Now the tasks know which block they have to read, and it is gone. Each attempt fails, the fourth failure ends the "
        "job, and with it the batch. The next batch goes on as if nothing had been.",
        "这时任务已经知道要读哪个数据块，而它没了。每次尝试都失败，第四次失败结束作业，批次也随之失败。下一个批次照常运行。",
    ),
    "mistakes": {
        0: (
            "Before its job was made, blocks could be left out. Now each has a task that asks for it.",
            "作业建立之前还可以略去数据块；现在每个数据块都有一个任务在要它。",
        ),
    },
}

# %%
before = simulated(word_count(ONE_COPY), ExecutorCrash("receiver", at=7.3))
after = simulated(word_count(ONE_COPY), ExecutorCrash("receiver", at=8.05))

# %%
confirm("failed before", len(before.batches.where(failed=True)))
confirm("failed after", len(after.batches.where(failed=True)))
confirm("attempts", max(task.attempt for task in after.tasks.where(batch_time_ms=8000)) + 1)

print("          died at 7.3: lines               died at 8.05: lines")
print("batch     reported     read    ended       reported     read    ended")
for second in (6, 8, 10, 12):
    cells = [f"{second:>3} s"]
    for each in (before, after):
        (batch,) = each.batches.where(batch_time_ms=second * 1000)
        readers = each.tasks.where(batch_time_ms=batch.batch_time_ms, kind="ShuffleMapTask")
        cells += [f"{batch.records:>12} {sum(readers.column('records_read')):>8}    "]
        cells += [f"{'failed' if batch.failed else 'fine':<6}"]
    print(*cells)

# %%
show_attempts(after, index=0)

# %%
after.delivery

# %% [markdown] lang="en"
# Which is worse? The failed batch at least says so. The other one printed counts that look right and lack most of their
# lines; a warning in the driver's log (the lines in red) is all that tells. Even the number of its records, in the table and on Spark's Streaming page, is that of the lines once received,
# not of those read. In both cases nothing tries again later: a batch that failed is over.
#
# The run with the failed batch, to touch. Click a striped block of batch 8, and a task that failed: what does it say?

# %% [markdown] lang="zh"
# 哪一种更糟？失败的批次至少会说出来；另一个批次打印了看起来正常的计数，却缺了大部分行，只有驱动程序日志里的一条警告（上面红色的那些行）提到此事。就连它的记录数，无论在表中还是在 Spark 的
# Streaming 页面上，也是当初收到的行数，而不是读到的行数。两种情况下之后都不会再试：失败的批次就此结束。
#
# 批次失败的那次运行，可以动手操作。点击批次 8 的一个带条纹的数据块，再点击一个失败的任务：它说了什么？

# %%
after.timeline()

# %% [markdown] lang="en"
# Last: the totals, with one copy, and a crash at 8.9 s. No batch is running, batch 8 is done. Of the batches 10, 12, 14
# and 16, how many fail?

# %% [markdown] lang="zh"
# 最后：累计总数，一份副本，8.9 秒死亡。没有批次在运行，批次 8 已经完成。批次 10、12、14、16 中有几个失败？

# %% predict="failed totals"
{
    "answer": 4,
    "why": (
        "The states have to be computed again, from the blocks of batches that are long done, and these had one copy. No "
        "later batch can have its totals without them.",
        "状态必须重新计算，需要早已完成的那些批次的数据块，而它们只有一份副本。没有它们，之后的任何批次都得不到总数。",
    ),
    "mistakes": {
        0: (
            "The batches are done, but their totals lay in the memory of executors, one of which is gone.",
            "批次已经完成，但它们的总数在执行器的内存里，而其中一个执行器没了。",
        ),
        1: (
            "Batch 10 fails, since it cannot have the totals of batch 8. And where does batch 12 get those of batch 10?",
            "批次 10 失败，因为它得不到批次 8 的总数。那么批次 12 从哪里得到批次 10 的总数？",
        ),
    },
}

# %%
run = simulated(running_totals(ONE_COPY), ExecutorCrash("receiver", at=8.9), until=17)

# %%
confirm("failed totals", len(run.batches.where(failed=True)))
run.figure(start=7, end=15)

# %% [markdown] lang="en"
# One copy of a block, one executor, and the program never counts again, though it runs on. Two cures: a second copy, or
# states that are written to the checkpoint directory more often (`totals.checkpoint(2)`, lesson 7). The first costs
# memory and network for every block, the second a file for every partition.
#
# Turn the knobs yourself: another storage level, one executor instead of three, the crash a little earlier or later.

# %% [markdown] lang="zh"
# 一个数据块只有一份副本、失去一个执行器，程序虽然还在运行，却再也数不出结果。两种办法：第二份副本，或者更频繁地把状态写入检查点目录
# （`totals.checkpoint(2)`，第 7 课）。前者的代价是每个数据块的内存与网络，后者是每个分区（partition）一个文件。
#
# 自己动手调节：换一种存储级别，把三个执行器变成一个，让崩溃早一点或晚一点。

# %%
lab(
    Simulation(
        word_count(ONE_COPY),
        network={"localhost:9999": Constant(50, letter)},
        batch=2.0,
        faults=[ExecutorCrash("receiver", at=7.3)],
        seed=SEED,
    ),
    until=15,
)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"The driver sends a task to the executor that has the block."** It *prefers* a host that has a copy, and waits for a
# free core there. Only when no task could be started on such a host for `spark.locality.wait`, 3 s, will any executor
# do, and it reads the block over the network. Three seconds are longer than many a batch interval, so one receiver and
# one copy can leave the rest of a cluster idle.
# *Source: Spark's `TaskSetManager.getAllowedLocalityLevel`, `BlockRDD.getPreferredLocations`.*

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“驱动程序把任务发给持有数据块的执行器。”** 它只是*优先*选择有副本的主机，并等待那里的空闲核心（core）。
# 只有连续 `spark.locality.wait`（3 秒）都没有任务能在这样的主机上启动，才会改用任意执行器，由它通过网络读取数据块。3 秒比许多批次间隔都长，
# 所以一个接收器加一份副本可能让集群的其余部分闲着。
# *来源：Spark 的 `TaskSetManager.getAllowedLocalityLevel`、`BlockRDD.getPreferredLocations`。*

# %%
print("copies  wait   tasks that read blocks, by executor   mean processing time")
for level, wait in ((ONE_COPY, "3s"), (ONE_COPY, "0s"), (TWO_COPIES, "3s")):
    run = simulated(word_count(level), conf={"spark.locality.wait": wait}, rate=200)
    where = Counter(task.executor_id for task in run.tasks if task.blocks)
    done = run.batches.where(status="completed")[2:]
    mean_s = sum(done.column("processing_time_ms")) / len(done) / 1000
    cells = f"{level.replication:>6}  {wait:>4}   {sorted(where.items())!s:<36}"
    print(f"{cells}  {mean_s:>18.3f} s")

# %% [markdown] lang="en"
# **"`_2` means two copies."** It means that two are tried. With one executor, or when the other one does not answer, one
# copy is stored, and storing has succeeded. *Source: `BlockManager.replicate`, which warns and returns.*
#
# **"A receiver comes back after two seconds."** That is another case: a receiver that calls `restart()` after an error
# stays in its task, on its executor, and keeps its buffer; there Spark waits `spark.streaming.receiverRestartDelay`, 2 s.
# After the loss of an executor a new job starts at once. *Source: `ReceiverSupervisor.restartReceiver`,
# `ReceiverTracker.startReceiver`.*
#
# **"Tasks and receivers restart by themselves, nothing needs to be set."** True on a cluster. In local mode the first
# failure of a task is the end of its batch: `local[n]` gives a task one attempt, `local[n,m]` gives it `m`. *Source:
# `SparkContext.createTaskScheduler`.*

# %% [markdown] lang="zh"
# **“`_2` 就是两份副本。”** 它表示尝试存两份。只有一个执行器，或另一个没有响应时，就只存一份，而且存储算作成功。
# *来源：`BlockManager.replicate`，它发出警告后照常返回。*
#
# **“接收器两秒后才回来。”** 那是另一种情况：接收器出错后调用 `restart()`，它留在原来的任务和执行器里，缓冲区也保留；
# 这时 Spark 等待 `spark.streaming.receiverRestartDelay`，即 2 秒。失去执行器之后，新作业是立即启动的。
# *来源：`ReceiverSupervisor.restartReceiver`、`ReceiverTracker.startReceiver`。*
#
# **“任务和接收器会自动重启，不需要任何配置。”** 在集群上是这样。在本地模式下，任务第一次失败就是批次的终点：
# `local[n]` 只给每个任务一次尝试，`local[n,m]` 给 `m` 次。*来源：`SparkContext.createTaskScheduler`。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Here the driver notices each death after 100 ms, since the connection breaks. A machine that hangs and keeps its
# connections is noticed by missing heartbeats, after two minutes or more (`spark.network.timeout`). Memory is never full
# here, so nothing is evicted; on a cluster `MEMORY_ONLY` blocks may be dropped with no crash at all. Each executor has a
# host of its own; where two share one, both copies may be lost with one machine. And a cluster manager usually starts a
# new executor in place of the dead one: `ExecutorCrash(..., restart_after=...)` does that.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里驱动程序总在 100 毫秒后发现死亡，因为连接断开了。挂起但保持连接的机器要靠心跳缺失来发现，需要两分钟或更久
# （`spark.network.timeout`）。这里内存永远不会满，所以没有数据被逐出；在集群上，`MEMORY_ONLY` 的数据块即使没有崩溃也可能被丢弃。
# 这里每个执行器独占一台主机；如果两个执行器共用一台，两份副本可能随同一台机器一起丢失。
# 另外，集群管理器通常会启动新的执行器来代替死去的：用 `ExecutorCrash(..., restart_after=...)` 模拟。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Two of three executors die at the same moment; blocks have two copies. Is a block lost?
#
# <details><summary>Answer</summary>
#
# Those whose two copies lay on just these two are lost, the others are not. Copies protect against so many deaths as there
# are copies beyond the first.
# </details>
#
# 2. A batch has failed, since a block was gone. Who runs it again?
#
# <details><summary>Answer</summary>
#
# Nobody. The program goes on with the next batch. Only a driver that is started again from its checkpoint takes up
# batches that were not finished (lesson 14), and that does not bring the block back either.
# </details>
#
# 3. An executor dies that runs no receiver, holds no state, and no block's only copy. What changes for the result?
#
# <details><summary>Answer</summary>
#
# Nothing. Its tasks run again on other executors, and fewer cores have to do the work: only the delay grows.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 三个执行器中有两个同时死亡；数据块有两份副本。会丢失数据块吗？
#
# <details><summary>答案</summary>
#
# 两份副本恰好都在这两个执行器上的会丢失，其他的不会。副本比一份多几份，就能抵御几次死亡。
# </details>
#
# 2. 一个批次因为数据块丢失而失败了。谁来重新运行它？
#
# <details><summary>答案</summary>
#
# 没有人。程序继续运行下一个批次。只有从检查点重新启动的驱动程序会接手未完成的批次（第 14 课），而那也找不回数据块。
# </details>
#
# 3. 一个既没有接收器、也没有状态、也不持有任何数据块唯一副本的执行器死了。结果有什么变化？
#
# <details><summary>答案</summary>
#
# 没有变化。它的任务在别的执行器上重新运行，干活的核心少了：只有延迟（delay）变大。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 13](../../exercises/en/ex13_executor_failure.ipynb): you get the trace of a run in which executors died. Find
# out which, what went with them, and how many copies would have been enough. Next: lesson 14, where the driver dies.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 13](../../exercises/zh/ex13_executor_failure.ipynb)：给你一次有执行器死亡的运行记录（trace）。找出是哪些执行器、
# 随它们一起消失的是什么、几份副本才够用。下一课是第 14 课，那里死的是驱动程序。
