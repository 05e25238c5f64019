# %% [markdown] lang="en"
# # 4. Files in a directory: a stream without a receiver
#
# **The question.** Every few seconds another machine leaves a file with orders in a directory. Spark is told the
# directory, and reads each new file, once. How does it know which file is new? Whether it is complete? And what if it is
# wrong?
#
# *About 30 minutes. You need lesson 3 (a receiver, blocks, batches), to see what is different here.*

# %% [markdown] lang="zh"
# # 4. 目录中的文件：没有接收器的流
#
# **问题。** 每隔几秒，另一台机器就在一个目录里放下一个订单文件。把目录告诉 Spark，它就把每个新文件读一次。
# 它怎么知道哪个文件是新的？怎么知道文件已经完整？如果它弄错了呢？
#
# *约 30 分钟。需要第 3 课（接收器、数据块、批次），才能看出这里有什么不同。*

# %%
import os
import tempfile
from pathlib import Path

from sparksim import SparkContext
from sparksim.course import confirm, lesson, predict
from sparksim.sim import Cluster, DriverCrash, Simulation
from sparksim.streaming import StreamingContext
from sparksim.trace.events import JobGenerationFailed

SEED = 1
lesson("04", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  orders/                      driver, at each batch time T:
#    .copying      hidden         list the directory
#    monday.txt    too old        take what was modified  after  max(start, T - 60 s)
#    a.txt         taken at 2 s                           and not after  T
#    b.txt         new  ───────▶                          and was not taken before
#                                 one job over all of these files
# ```
#
# There is no receiver. When a batch is due, the **driver** lists the directory and decides by three things only: the name
# of a file, the time of its last modification, and a list of the names it has taken lately. Then tasks read the files, as
# they would read any file. So nothing is kept in memory, no core is reserved, and a file can be read again.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  orders/                      driver, at each batch time T:
#    .copying      hidden         list the directory
#    monday.txt    too old        take what was modified  after  max(start, T - 60 s)
#    a.txt         taken at 2 s                           and not after  T
#    b.txt         new  ───────▶                          and was not taken before
#                                 one job over all of these files
# ```
#
# 这里没有接收器（receiver）。批次（batch）到点时，**驱动程序**（driver）列出目录，只根据三样东西做决定：文件名、最后修改时间，
# 以及它最近取过的文件名清单。然后由任务（task）读取这些文件，与读取任何文件一样。所以内存里不存放任何东西，
# 不占用核心（core），文件也可以重新读取。

# %% [markdown] lang="en"
# ## The program, live
#
# A real directory on your machine, batches of one second, and a single core: `local[1]`, which would be a mistake with a
# receiver. The program adds up the prices per product. Files are *published*: written elsewhere, and moved in when they
# are complete.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 你机器上的一个真实目录，批次间隔一秒，只有一个核心：`local[1]`，有接收器时这会是个错误。程序把每种商品的价格加起来。
# 文件是*发布*进去的：先在别处写好，完整之后再移进来。


# %%
def takings(ssc, directory):
    orders = ssc.textFileStream(directory).map(lambda line: line.split())
    return orders.map(lambda order: (order[0], int(order[1]))).reduceByKey(lambda a, b: a + b)


def start(inbox):
    """Run the program on a directory; what its batches say comes into a list."""
    ssc, results = StreamingContext(SparkContext("local[1]", "takings"), 1), []
    takings(ssc, str(inbox)).foreachRDD(lambda rdd: results.extend(sorted(rdd.collect())))
    ssc.start()
    ssc.awaitTerminationOrTimeout(0.5)  # file systems round times: keep away from the start
    return ssc, results


def wait_for(product, ssc, results):
    while product not in dict(results):
        ssc.awaitTerminationOrTimeout(0.1)


temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
inbox = folder / "inbox"
inbox.mkdir()


def publish(name, text):
    (folder / name).write_text(text)
    os.replace(folder / name, inbox / name)  # a move within one disk: all at once


# %%
publish("yesterday.txt", "tea 100")
ssc, results = start(inbox)
publish("a.txt", "tea 4\ncake 3")
wait_for("tea", ssc, results)
publish("a.txt", "tea 70")  # the same name once more
publish(".hidden.txt", "tea 1000")
publish("c.txt", "coffee 2")
wait_for("coffee", ssc, results)
ssc.stop()
results

# %% [markdown] lang="en"
# Five files were published, two were read. `yesterday.txt` is older than the program. The second `a.txt` has a name that
# was taken already, whatever is in it. A name that begins with a dot is hidden. The warning about `local[1]` is for
# programs with a receiver; this one has none.
#
# ## Predict
#
# Batches of 2 s. A file is complete in the directory at 3.95 s. In the batch of which second is it read? (In lesson 3 a
# line on a socket at 3.95 s was in the batch of second 6.)

# %% [markdown] lang="zh"
# 发布了五个文件，读了两个。`yesterday.txt` 早于程序启动。第二个 `a.txt` 的名字已经取过了，不管内容是什么。以点开头的名字是隐藏的。
# 关于 `local[1]` 的警告是给有接收器的程序看的，这个程序没有。
#
# ## 预测
#
# 批次间隔 2 秒。一个文件在 3.95 秒完整地出现在目录中。它在第几秒的批次中被读取？（第 3 课中，3.95 秒到达套接字的一行在第 6 秒的批次中。）

# %% predict="batch of the file"
{
    "answer": 4,
    "why": (
        "There is no buffer, no block and no report: at 4.00 the driver looks into the directory, and there it is.",
        "没有缓冲区，没有数据块，也没有报告：4.00 秒时驱动程序查看目录，它就在那里。",
    ),
    "mistakes": {
        6: (
            "So it is with a receiver, whose block has to be cut and reported. Who looks for files, and when?",
            "有接收器时是这样，因为数据块要切下来再报告。谁去找文件，什么时候去找？",
        ),
    },
}

# %% [markdown] lang="en"
# The program has been running for 100 s. Three files are moved into the directory at once. They were last modified at 30,
# 45 and 99 s, counted from the start of the program. How many are read?

# %% [markdown] lang="zh"
# 程序已经运行了 100 秒。三个文件同时被移进目录。从程序启动算起，它们最后修改的时间是第 30、45 和 99 秒。有几个会被读取？

# %% predict="files read"
{
    "answer": 2,
    "why": (
        "A move keeps the time of modification. The batch of second 100 takes what was modified after 100 - 60 = 40 s; the "
        "file of second 30 is outside of this window, and every later batch looks back less far.",
        "移动会保留修改时间。第 100 秒的批次取的是 100 - 60 = 40 秒之后修改的文件；第 30 秒的文件在这个时间窗之外，"
        "而以后的批次更看不到那么早。",
    ),
    "mistakes": {
        3: (
            "All three are new in the directory. But does Spark ask when a file came, or when it was modified?",
            "三个文件在目录里都是新的。但 Spark 问的是文件何时到来，还是何时修改？",
        ),
        1: (
            "Spark looks further back than one batch: 60 s.",
            "Spark 往回看的不止一个批次，而是 60 秒。",
        ),
        0: ("All of them were modified after the program had started.", "这些文件都是在程序启动之后修改的。"),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# One executor with one core. Simulated files are given with the second in which they appear, their content and, if it is
# another one, the second of their last modification.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 一个执行器（executor），一个核心。模拟的文件要写明在第几秒出现、内容是什么；如果最后修改时间不同，再写上那是第几秒。


# %%
def takings_of_orders(ssc):
    takings(ssc, "sim://orders").pprint()


def simulated(files, *, until, **more):
    return Simulation(
        takings_of_orders, files=files, batch=2.0, cluster=Cluster(executors=1, cores=1), seed=SEED, **more
    ).run(until=until)


def show(run):
    for second in sorted({batch.batch_time_ms // 1000 for batch in run.batches}):
        pairs = [line for line in run.output[second].splitlines() if line.startswith("(")]
        print(f"batch of second {second}:", *pairs)


files = {"sim://orders/a.txt": (1.5, "tea 4\ncake 3"), "sim://orders/b.txt": (3.95, "juice 5")}
run = simulated(files, until=7)
show(run)
[second] = [second for second in (2, 4, 6) if "juice" in run.output[second]]
confirm("batch of the file", second)

# %%
run.figure()

# %% [markdown] lang="en"
# No receiver, no blocks: the only core is free for tasks. And the table of batches says 0 records, here as on Spark's own
# page: the driver knows names of files, not how many lines are in them. So this page cannot tell you that nothing comes
# any more.

# %% [markdown] lang="zh"
# 没有接收器，没有数据块（block）：唯一的核心完全可以运行任务。批次表中的记录数是 0，Spark 自己的页面也是如此：
# 驱动程序只知道文件名，不知道里面有多少行。所以靠这个页面看不出数据已经断了。

# %%
run.batches

# %% [markdown] lang="en"
# The three files of the second question:

# %% [markdown] lang="zh"
# 第二个问题中的三个文件：

# %%
moved_in = {
    "sim://orders/a.txt": (1.5, "tea 4"),
    **{f"sim://orders/{age}.txt": (99.5, f"from-second-{age} 1", age) for age in (30, 45, 99)},
}
run = simulated(moved_in, until=105)
confirm("files read", run.output[100].count("from-second"))
print(run.output[100])

# %% [markdown] lang="en"
# The 60 s are a setting, `spark.streaming.fileStream.minRememberDuration`. For just as long the driver remembers which
# names it has taken; after that a file of the same age would be outside of the window anyway. With a setting of 80 s:

# %% [markdown] lang="zh"
# 这 60 秒是一个设置项：`spark.streaming.fileStream.minRememberDuration`。驱动程序记住已取文件名的时间也是这么长；
# 再往后，同样年龄的文件反正也在时间窗之外了。设为 80 秒：

# %%
longer = {"spark.streaming.fileStream.minRememberDuration": "80s"}
print(simulated(moved_in, until=105, conf=longer).output[100])

# %% [markdown] lang="en"
# ### A directory has a memory
#
# The driver dies at 4.5 s and is back at 7.5 s, with a checkpoint. One file comes while nobody is there.

# %% [markdown] lang="zh"
# ### 目录有记忆
#
# 驱动程序在 4.5 秒死亡，7.5 秒恢复，有检查点（checkpoint）。其间有一个文件到来。

# %%
files = {
    "sim://orders/a.txt": (1.5, "tea 4"),
    "sim://orders/b.txt": (3.0, "tea 5"),
    "sim://orders/while-away.txt": (5.5, "cake 3"),
    "sim://orders/c.txt": (8.5, "coffee 2"),
}
crash = [DriverCrash(4.5, restart_after=3)]
show(simulated(files, until=11, checkpoint="sim://checkpoint", faults=crash))

# %% [markdown] lang="en"
# No order is lost. The new driver makes up for the batches of seconds 4 and 6: the checkpoint says which files the batch
# of second 4 had, and they are still there, so it is computed once more, with the same answer (it is printed twice); the
# file that came meanwhile is read in the batch it belongs to. A socket would have lost it.

# %% [markdown] lang="zh"
# 没有丢失订单。新的驱动程序补做第 4 秒和第 6 秒的批次：检查点记着第 4 秒的批次用了哪些文件，它们还在，所以重算一遍，答案相同
# （打印了两次）；其间到来的文件在它所属的批次中被读取。换成套接字，它就丢了。

# %% [markdown] lang="en"
# ## Break it
#
# **A slow copy.** Live again. This time a file is written *in place*: the first line is there, and only a while later the
# second one. It has two orders, of 1 and of 10. How much tea does the program see?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **缓慢的复制。** 再来一次真实运行。这次文件*就地*写入：第一行先到，过了一会儿才有第二行。里面有两条订单，价格是 1 和 10。
# 程序看到的 tea 合计是多少？

# %% predict="half a file"
{
    "answer": 1,
    "why": (
        "A batch took the file when one line was in it, and the name is taken for good. What is written later is never "
        "read, and nobody says so.",
        "文件里只有一行时就被一个批次取走了，这个名字从此算已取过。之后写入的内容永远不会被读取，也没有任何提示。",
    ),
    "mistakes": {
        11: (
            "For this, Spark would have to know that the file was not complete. How could it?",
            "那样 Spark 就得知道文件还不完整。它怎么知道？",
        ),
        12: (
            "The file is not read a second time: its name is on the list.",
            "文件不会读第二遍：它的名字在清单上。",
        ),
        10: ("The first line is there when a batch looks.", "批次查看时，第一行已经在了。"),
    },
}

# %%
ssc, results = start(inbox)
with open(inbox / "slow.txt", "w") as slow:
    slow.write("tea 1\n")
    slow.flush()
    wait_for("tea", ssc, results)
    slow.write("tea 10\n")
publish("last.txt", "coffee 2")
wait_for("coffee", ssc, results)
ssc.stop()
confirm("half a file", dict(results)["tea"])

# %% [markdown] lang="en"
# The cure is the `publish` from above: write elsewhere on the same disk, or under a hidden name, and *move* when the file
# is complete. On HDFS a move is all at once, too; in an object store such as S3 a move is a copy, but there a file
# appears only when it is complete, so write it directly.
#
# **A marker file.** Another Spark job saves its result into the directory: first the data, then an empty file with the
# name `_SUCCESS`, which says that all is there. Then comes an ordinary file of tea for 5. How much tea does the program
# print in all?

# %% [markdown] lang="zh"
# 解决办法就是上面的 `publish`：在同一磁盘的别处写，或用隐藏的名字写，完整之后再*移动*。在 HDFS 上，移动也是一次完成的；
# 在 S3 之类的对象存储中，移动其实是复制，但那里的文件只有完整之后才会出现，所以直接写就好。
#
# **标记文件。** 另一个 Spark 作业（job）把结果存进这个目录：先是数据，然后是一个名为 `_SUCCESS` 的空文件，表示全部写完。
# 接着来了一个普通文件，tea 5。程序一共打印出多少 tea？

# %% predict="tea beside a marker"
{
    "answer": 5,
    "why": (
        "The driver hides names with a dot, not those with an underscore; but what then reads the files does hide those, "
        "and finds no such file. So the job of the batch cannot be made, and the data taken with it are not read by any "
        "batch.",
        "驱动程序隐藏以点开头的名字，不隐藏以下划线开头的；而随后读取文件的部分却会隐藏后者，于是找不到这个文件。"
        "这个批次的作业因此无法生成，与它一同取走的数据也不会再被任何批次读取。",
    ),
    "mistakes": {
        9: (
            "An empty file does no harm, you would think. Who reads names that begin with an underscore?",
            "按理说空文件没有害处。但以下划线开头的名字由谁来读？",
        ),
        4: ("That is the tea of the batch that fails.", "那是失败的批次中的 tea。"),
    },
}

# %%
files = {
    "sim://orders/part-00000": (1.2, "tea 4"),
    "sim://orders/_SUCCESS": (1.3, ""),
    "sim://orders/b.txt": (3.0, "tea 5"),
}
run = simulated(files, until=7)
show(run)
printed = [line for second in (2, 4, 6) for line in run.output[second].splitlines() if "tea" in line]
confirm("tea beside a marker", sum(int(line.split()[1].rstrip(")")) for line in printed))

# %% [markdown] lang="en"
# There is no batch of second 2. On Spark the driver's log says why; here the trace does:

# %% [markdown] lang="zh"
# 没有第 2 秒的批次。在 Spark 上，驱动程序的日志会说明原因；这里由运行记录（trace）说明：

# %%
for failure in run.trace.of(JobGenerationFailed):
    print(f"batch of second {failure.batch_time_ms // 1000}: {failure.message}")

# %% [markdown] lang="en"
# The later batches go on, as here, until the main program ends; and one that waits in `awaitTermination` gets this error,
# and usually ends with it.

# %% [markdown] lang="zh"
# 以后的批次照常进行，如这里所示，直到主程序结束；而在 `awaitTermination` 中等待的主程序会收到这个错误，通常就此结束。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Every input stream but files has a receiver."** `queueStream` (lesson 2) and the direct streams of Kafka (lesson 18)
# have none either. *Source: only subclasses of `ReceiverInputDStream` have one.*
#
# **"A new file is one that was not there before."** It is one with a new time of modification. `mv` keeps the old time,
# so a file from yesterday, moved in today, is never read; `cp` gives a new one, but a batch may see a
# file that is half copied. *Source: `FileInputDStream.isNewFile`.*
#
# **"Subdirectories are ignored."** Files that come into an old subdirectory are. But to Spark's listing a *new*
# subdirectory looks like a new file, and is read with all that it holds at this moment:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“除文件以外，每个输入流都有接收器。”** `queueStream`（第 2 课）和 Kafka 的直连流（第 18 课）也没有。
# *来源：只有 `ReceiverInputDStream` 的子类才有接收器。*
#
# **“新文件就是以前不在那里的文件。”** 是修改时间新的文件。`mv` 保留旧的时间，所以昨天的文件今天移进来，永远不会被读取；
# `cp` 会给一个新的时间，但批次可能看到只复制了一半的文件。*来源：`FileInputDStream.isNewFile`。*
#
# **“子目录会被忽略。”** 旧的子目录里新来的文件确实会被忽略。但在 Spark 列目录时，一个*新的*子目录看起来就像一个新文件，
# 它会连同此刻里面的一切一起被读取：

# %%
files = {"sim://orders/a.txt": (0.5, "cake 3"), "sim://orders/sub/b.txt": (2.5, "tea 4")}
show(simulated(files, until=5))

# %% [markdown] lang="en"
# *Source: `FileInputDStream.findNewFiles` lists a directory one level deep and does not ask what an entry is.*
#
# ## Where the model departs from a cluster
#
# Which file is taken by which batch follows Spark's rule. In the model listing a directory and opening a file take no
# time; on a cluster the driver lists it before every batch, and with thousands of files that takes seconds, which delay
# the batch, so move files away when they are done. A real file system may also count modification times in whole seconds,
# and its clock may differ from the driver's: a file from the future has to wait.

# %% [markdown] lang="zh"
# *来源：`FileInputDStream.findNewFiles` 只列出一层目录，并不问每一项是什么。*
#
# ## 模型与集群的不同
#
# 哪个文件由哪个批次取走，遵循 Spark 的规则。在模型中，列目录和打开文件不花时间；在集群上，驱动程序在每个批次之前都要列一次目录，
# 文件成千上万时要几秒钟，批次也因此推迟，所以处理完的文件要移走。真实的文件系统可能以整秒记录修改时间，
# 它的时钟也可能与驱动程序的不同：来自未来的文件必须等待。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Your program was started at noon. At 12:10 somebody moves in three files, last modified at 11:55, 12:05 and 12:09:30.
# Batches are due every 10 s. Which are read?
#
# <details><summary>Answer</summary>
#
# Only the one of 12:09:30. The first one is older than the program, the second older than 60 s.
# </details>
#
# 2. Why does a program with `textFileStream` run on `local[1]`, and one with `socketTextStream` not?
#
# <details><summary>Answer</summary>
#
# A receiver is a task that keeps a core for ever. Files are listed by the driver, which needs no core of an executor; so
# the only core is free to read them.
# </details>
#
# 3. Somebody appends a line to `orders.log` in the directory every second. What does the program see?
#
# <details><summary>Answer</summary>
#
# What was in the file when the first batch took it, and nothing more. To follow a file that grows, use another source.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 你的程序在正午启动。12:10 有人移进三个文件，最后修改时间是 11:55、12:05 和 12:09:30。每 10 秒一个批次。哪些会被读取？
#
# <details><summary>答案</summary>
#
# 只有 12:09:30 的那个。第一个早于程序启动，第二个超过了 60 秒。
# </details>
#
# 2. 为什么用 `textFileStream` 的程序能在 `local[1]` 上运行，而用 `socketTextStream` 的不能？
#
# <details><summary>答案</summary>
#
# 接收器是一个永远占住一个核心的任务。文件由驱动程序列出，不需要执行器的核心；所以唯一的核心可以用来读文件。
# </details>
#
# 3. 有人每秒向目录中的 `orders.log` 追加一行。程序看到什么？
#
# <details><summary>答案</summary>
#
# 第一个取走它的批次看到的那些内容，此后再也没有。要跟踪一个不断增长的文件，请用别的数据源。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 4](../../exercises/en/ex04_files.ipynb): write Spark's rule for new files, find files that are never read, and
# bring one in safely. `sparksim grade 04` says how far you are. Next: lesson 5, a receiver of your own.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 4](../../exercises/zh/ex04_files.ipynb)：写出 Spark 判断新文件的规则，找出永远不会被读取的文件，并把一个文件安全地放进去。
# `sparksim grade 04` 会告诉你做到了哪一步。下一课是第 5 课：自己写一个接收器。
