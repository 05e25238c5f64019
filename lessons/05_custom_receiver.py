# %% [markdown] lang="en"
# # 5. A receiver of your own
#
# **The question.** Your data come from something that Spark has never heard of: a thermometer, a message queue, a web
# service. What do you have to write so that they become a stream? And when the source goes away, or your own code
# fails, what does Spark do for you, and what does it leave to you?
#
# *About 40 minutes. You need lesson 3 (receiver, buffer, block).*

# %% [markdown] lang="zh"
# # 5. 自己写一个接收器
#
# **问题。** 你的数据来自 Spark 从未听说过的东西：温度计、消息队列、网络服务。要写些什么，它们才能变成一条流？
# 当数据源消失，或者你自己的代码出错时，Spark 会替你做什么，又有什么要你自己来做？
#
# *约 40 分钟。需要第 3 课（接收器、缓冲区、数据块）。*

# %%
from sparksim import SparkContext
from sparksim.course import confirm, lesson, predict
from sparksim.sim import (
    Acknowledged,
    Cluster,
    Constant,
    ExecutorCrash,
    ReceiverCrash,
    Replay,
    Simulation,
    SourceOutage,
)
from sparksim.streaming import Receiver, StreamingContext

SEED = 1
lesson("05", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#             one task, which keeps one core of one executor
#            ┌───────────────────────────────────────────────────────────────┐
#   driver ─▶│ onStart() ──starts──▶ your thread:                            │
#            │    ▲                    while not isStopped():                │──▶ blocks
#            │    │ 2 s later              store(what has come)              │
#            │ onStop() ◀── restart("why") ──┤                               │
#            └────────────────────────────── │ ──────────────────────────────┘
#   driver ◀── onStop(), the task is over ◀──┘ stop("why")
#      └─────▶ and it starts the receiver anew, on any executor
# ```
#
# You write a class with two methods. **`onStart`** starts what receives, usually a thread, and returns at once.
# **`onStop`** cleans up. In between your thread calls **`store`** for what comes. When something goes wrong, it calls
# **`restart`**: then Spark calls `onStop`, waits for two seconds, and calls `onStart`, in the same task.
# **`isStopped()`** tells a thread that it is time to end.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#             one task, which keeps one core of one executor
#            ┌───────────────────────────────────────────────────────────────┐
#   driver ─▶│ onStart() ──starts──▶ your thread:                            │
#            │    ▲                    while not isStopped():                │──▶ blocks
#            │    │ 2 s later              store(what has come)              │
#            │ onStop() ◀── restart("why") ──┤                               │
#            └────────────────────────────── │ ──────────────────────────────┘
#   driver ◀── onStop(), the task is over ◀──┘ stop("why")
#      └─────▶ and it starts the receiver anew, on any executor
# ```
#
# 你要写一个类，有两个方法。**`onStart`** 启动负责接收的东西，通常是一个线程，然后立即返回。**`onStop`** 负责清理。
# 其间，你的线程每收到东西就调用 **`store`**。出了问题就调用 **`restart`**：Spark 会调用 `onStop`，等两秒，再调用 `onStart`，
# 都在同一个任务（task）里。**`isStopped()`** 告诉线程该结束了。

# %% [markdown] lang="en"
# ## The program, live
#
# A thermometer that is read every 0.3 s. `start_thread` and `sleep` belong to `Receiver` here, so that the same class runs
# on your clock and in virtual time; in Java or Scala you would write `new Thread` and `Thread.sleep`. (PySpark itself has
# no custom receivers: there you write this class in Java or Scala, or put Kafka in between.)

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 一个温度计，每 0.3 秒读一次。这里 `start_thread` 和 `sleep` 是 `Receiver` 的方法，所以同一个类既能按你的时钟运行，
# 也能在虚拟时间中运行；在 Java 或 Scala 中你会写 `new Thread` 和 `Thread.sleep`。
# （PySpark 本身没有自定义接收器：要么用 Java 或 Scala 写这个类，要么在中间放一个 Kafka。）


# %%
class Thermometer(Receiver):
    def onStart(self):
        self.start_thread(self.measure)  # and return at once

    def onStop(self):
        pass  # measure ends by itself

    def measure(self):
        degrees = 20.0
        while not self.isStopped():
            self.store(degrees)
            degrees += 0.5
            self.sleep(0.3)


# %%
ssc = StreamingContext(SparkContext("local[2]", "thermometer"), 1)
readings = []
ssc.receiverStream(Thermometer()).foreachRDD(lambda rdd: readings.extend(rdd.collect()))
ssc.start()
while len(readings) < 8:
    ssc.awaitTerminationOrTimeout(0.1)
ssc.stop()
readings[:8]

# %% [markdown] lang="en"
# ## Predict
#
# Now a receiver that reads lines from a server, as that of `socketTextStream` does: when it cannot connect, or the
# connection ends, it asks for a restart.

# %% [markdown] lang="zh"
# ## 预测
#
# 现在是一个从服务器读取行的接收器（receiver），与 `socketTextStream` 的接收器一样：连接不上，或者连接结束，就请求重启。


# %%
class LineReceiver(Receiver):
    def __init__(self, host, port):
        super().__init__()  # or super().__init__(StorageLevel...): how blocks are stored
        self.host, self.port = host, port

    def onStart(self):
        self.start_thread(self.receive)

    def onStop(self):
        pass  # the connection is closed for us, and then receive ends

    def receive(self):
        try:
            connection = self.connect(self.host, self.port)
            while not self.isStopped() and (line := connection.read()) is not None:
                self.store(line)
        except OSError as error:
            self.restart("cannot connect", error)
        else:
            if not self.isStopped():
                self.restart("the server has hung up")


# %% [markdown] lang="en"
# The server sends 10 lines per second, and keeps nothing. At 5.0 s it hangs up; at 6.0 s it is there again. How many
# lines are lost because of this?

# %% [markdown] lang="zh"
# 服务器每秒发送 10 行，什么也不保留。5.0 秒时它挂断，6.0 秒时恢复。因此丢失了多少行？

# %% predict="lost lines"
{
    "answer": 20,
    "within": 2,
    "why": (
        "The receiver waits for two seconds, whether the server is back or not. So it misses what is sent from 5.0 to "
        "7.0 s.",
        "不管服务器是否恢复，接收器都等两秒。所以从 5.0 到 7.0 秒发出的都错过了。",
    ),
    "mistakes": {
        10: (
            "The server is back after one second. But when does the receiver try again?",
            "服务器一秒后就恢复了。但接收器什么时候再试？",
        ),
        0: (
            "A socket keeps nothing for those who are not connected.",
            "套接字不会为没有连接的人保留任何东西。",
        ),
    },
}

# %% [markdown] lang="en"
# Another receiver has done its duty after four readings, and calls `stop("done")`. What happens then: is this `"the end"`
# of its readings, or do they `"go on"`?

# %% [markdown] lang="zh"
# 另一个接收器读了四次之后完成了任务，调用 `stop("done")`。然后会怎样：读数到此结束（写 `"the end"`），还是继续到来（写 `"go on"`）？

# %% predict="after stop"
{
    "answer": "go on",
    "why": (
        "stop() ends the task of the receiver, and the driver does what it does whenever this task is over: it starts the "
        "receiver anew, somewhere. A receiver cannot retire.",
        "stop() 结束接收器的任务，而只要这个任务结束，驱动程序（driver）都会做同一件事：在某处重新启动接收器。接收器无法退休。",
    ),
    "mistakes": {
        "the end": (
            "For the driver it is a task that has ended, and it wants one to run.",
            "对驱动程序来说，这是一个结束了的任务，而它要的是始终有一个在运行。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors with two cores each. First the server that is away for a second.

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器（executor），每个两个核心（core）。先看离开一秒的服务器。


# %%
def simulated(program, load=None, *, faults=(), batch=2.0, until=13):
    return Simulation(
        program,
        network={"localhost:9999": load or Constant(rate=10)},
        batch=batch,
        cluster=Cluster(executors=3, cores=2),
        faults=faults,
        seed=SEED,
    ).run(until=until)


def count_lines(ssc):
    ssc.receiverStream(LineReceiver("localhost", 9999)).count().pprint()


def lost_after(run, second):
    """Lines that were lost after the first seconds, in which no receiver is up yet."""
    return sum(line.outcome == "lost" for line in run.delivery.records[second * 10 :])


run = simulated(count_lines, faults=[SourceOutage("localhost:9999", at=5, duration=1)])
confirm("lost lines", lost_after(run, 1))
run.receivers

# %%
run.figure(start=3, end=10)

# %% [markdown] lang="en"
# Two lives of one receiver, on the same executor, two seconds apart (`spark.streaming.receiverRestartDelay`). What was
# in the buffer survived: a restart stays inside the task, and the block generator goes on. On the timeline, click a line
# that was sent at 5.5 s, and one of 6.5 s: why is each of them lost?

# %% [markdown] lang="zh"
# 同一个接收器的两次生命，在同一个执行器上，相隔两秒（`spark.streaming.receiverRestartDelay`）。
# 缓冲区里的内容保住了：重启发生在任务内部，数据块（block）生成器照常工作。在时间线上点击 5.5 秒发出的一行，再点击 6.5 秒的一行：
# 它们各自为什么丢失？

# %%
run.timeline()

# %% [markdown] lang="en"
# Compare the restart with something that sounds far worse, the death of the whole executor:

# %% [markdown] lang="zh"
# 把重启与听起来糟糕得多的事情比较一下，整个执行器死亡：

# %%
crashed = simulated(count_lines, faults=[ExecutorCrash("receiver", at=5)])
print(f"lost with the executor: {lost_after(crashed, 1)} lines")
crashed.receivers

# %% [markdown] lang="en"
# Here the driver starts the receiver on another executor as soon as it has noticed: no pause of two seconds, but what was
# in the buffer is gone. And now the receiver that calls `stop`:

# %% [markdown] lang="zh"
# 这里驱动程序一发现就在另一个执行器上启动接收器：没有两秒的等待，但缓冲区里的内容没有了。再看调用 `stop` 的接收器：


# %%
class FourReadings(Thermometer):
    def measure(self):
        for degrees in (20.0, 20.5, 21.0, 21.5):
            self.store(degrees)
            self.sleep(0.5)
        self.stop("done")


def count_readings(ssc):
    ssc.receiverStream(FourReadings()).count().pprint()


run = simulated(count_readings)
confirm("after stop", "go on" if sum(run.batches.column("records")) > 4 else "the end")
run.receivers

# %% [markdown] lang="en"
# ### Reliable and unreliable
#
# A message queue keeps each message until somebody *acknowledges* it, and delivers it again if that somebody dies. This
# is worth as much as the moment of the acknowledgement is well chosen. Two receivers for the same queue (both leave out
# what `LineReceiver` does about errors):

# %% [markdown] lang="zh"
# ### 可靠与不可靠
#
# 消息队列保留每条消息，直到有人*确认*（acknowledge）它；如果那人死了，就再投递一次。这有多大价值，取决于在什么时刻确认。
# 同一个队列的两个接收器（都省去了 `LineReceiver` 对错误的处理）：


# %%
class Hasty(LineReceiver):
    def receive(self):
        connection = self.connect(self.host, self.port)
        while (message := connection.read()) is not None:
            self.store(message)  # into the buffer: stored when the block is cut
            connection.acknowledge()


class Careful(LineReceiver):
    def receive(self):
        connection = self.connect(self.host, self.port)
        messages = []
        while (message := connection.read()) is not None:
            messages.append(message)
            if len(messages) == 5:
                self.store(messages)  # a list is a block: returns when it is stored
                connection.acknowledge()
                messages = []


def hasty(ssc):
    ssc.receiverStream(Hasty("localhost", 9999)).count().pprint()


def careful(ssc):
    ssc.receiverStream(Careful("localhost", 9999)).count().pprint()


# %% [markdown] lang="en"
# 20 messages per second come. The executor of the receiver dies at 7.37 s. How many messages does the *careful* receiver
# lose?

# %% [markdown] lang="zh"
# 每秒到来 20 条消息。接收器所在的执行器在 7.37 秒死亡。*谨慎的*（careful）接收器会丢失多少条消息？

# %% predict="lost by the careful one"
{
    "answer": 0,
    "why": (
        "What it had read and not stored was not acknowledged, so the queue delivers it again, to the next receiver.",
        "它读到而没有存好的消息没有确认，所以队列会把它们再投递给下一个接收器。",
    ),
    "mistakes": {
        3: (
            "Three had been read and were not stored. But what does the queue do with messages that nobody acknowledged?",
            "有三条读到了还没有存。但没有人确认的消息，队列会怎么处理？",
        ),
        5: (
            "The list in its memory is gone. But the queue still has those messages.",
            "内存里的列表没了。但队列还留着那些消息。",
        ),
    },
}

# %%
for moment in (7.37, 7.2105):
    print(f"the executor dies at {moment} s")
    for program in (hasty, careful):
        crash = ExecutorCrash("receiver", at=moment)
        delivery = simulated(program, Acknowledged(Constant(rate=20)), faults=[crash]).delivery
        lost, repeated = delivery.count("lost"), delivery.count("n times")
        print(f"{program.__name__:>11}: {lost} messages lost, {repeated} processed twice")
        if (moment, program) == (7.37, careful):
            lost_by_careful = lost
confirm("lost by the careful one", lost_by_careful)

# %% [markdown] lang="en"
# The hasty receiver acknowledges messages that lie in a buffer, and loses them. The careful one loses nothing, and pays
# for it at one unlucky moment: 7.2105 s lies between the end of `store` and the acknowledgement. Its block was safe, but
# the queue did not know, and delivered the messages again. This is **at least once**, and as much as a receiver can do.
# (A real one stores what it has also when some time has passed and fewer messages have come, as does the one that is ready
# for use: `sparksim.streaming.queue_receiver`.)

# %% [markdown] lang="zh"
# 急躁的（hasty）接收器确认了还在缓冲区里的消息，于是丢了它们。谨慎的接收器什么也没丢，代价出现在一个不走运的时刻：
# 7.2105 秒正好在 `store` 结束与确认之间。它的数据块已经安全，但队列不知道，又投递了一次。这就是**至少一次**（at least once），
# 接收器最多能做到这样。（真正的接收器在过了一段时间、消息还不够时也会存储；`sparksim.streaming.queue_receiver` 里有一个现成的，就是这样做的。）

# %% [markdown] lang="en"
# ## Break it
#
# A receiver that turns each line into a number before it stores it, without `try`. The lines are `1`, `2`, `three`, `4`.
# What dies on a cluster when `int("three")` raises: only the `"thread"`, the `"receiver"`, or the whole `"executor"`?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 一个接收器在存储之前把每一行变成数，没有写 `try`。四行是 `1`、`2`、`three`、`4`。在集群上，`int("three")` 抛出异常时，
# 死掉的是什么：只是线程（写 `"thread"`），接收器（写 `"receiver"`），还是整个执行器（写 `"executor"`）？

# %% predict="what dies"
{
    "answer": "executor",
    "why": (
        "An executor ends its whole process when an exception leaves any of its threads: with it go the tasks that run "
        "there and the blocks that it keeps. Then the receiver starts elsewhere.",
        "执行器的任何一个线程有异常逃出时，它会结束整个进程：在那里运行的任务和保存的数据块都随之而去。然后接收器在别处启动。",
    ),
    "mistakes": {
        "thread": (
            "So it is in local mode: the thread is gone, the receiver looks alive, and nothing comes any more.",
            "本地模式下是这样：线程没了，接收器看起来还活着，却什么也不再到来。",
        ),
        "receiver": (
            "A receiver ends when it calls stop or restart. Nobody did.",
            "接收器在调用 stop 或 restart 时才结束。这里没有人调用。",
        ),
    },
}


# %%
class NumberReceiver(LineReceiver):
    def receive(self):
        connection = self.connect(self.host, self.port)
        while (line := connection.read()) is not None:
            self.store(int(line))


def count_numbers(ssc):
    ssc.receiverStream(NumberReceiver("localhost", 9999)).count().pprint()


run = simulated(count_numbers, Replay([(1, "1"), (3, "2"), (5, "three"), (7, "4")]), until=9)
died = len(run.executors.where(lambda executor: executor.removed_ms is not None))
confirm("what dies", "executor" if died else "receiver" if len(run.receivers) > 1 else "thread")
for executor in run.executors:
    end = executor.removed_ms or "the end"
    print(f"executor {executor.executor_id}: from {executor.added_ms} ms to {end}")

# %%
run.figure(start=2)

# %% [markdown] lang="en"
# The cluster starts executor 4 in place of the dead one, and the receiver goes on elsewhere. All of this for one bad line.
# So catch what your code may raise: a line that cannot be read is no reason to end. Say so with `reportError`, and go on;
# or call `restart` with the error, where a new connection may help.

# %% [markdown] lang="zh"
# 集群启动执行器 4 来代替死掉的执行器，接收器在别处继续。而这一切只因为一行坏数据。
# 所以要捕获你的代码可能抛出的异常：读不懂的一行不是结束的理由。用 `reportError` 报告，然后继续；
# 如果重新连接可能有用，就带着错误调用 `restart`。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"`onStart` receives."** It starts what receives. While it has not returned, Spark can neither stop nor restart this
# receiver: both wait for it. *Source: `ReceiverSupervisor.startReceiver` and `stopReceiver` are synchronized on the same
# object.*
#
# **"The loop ends when `isStopped()` returns false."** So says a comment that is copied from example to example. It ends
# when `isStopped()` has become *true*. *Source: `ReceiverSupervisor.isReceiverStopped`.*
#
# **"Once stopped, `isStopped()` stays true."** After a restart it is false again. A thread that asks only every three
# seconds sleeps through the two seconds of a restart, and goes on beside the new one. The receiver is restarted at 13 s:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“`onStart` 负责接收。”** 它启动负责接收的东西。在它返回之前，Spark 既不能停止也不能重启这个接收器：两者都要等它。
# *来源：`ReceiverSupervisor.startReceiver` 和 `stopReceiver` 在同一个对象上同步（synchronized）。*
#
# **“`isStopped()` 返回 false 时循环结束。”** 有一条注释这么写，从一个例子抄到另一个例子。其实是 `isStopped()` 变为 *true* 时结束。
# *来源：`ReceiverSupervisor.isReceiverStopped`。*
#
# **“一旦停止，`isStopped()` 就一直为 true。”** 重启之后它又是 false。每三秒才问一次的线程会睡过重启的两秒，然后与新线程一起继续运行。
# 下面的接收器在 13 秒重启：


# %%
class SleepyThermometer(Thermometer):
    def measure(self):
        while not self.isStopped():
            self.store(20.0)
            self.sleep(3.0)


def count_sleepy(ssc):
    ssc.receiverStream(SleepyThermometer()).count().pprint()


run = simulated(count_sleepy, faults=[ReceiverCrash(at=13)], batch=6.0, until=37)
print("readings per batch of 6 s:", run.batches.column("records"))

# %% [markdown] lang="en"
# Before the restart there are two readings per batch, after it four, for ever: two threads measure. Sleep in short steps, or give each thread a flag of its own that
# `onStop` sets.
#
# **"`stop()` ends a receiver."** See above: the driver starts it again. *Source: `ReceiverTracker.startReceiver`, where
# its job has ended.*
#
# **"When a block cannot be stored, my thread hears of it."** With `store(list)`, yes, it raises. With `store(record)` it
# happens later, in a thread of Spark's; that thread reports the error and ends, and from then on nothing is stored, while
# your thread goes on receiving. *Source: `BlockGenerator.keepPushingBlocks`.*
#
# **"`MEMORY_ONLY` is fine for a receiver."** Then there is one copy, which dies with its executor, and what finds no room
# in memory is lost. The default of `socketTextStream` has two copies and goes to disk.

# %% [markdown] lang="zh"
# 重启之前每个批次有两个读数，之后一直是四个：有两个线程在测量。请分成小段来睡，或者给每个线程一个自己的标志，由 `onStop` 来设置。
#
# **“`stop()` 会结束接收器。”** 见上文：驱动程序会再启动它。*来源：`ReceiverTracker.startReceiver` 中作业（job）结束之处。*
#
# **“数据块存不下时，我的线程会知道。”** 用 `store(list)` 时是的，它会抛出异常。用 `store(record)` 时，失败发生在稍后、Spark 自己的线程中；
# 那个线程报告错误后就结束，从此什么也不再存储，而你的线程还在继续接收。*来源：`BlockGenerator.keepPushingBlocks`。*
#
# **“接收器用 `MEMORY_ONLY` 就行。”** 那样只有一份副本，随执行器一起消失；内存放不下的也会丢失。`socketTextStream` 的默认级别有两份副本，
# 放不下就写磁盘。

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# The life of a receiver follows Spark's rules, with one difference: here a receiver whose `onStart` blocks can be
# stopped all the same. In the model the connections that `connect` has opened are closed when the receiver stops; your
# own class must do that in `onStop`, or a thread that waits in `read` never looks at `isStopped()`. The death of an
# executor is noticed after 0.1 s here; on a cluster that takes two to three minutes if the machine is gone without a word.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 接收器的一生遵循 Spark 的规则，只有一点不同：这里即使 `onStart` 阻塞，接收器也能被停止。在模型中，`connect` 打开的连接会在接收器停止时关闭；
# 你自己的类必须在 `onStop` 里关闭它，否则在 `read` 中等待的线程永远不会去看 `isStopped()`。
# 执行器的死亡在这里 0.1 秒后被发现；在集群上，如果机器一声不响地消失，要两到三分钟。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. The server is away from 5.0 to 7.5 s instead. When does the receiver read again?
#
# <details><summary>Answer</summary>
#
# At 9.0 s: the attempt of 7.0 s fails, and the next one comes two seconds later.
# </details>
#
# 2. Why does the careful receiver store lists, and not single messages?
#
# <details><summary>Answer</summary>
#
# `store(list)` returns when the block is stored and the driver knows of it, so it is safe to acknowledge. `store(message)`
# returns when the message is in the buffer. And one block per message would mean one task per message.
# </details>
#
# 3. A receiver reads 50,000 messages per second with `store(list)`, and `spark.streaming.receiver.maxRate` is 1000. What
# happens?
#
# <details><summary>Answer</summary>
#
# It goes on reading 50,000: limits hold for `store(record)` only. A receiver that stores lists has to limit itself.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 如果服务器在 5.0 到 7.5 秒之间不在，接收器什么时候又能读到数据？
#
# <details><summary>答案</summary>
#
# 9.0 秒：7.0 秒的那次尝试失败，下一次在两秒之后。
# </details>
#
# 2. 为什么谨慎的接收器存储列表，而不是单条消息？
#
# <details><summary>答案</summary>
#
# `store(list)` 返回时，数据块已经存好，驱动程序也知道了，所以可以放心确认。`store(message)` 返回时，消息只是在缓冲区里。
# 而且每条消息一个数据块，就意味着每条消息一个任务。
# </details>
#
# 3. 一个接收器用 `store(list)` 每秒读取 50,000 条消息，而 `spark.streaming.receiver.maxRate` 是 1000。会怎样？
#
# <details><summary>答案</summary>
#
# 它照样读取 50,000 条：限速只对 `store(record)` 有效。存储列表的接收器必须自己限速。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 5](../../exercises/en/ex05_custom_receiver.ipynb): write a receiver for two servers, one that comes back, and
# one that loses nothing. `sparksim grade 05` says how far you are. Next: lesson 6, what can be done to a stream.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 5](../../exercises/zh/ex05_custom_receiver.ipynb)：写一个读取两个服务器的接收器，一个会重新连接的接收器，以及一个什么都不丢的接收器。
# `sparksim grade 05` 会告诉你做到了哪一步。下一课是第 6 课：可以对流做些什么。
