# %% [markdown] lang="en"
# # 14. The driver dies: checkpoints, and a program that finds its way back
#
# **The question.** The driver knows everything: the streams, the batch times, which block is where. One day its process
# is killed. Something outside starts the program again, from its first line. What does the second driver know, and what
# will it do first?
#
# *About 45 minutes. You need lessons 7 (states) and 13 (an executor dies).*

# %% [markdown] lang="zh"
# # 14. 驱动程序死亡：检查点，以及能自己找回来的程序
#
# **问题。** 驱动程序（driver）知道一切：有哪些流、批次（batch）的时刻、哪个数据块（block）在哪里。有一天它的进程被杀死了，
# 外面有人把程序从第一行重新启动。第二个驱动程序知道什么？它首先会做什么？
#
# *约 45 分钟。需要第 7 课（状态）和第 13 课（执行器死亡）。*

# %%
import re
import socket
import subprocess
import sys
from ast import literal_eval
from pathlib import Path
from tempfile import TemporaryDirectory

from sparksim.course import confirm, lesson, predict
from sparksim.sim import Constant, DriverCrash, Replay, simulate_script
from sparksim.trace.batch_events import StreamingRecovered

SEED = 1
lesson("14", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  first driver ── batch ── batch ── batch ─ ✗        second driver ── batch ──▶
#                    │        │        │                   ▲
#                    ▼        ▼        ▼                   │ getOrCreate
#  directory   [ checkpoint checkpoint checkpoint ] ───────┘ reads the newest
# ```
#
# A **checkpoint** is a file that a driver writes twice in each batch: after the jobs were made, and after they ended. In
# it are the streams with their functions, the settings, and the times of the batches that have not ended. Not in it are
# the data: received blocks lie in executors, and the executors die with their driver. States are a case of their own:
# streams with states write them to the same directory, at an interval of their own (lesson 7).

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  第一个驱动程序 ── 批次 ── 批次 ── 批次 ─ ✗          第二个驱动程序 ── 批次 ── 批次 ──▶
#                     │       │       │                     ▲
#                     ▼       ▼       ▼                     │ getOrCreate 读取最新的一个
#  目录         [  检查点   检查点   检查点  ] ──────────────┘
# ```
#
# **检查点**（checkpoint）是驱动程序在每个批次写两次的文件：一次在作业（job）建立之后，一次在作业结束之后。其中有各个流及其函数、
# 各项设置，以及尚未结束的批次的时刻。其中没有数据：收到的数据块在执行器（executor）里，而执行器会随驱动程序一起死亡。
# 状态（state）另当别论：有状态的流把状态写入同一目录，按自己的间隔写（第 7 课）。

# %% [markdown] lang="en"
# ## The program, live
#
# The whole program is a file of its own, since it has to be started twice. All streams are defined in `create`;
# `getOrCreate` calls it only where there is no checkpoint.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 整个程序是一个单独的文件，因为它要启动两次。所有的流都在 `create` 中定义；只有在没有检查点时，`getOrCreate` 才会调用它。

# %%
PROGRAM = """
import sys
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

PORT, CHECKPOINT, BATCH_S = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])

def add(new_counts, total):
    return sum(new_counts) + (total or 0)

def create():
    print("create() makes a new context")
    ssc = StreamingContext(SparkContext("local[2]", "totals"), BATCH_S)
    words = ssc.socketTextStream("localhost", PORT).flatMap(lambda line: line.split())
    totals = words.map(lambda word: (word, 1)).updateStateByKey(add)
    totals.checkpoint(BATCH_S)  # write the states in every batch
    totals.pprint()
    return ssc

ssc = StreamingContext.getOrCreate(CHECKPOINT, create)
ssc.start()
ssc.awaitTermination()
"""

# %% [markdown] lang="en"
# First life: somebody types *a a b*. When the totals have been printed, and some batches have passed, `kill -9`. Now
# somebody "improves" the program: `add` shall count everything twice. Second life: *a* is typed once more.
#
# The long cell below does all this, with real processes, a real socket and real files. First make your prediction.

# %% [markdown] lang="zh"
# 第一次运行：有人输入 *a a b*。等总数打印出来、又过了几个批次之后，`kill -9`。这时有人“改进”了程序：让 `add` 把一切都数两遍。
# 第二次运行：再输入一次 *a*。
#
# 下面那个长的代码单元用真实的进程、真实的套接字和真实的文件完成这一切。请先预测，再运行。

# %% [markdown] lang="en"
# ## Predict
#
# Which total of *a* does the second life print?

# %% [markdown] lang="zh"
# ## 预测
#
# 第二次运行打印的 *a* 的总数是多少？

# %% predict="total of a"
{
    "answer": 3,
    "why": (
        "The state says 2, and one came. The functions come from the checkpoint, like everything that create() once "
        "defined: what has been changed in the file is not even looked at.",
        "状态是 2，又来了一个。函数来自检查点，create() 当初定义的一切都是如此：文件里改了什么，根本不会去看。",
    ),
    "mistakes": {
        1: ("The states were saved in every batch.", "状态在每个批次都已保存。"),
        2: (
            "That would be: no state, and the new add. There is a state.",
            "那等于没有状态、又用了新的 add。但状态是有的。",
        ),
        4: (
            "That would be the new add on the old state. Where does the second driver get its functions from?",
            "那等于在旧状态上用新的 add。第二个驱动程序的函数从哪里来？",
        ),
    },
}


# %%
def one_life(program, folder, listener, typed, last, batch_s=0.5):
    """Start the program, type a line, wait for `last` and some batches more; then kill -9."""
    (folder / "program.py").write_text(program)
    options = [str(listener.getsockname()[1]), str(folder / "checkpoint"), str(batch_s)]
    command = [sys.executable, "-u", str(folder / "program.py"), *options]
    seen, batches_left = {}, None
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with running as process, listener.accept()[0] as connection:
        connection.sendall(f"{typed}\n".encode())
        for line in process.stdout:
            if line.startswith("create"):
                print(line, end="")
            elif line.startswith("("):
                seen |= [literal_eval(line)]
                if batches_left is None and line == f"{last}\n":
                    batches_left = 4
            elif line.startswith("Time:") and batches_left is not None:
                batches_left -= 1
                if batches_left == 0:
                    break
        process.kill()
    return seen


CHANGED = PROGRAM.replace("sum(new_counts)", "2 * sum(new_counts)")

with TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
    folder = Path(name)
    print("first life:")
    print(one_life(PROGRAM, folder, listener, "a a b", last=("b", 1)))
    files = folder.glob("checkpoint/checkpoint-*")
    print("in the directory:", sorted({re.sub(r"\d+", "<ms>", path.name) for path in files}))
    print("second life:")
    totals = one_life(CHANGED, folder, listener, "a", last=("a", 3))
    print(totals)

confirm("total of a", totals["a"])

# %% [markdown] lang="en"
# `create() makes a new context` was printed once. `.bk` is the copy that was there before a checkpoint of the same batch
# replaced it. Ten files are kept, the newest that can be read is used.
#
# So to bring new code into a program you stop it, delete the directory (or choose another), and start it: it begins anew,
# without its states and without knowing what was done. The same holds for settings: those of the checkpoint win.

# %% [markdown] lang="zh"
# `create() makes a new context` 只打印了一次。`.bk` 是同一批次的检查点被替换之前的那一份。保留十个文件，使用其中最新的、能读出来的一个。
#
# 所以，要让程序用上新代码，就得停止它、删除该目录（或换一个目录），再启动：它从头开始，没有状态，也不知道做过什么。
# 设置也是如此：检查点中的设置优先。

# %% [markdown] lang="en"
# ## The same program, simulated
#
# The same file, on three executors in virtual time: batches of 2 s, ten lines a second. At 7.3 s the driver dies; 3 s
# later something starts it again.
#
# When it is back, how many batches stand in its queue at once, before the first new one?

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 同一个文件，在虚拟时间里的三个执行器上：批次间隔（batch interval）2 秒，每秒十行。7.3 秒时驱动程序死亡，3 秒后有人重新启动它。
#
# 它回来时，在第一个新批次之前，队列里一下子有几个批次？

# %% predict="queued"
{
    "answer": 3,
    "why": (
        "Those of 8 and 10 were missed. And the batch of the checkpoint itself, 6, is always run again: from the file "
        "alone the driver cannot know what happened after it was written.",
        "错过了 8 和 10 秒的批次。而检查点自己的那个批次（6 秒）总会再运行一次：仅凭文件，驱动程序无法知道写完之后发生了什么。",
    ),
    "mistakes": {
        0: (
            "Batch times do not wait: those that passed without a driver are made up for.",
            "批次时刻不会等人：没有驱动程序时错过的批次要补上。",
        ),
        1: ("Two batch times passed while there was no driver.", "没有驱动程序的时候过去了两个批次时刻。"),
        2: (
            "The two that were missed, yes. And one more, that had ended already.",
            "错过的两个，对。还有一个，它其实已经结束了。",
        ),
    },
}

# %% [markdown] lang="en"
# Between 6 s and 7.3 s, 14 lines came into blocks, two copies of each block, and waited for the batch of second 8. How
# many of them are counted in the end?

# %% [markdown] lang="zh"
# 在 6 秒到 7.3 秒之间，有 14 行进入了数据块，每块两份副本（replica），等待第 8 秒的批次。最终有多少行被统计？

# %% predict="counted"
{
    "answer": 0,
    "why": (
        "The two copies lay in two executors, and all executors end with their driver. The batch of second 8 is made up "
        "for, with nothing in it.",
        "两份副本在两个执行器里，而所有执行器都随驱动程序结束。第 8 秒的批次会补上，但里面什么都没有。",
    ),
    "mistakes": {
        14: (
            "The batch of second 8 is made up for, yes. But who holds the blocks, when all executors are new?",
            "第 8 秒的批次会补上，没错。但所有执行器都是新的，谁还持有那些数据块？",
        ),
    },
}


# %%
def simulated(program, until=19):
    with TemporaryDirectory() as name:
        path = Path(name) / "program.py"
        path.write_text(program)
        return simulate_script(
            path,
            args=["9999", "sim://checkpoint", "2"],
            network={"localhost:9999": Constant(10, "line")},
            faults=[DriverCrash(7.3, restart_after=3)],
            until=until,
            seed=SEED,
        )


run = simulated(PROGRAM)

# %%
(recovered,) = [event for event in run.trace if isinstance(event, StreamingRecovered)]
print("checkpoint of batch", recovered.checkpoint_ms)
print("run again:", recovered.batches, "- first new batch:", recovered.restart_ms)
confirm("queued", len(recovered.batches))

waited = run.blocks.where(lambda block: block.added_ms and 6010 < block.added_ms < 7300)
lines = run.delivery.records.where(lambda line: line.block_id in waited.column("block_id"))
print(len(lines), "lines waited")
confirm("counted", sum(lines.column("times")))
run.figure(start=5, end=14)

# %% [markdown] lang="en"
# The batches that are run again come all at once and wait for each other. Spark reports 0 records for each of them: the
# records of a batch are counted when it is made for the first time, and not again. What do they print?
#
# - the batch of second 6 had printed its totals already, and prints them again;
# - those of 8 and 10 print the totals as they stood;
# - from 12 on, lines are counted again.

# %% [markdown] lang="zh"
# 重新运行的批次一下子全部到来，一个等一个。Spark 报告它们的记录数都是 0：重新运行的批次不再统计输入的记录数。它们打印什么？
#
# - 第 6 秒的批次早已打印过总数，现在又打印一次；
# - 第 8 和第 10 秒的批次打印原有的总数；
# - 从第 12 秒起，又开始统计新的行。


# %%
def show_totals(run):
    for second in range(4, 20, 2):
        printed = [line for line in run.output[second].splitlines() if line.startswith("(")]
        print(f"batch of second {second:>2}:", " ".join(printed) or "no total at all")


show_totals(run)

# %%
run.delivery

# %% [markdown] lang="en"
# Lost is what was received and had not been processed, and what was sent while nobody listened. What counts as processed
# more than once are the lines of batch 6. Here nobody sees it, as the totals come from the saved state; but an output
# that *adds* to a database would have added twice.

# %% [markdown] lang="zh"
# 丢失的是已收到但未处理的行，以及没有人接听时发出的行。被处理了不止一次的是批次 6 的行。这里看不出来，因为总数来自保存的状态；
# 但如果输出是往数据库里*累加*，就会加两次。

# %% [markdown] lang="en"
# The same run, to touch. Click a line that was sent at 6.5 s, on the lane of the source, and read its way.

# %% [markdown] lang="zh"
# 同一次运行，可以动手操作。在数据源那一行点击 6.5 秒发出的一行，看看它走过的路。

# %%
run.timeline()

# %% [markdown] lang="en"
# ## Break it
#
# Leave out one line of the program: `totals.checkpoint(BATCH_S)`. Spark then writes the states every 10 s, its own
# choice for batches of 2 s. The crash at 7.3 s comes before the first time. Up to batch 6 there were 55 lines, and 11
# come for the batch of second 12. What is its total?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 删去程序中的一行：`totals.checkpoint(BATCH_S)`。这时 Spark 每 10 秒写一次状态，这是它对 2 秒批次的默认选择。7.3 秒的崩溃发生在第一次写入之前。
# 到批次 6 为止有 55 行，第 12 秒的批次又来了 11 行。它的总数是多少？

# %% predict="forgotten"
{
    "answer": 11,
    "why": (
        "Without a saved state Spark computes the states again, from the blocks of all batches since the first. The "
        "driver knows which blocks these were, and that nobody holds them. So it goes on without, and without an error.",
        "没有保存的状态时，Spark 从第一个批次起的所有数据块重新计算状态。驱动程序知道有哪些数据块，也知道没有人持有它们。"
        "于是它不用它们就继续，而且不报错。",
    ),
    "mistakes": {
        66: (
            "So it would be with a saved state, or with blocks that can be read again.",
            "有保存的状态，或数据块能再次读到时，才会是这样。",
        ),
        55: ("And the new lines?", "那新来的行呢？"),
    },
}

# %%
forgetful = simulated(PROGRAM.replace("totals.checkpoint(BATCH_S)", "pass"))

# %%
show_totals(forgetful)
(twelfth,) = forgetful.batches.where(batch_time_ms=12_000)
confirm("forgotten", int(re.search(r"\('line', (\d+)\)", forgetful.output[12]).group(1)))
print("lines of batch 12:", twelfth.records)

# %% [markdown] lang="en"
# The warnings in red are all that Spark says about it. The program recovered "successfully", its checkpoint was in order,
# and its totals began anew.
#
# Another way to break it. This program defines its streams *after* `getOrCreate`:

# %% [markdown] lang="zh"
# 关于此事，Spark 只说了红色的那几条警告。程序“成功地”恢复了，检查点完好，而总数从头开始。
#
# 另一种弄坏它的办法。这个程序在 `getOrCreate` *之后*定义流：

# %%
OUTSIDE = """
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

def create():
    return StreamingContext(SparkContext("local[2]", "lines"), 2)

ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
ssc.socketTextStream("localhost", 9999).count().pprint()  # outside of create
ssc.start()
ssc.awaitTermination()
"""


def error_of(program):
    with TemporaryDirectory() as name:
        path = Path(name) / "program.py"
        path.write_text(program)
        run = simulate_script(
            path,
            network={"localhost:9999": Replay([(1.5, "line")])},
            faults=[DriverCrash(7.3, restart_after=3)],
            until=13,
            seed=SEED,
            raises=False,
        )
    return re.sub(r"<.*? object at \w+>", "a stream", str(run.error))


print(error_of(OUTSIDE))

# %% [markdown] lang="en"
# The first life goes well, which is the treacherous part. In the second one the context comes from the checkpoint with
# its streams, and a stream that is defined in addition belongs to none of its batches. Test a recovery before you need it.

# %% [markdown] lang="zh"
# 第一次运行一切正常，这正是它阴险的地方。第二次运行时，上下文连同它的流都来自检查点，额外定义的流不属于它的任何批次。
# 在真正需要之前，请先测试一次恢复。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"A checkpoint saves my data."** It saves the program and what it has not finished. Received data are saved only by a
# write-ahead log (lesson 15) or by the source itself. *Source: Spark's `Checkpoint`, `DStreamCheckpointData`.*
#
# **"I fixed the bug and restarted."** The functions in the checkpoint are the old ones, as you have seen. In Scala it is
# worse: the checkpoint holds objects of your classes, and when these have changed it often cannot be read at all. *Source:
# programming guide, "Upgrading Application Code".*
#
# **"I started it with more memory for the executors and another batch interval."** The saved settings win. Only a few are taken from the new
# start: those of addresses, of the master, of YARN. *Source: `Checkpoint.createSparkConf`.*
#
# **"Spark restarts a driver."** Something outside does: a standalone cluster with `spark-submit --deploy-mode cluster
# --supervise`, or YARN, as often as `yarn.resourcemanager.am.max-attempts` allows (some courses write it with a capital M).
# The directory has to be where the next driver can read it: on HDFS or S3, not on the disk of the dead machine.
#
# **"`setCheckpoint(dir)`"** is not a method: it is `ssc.checkpoint(dir)`. In Python `getOrCreate` calls it for you; in
# Scala the creating function must, or there is no checkpoint, and each life begins anew. *Source: `pyspark.streaming`,
# `StreamingContext.getOrCreate`.*
#
# **"I test it with a `queueStream`."** Such a program writes checkpoints with a warning, and cannot read them:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“检查点保存了我的数据。”** 它保存的是程序，以及程序还没做完的事。收到的数据只有预写日志（write-ahead log，第 15 课）或数据源自己能保存。
# *来源：Spark 的 `Checkpoint`、`DStreamCheckpointData`。*
#
# **“我修好了错误，重启了。”** 检查点里的函数是旧的，你刚刚见过。在 Scala 中更糟：检查点里是你的类的对象，类变了，往往根本读不出来。
# *来源：编程指南“Upgrading Application Code”一节。*
#
# **“我给执行器更多内存、换了批次间隔，重新启动了它。”** 保存的设置优先。只有少数几项取自新的启动：地址、master、YARN 相关的设置。
# *来源：`Checkpoint.createSparkConf`。*
#
# **“Spark 会重启驱动程序。”** 那是外面的事：独立集群要用 `spark-submit --deploy-mode cluster --supervise`；YARN 则按
# `yarn.resourcemanager.am.max-attempts` 允许的次数重启（有的课程把它写成了大写的 M）。目录必须放在下一个驱动程序读得到的地方：
# HDFS 或 S3，而不是死掉的机器的磁盘。
#
# **“`setCheckpoint(dir)`”** 并不存在：方法是 `ssc.checkpoint(dir)`。在 Python 中 `getOrCreate` 会替你调用；在 Scala 中必须由创建函数调用，
# 否则没有检查点，每次都从头开始。*来源：`pyspark.streaming` 的 `StreamingContext.getOrCreate`。*
#
# **“我用 `queueStream` 来测试。”** 这样的程序会写检查点（带一条警告），但读不出来：

# %%
QUEUE = """
from sparksim import SparkContext
from sparksim.streaming import StreamingContext

def create():
    ssc = StreamingContext(SparkContext("local[2]", "queue"), 2)
    ssc.queueStream([["a"], ["b", "c"]]).pprint()
    return ssc

ssc = StreamingContext.getOrCreate("sim://checkpoint", create)
ssc.start()
ssc.awaitTermination()
"""
queue_error = error_of(QUEUE)

# %%
print(queue_error.split(": ", 4)[-1].split(". If")[0])

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Here a driver is back when you say so, and has its context some tenths of a second later. On a cluster, noticing
# its death, finding a machine and starting a JVM and executors take from several seconds to minutes, and the batches
# that are made up for come as a load that may take long to work off. Our checkpoints are Python pickles: functions are
# stored as code, so a changed class seldom makes a file unreadable. A file system that answers late, or loses a file
# that was not flushed, is not part of the model.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里驱动程序按你说的时间回来，零点几秒后就有了上下文。在集群上，发现死亡、找到机器、启动 JVM 和执行器需要几秒到几分钟，
# 而补上的批次是一笔可能要很久才能消化的负载。我们的检查点是 Python 的 pickle：函数以代码形式保存，所以改动类很少会使文件读不出来。
# 响应迟缓、或丢失尚未刷盘文件的文件系统不在模型之内。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 5 s. The newest checkpoint is of second 20 and names 15 and 20 as not finished. The driver is back at 33.2.
#    Which batches are run again, and when is the first new one?
#
# <details><summary>Answer</summary>
#
# 15, 20, 25 and 30, all at once. The first new one is 35: the old grid of batch times goes on.
# </details>
#
# 2. Where in the program does a line stand that must run in every life of the driver, such as a connection for monitoring?
#
# <details><summary>Answer</summary>
#
# Outside `create`, since that is called only where there is no checkpoint. Streams and outputs, on the other hand, have
# to stand inside.
# </details>
#
# 3. Blocks with two copies survived the death of an executor. Why do they not survive that of the driver?
#
# <details><summary>Answer</summary>
#
# All executors of a program end with its driver. A copy helps against the loss of one process, not of all.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次间隔 5 秒。最新的检查点是第 20 秒的，其中 15 和 20 尚未完成。驱动程序在 33.2 秒回来。哪些批次会重新运行？第一个新批次在何时？
#
# <details><summary>答案</summary>
#
# 15、20、25、30，一下子全部。第一个新批次是 35：沿用原来的批次时刻。
# </details>
#
# 2. 有一行代码必须在驱动程序的每次运行中执行，例如建立监控连接。它应写在程序的什么地方？
#
# <details><summary>答案</summary>
#
# 写在 `create` 之外，因为只有没有检查点时才会调用它。而流和输出必须写在里面。
# </details>
#
# 3. 有两份副本的数据块经受住了执行器的死亡。为什么经受不住驱动程序的死亡？
#
# <details><summary>答案</summary>
#
# 一个程序的所有执行器都随它的驱动程序结束。副本能抵御失去一个进程，不能抵御失去全部。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 14](../../exercises/en/ex14_driver_failure.ipynb): say which batches run again, and write a program that
# outlives its driver, twice. Next: lesson 15, where received data outlive it as well.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 14](../../exercises/zh/ex14_driver_failure.ipynb)：说出哪些批次会重新运行，并写一个能两次经受驱动程序死亡的程序。
# 下一课是第 15 课，在那里收到的数据也能经受住。
