# %% [markdown] lang="en"
# # 20. Stability: when batches come faster than they can be processed
#
# **The question.** A program has counted lines for weeks. Then the load grows by half, and an hour later its results are
# twenty minutes old. No error, nothing in the log. Where do the twenty minutes come from, which knob would have helped,
# and which knob only hides the trouble?
#
# *About 45 minutes. You need lessons 3, 13 (blocks and tasks; receivers that die) and a pencil.*

# %% [markdown] lang="zh"
# # 20. 稳定性：当批次来得比处理得快
#
# **问题。** 一个程序数了几个星期的行，一切正常。后来负载增加了一半，一小时之后，它的结果已经是二十分钟前的了。
# 没有错误，日志里什么也没有。这二十分钟从哪里来？哪个旋钮能帮上忙？哪个旋钮只是把问题藏起来？
#
# *约 45 分钟。需要第 3、13 课（数据块与任务；会死掉的接收器）和一支铅笔。*

# %%
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt

from sparksim.course import confirm, lesson, live, predict
from sparksim.lab import lab
from sparksim.sim import (
    Acknowledged,
    Burst,
    Cluster,
    Constant,
    ReceiverCrash,
    Replay,
    Simulation,
    simulate_script,
    stability,
    sweep,
    work,
)
from sparksim.streaming.queue_receiver import QueueReceiver

SEED = 1
lesson("20", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
#  a batch is due every 10 signs
#
#  stable: each takes 7      |▓▓▓▓▓▓▓   |▓▓▓▓▓▓▓   |▓▓▓▓▓▓▓   |▓▓▓▓▓▓▓
#
#  unstable: each takes 13   |▓▓▓▓▓▓▓▓▓▓▓▓▓
#                                       |···▓▓▓▓▓▓▓▓▓▓▓▓▓
#                                                  |······▓▓▓▓▓▓▓▓▓▓▓▓▓
#                            each waits longer (·) than the one before
# ```
#
# Batches come with the clock. They do not wait for each other to be made, only to be *run*: one after the other. So there
# is one condition above all others: **the processing time of a batch must be below the batch interval**. If it is, the
# time that a batch waits (its *scheduling delay*) is zero. If it is not, each batch waits longer than the one before, for
# ever. A short excess, a burst, is no harm: the delay grows and falls back.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
#  a batch is due every 10 signs
#
#  stable: each takes 7      |▓▓▓▓▓▓▓   |▓▓▓▓▓▓▓   |▓▓▓▓▓▓▓   |▓▓▓▓▓▓▓
#
#  unstable: each takes 13   |▓▓▓▓▓▓▓▓▓▓▓▓▓
#                                       |···▓▓▓▓▓▓▓▓▓▓▓▓▓
#                                                  |······▓▓▓▓▓▓▓▓▓▓▓▓▓
#                            each waits longer (·) than the one before
# ```
#
# 批次（batch）随时钟而来。它们的产生不需要互相等待，只有*运行*时才排队：一个接一个。所以有一个条件高于一切：
# **批次的处理时间（processing time）必须小于批次间隔（batch interval）**。满足时，批次等待的时间，即*调度延迟*（scheduling delay），为零；
# 不满足时，每个批次都比前一个等得更久，永无止境。短时间的超出，即一次突发，没有关系：延迟（delay）先增大，再回落。

# %% [markdown] lang="en"
# ## The program, live
#
# Counting lines costs almost nothing, so let each line cost something: `work(seconds)` keeps the core that runs it busy,
# really on your machine, virtually in a simulation. Here a line costs 0.35 s. Four lines come per second, and of the two
# cores one belongs to the receiver. So a batch of one second needs 1.4 s.

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 数行数几乎没有代价，所以让每一行都有点代价：`work(秒数)` 让运行它的核心（core）一直忙着，在你的机器上是真忙，在模拟中是虚拟地忙。
# 这里一行花 0.35 秒。每秒来四行，两个核心中有一个属于接收器（receiver）。于是一秒的批次需要 1.4 秒。


# %%
def counting(seconds_per_line):
    def parse(line):
        work(seconds_per_line)
        return line

    def count_lines(ssc):
        lines = ssc.socketTextStream("localhost", 9999)
        lines.map(parse).count().pprint()

    return count_lines


# %%
typed = [(second + part, "a line") for second in range(3) for part in (0.3, 0.35, 0.4, 0.45)]

run = live(counting(0.35), network={"localhost:9999": Replay(typed)}, batch=1.0, until=3.5)

# %%
waits = [batch.scheduling_delay_ms for batch in run.batches if batch.records]
print("batches with lines:", len(waits))
print("each waited longer than the one before:", waits == sorted(set(waits)))

# %% [markdown] lang="en"
# All is counted, and right; only later and later. That is what makes this trouble hard to notice.

# %% [markdown] lang="zh"
# 全都数到了，也都正确；只是越来越晚。这个毛病难以察觉，原因就在这里。

# %% [markdown] lang="en"
# ## Predict
#
# From here on a line costs 10 ms, and 300 lines come per second. Batches of 1 s, blocks of 0.2 s, a single executor. How
# many cores does it need for the program to be stable? (A task reads one block. Beside its lines it costs little: some
# 20 ms to start, and 1 ms per line to read it.)

# %% [markdown] lang="zh"
# ## 预测
#
# 从现在起一行花 10 毫秒，每秒来 300 行。批次间隔 1 秒，数据块（block）间隔 0.2 秒，一个执行器（executor）。它需要几个核心，程序才稳定？
# （一个任务（task）读一个数据块。除了各行的代价，任务的开销很小：启动约 20 毫秒，读每一行 1 毫秒。）

# %% predict="cores"
{
    "answer": 6,
    "why": (
        "Five blocks, five tasks, each with 60 lines: 0.68 s. On three or four free cores they need two rounds, 1.36 s; "
        "on five, one. And the receiver keeps the sixth.",
        "五个数据块，五个任务，每个 60 行：0.68 秒。空闲核心有三个或四个时需要两轮，即 1.36 秒；有五个时只需一轮。第六个归接收器。",
    ),
    "mistakes": {
        3: (
            "300 lines of 10 ms are 3 s of work per second. But the receiver takes a core, and nothing is left over for "
            "the rest.",
            "300 行、每行 10 毫秒，确实是每秒 3 秒的工作量。但接收器占一个核心，而且没有余量留给其他开销。",
        ),
        4: (
            "Three for the lines and one for the receiver: then all three would have to be busy all the time. Can five "
            "tasks keep three cores busy evenly?",
            "三个处理行、一个给接收器：那么这三个必须时刻都忙。五个任务能让三个核心均匀地忙吗？",
        ),
        5: (
            "Four free cores, five tasks of 0.68 s each. When does the fifth task begin?",
            "四个空闲核心，五个任务各 0.68 秒。第五个任务什么时候开始？",
        ),
    },
}

# %% [markdown] lang="en"
# With five cores a batch takes 1.43 s. The batch of second 2 is the first one that has all its 300 lines, and it does not
# wait. How many seconds does the batch of second 20 wait?

# %% [markdown] lang="zh"
# 有五个核心时，一个批次需要 1.43 秒。第 2 秒的批次是第一个拥有全部 300 行的，它不用等。第 20 秒的批次要等多少秒？

# %% predict="wait"
{
    "answer": 7.75,
    "within": 0.5,
    "why": (
        "Each batch waits 0.43 s longer than the one before: 18 times 0.43 s. After an hour it would be 26 minutes.",
        "每个批次都比前一个多等 0.43 秒：18 乘以 0.43 秒。一小时之后就是 26 分钟。",
    ),
    "mistakes": {
        0.43: (
            "So long batch 3 waits. Batch 4 waits for batch 3 to end, which began late.",
            "第 3 秒的批次等这么久。第 4 秒的批次要等第 3 秒的结束，而后者开始得就晚。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行


# %%
def simulation(*, rate=300, batch=1.0, block=0.2, cores=6, faults=(), conf=None):
    return Simulation(
        counting(0.010),
        network={"localhost:9999": Constant(rate, "a line")},
        batch=batch,
        block=block,
        cluster=Cluster(executors=1, cores=cores),
        faults=faults,
        conf=conf,
        seed=SEED,
    )


def row(run):
    """Of a run's later batches: the median processing time and the last scheduling delay, in s."""
    later = run.batches.where(status="completed")[3:]
    return median(later.column("processing_time_ms")) / 1000, later[-1].scheduling_delay_ms / 1000


table = sweep(simulation(), until=24, cores=[3, 4, 5, 6, 7], processes=1, progress=False)
print("cores   processing time   median delay   stable")
for each in table:
    times = f"{each.processing_time_ms / 1000:>15.2f} s {each.scheduling_delay_ms / 1000:>12.2f} s"
    print(f"{each.cores:>5}   {times}   {each.stable}")
confirm("cores", min(each.cores for each in table if each.stable))

# %% [markdown] lang="en"
# `sweep` simulates every combination of the knobs that it is given. Four cores are as good as five, and six as good as
# seven: what counts is the number of *rounds*. See it on five cores: the fifth task of each batch runs alone, three cores
# have nothing to do, and the next batch is already waiting.

# %% [markdown] lang="zh"
# `sweep` 模拟所给旋钮的每一种组合。四个核心与五个一样，六个与七个一样：要紧的是*轮数*。看看五个核心的情形：
# 每个批次的第五个任务独自运行，三个核心无事可做，而下一个批次已经在等。

# %%
slow = simulation(cores=5).run(until=30)
(batch_20,) = slow.batches.where(batch_time_ms=20_000)
confirm("wait", batch_20.scheduling_delay_ms / 1000)
slow.figure(start=2, end=8)

# %% [markdown] lang="en"
# So with five cores there is a knob that costs nothing. Four blocks per batch in place of five: four tasks, one round.

# %% [markdown] lang="zh"
# 所以，五个核心时有一个不花钱的旋钮：每个批次四个数据块，而不是五个。四个任务，一轮。

# %%
for block in (0.2, 0.25, 0.1, 0.05):
    processing_s, delay_s = row(simulation(cores=5, block=block).run(until=20))
    took = f"{round(1 / block):>2} tasks take {processing_s:.2f} s"
    print(f"blocks of {block:<4} s: {took}; at the end a batch waits {delay_s:.2f} s")

# %% [markdown] lang="en"
# Shorter blocks help less. Ten tasks make three rounds, and the last one is half empty; twenty make five full rounds, and
# pay for twenty starts.
#
# On a real cluster you look at the Streaming tab of Spark's web page. This is that page for the run on five cores. The
# *Processing Time* lies above the dashed line of the batch interval, and *Scheduling Delay* climbs. **These two charts are
# the first thing to look at**, in any program.

# %% [markdown] lang="zh"
# 更短的数据块作用较小：十个任务要三轮，最后一轮空着一半；二十个任务正好五满轮，但要付二十次启动的代价。
#
# 在真实的集群上，你会看 Spark 网页上的 Streaming 标签页。这就是五个核心那次运行的页面。*处理时间*高于批次间隔的虚线，
# *调度延迟*不断上升。**任何程序都先看这两张图**。

# %%
slow.streaming_page(lang="en")

# %% [markdown] lang="en"
# Can another batch interval help? With six cores, of the intervals 0.1, 0.2, 0.5, 1 and 2 s (each with five blocks per
# batch), which is the shortest that is stable?

# %% [markdown] lang="zh"
# 换一个批次间隔有用吗？六个核心时，在 0.1、0.2、0.5、1、2 秒这几个间隔中（每个批次都是五个数据块），稳定的最短间隔是哪个？

# %% predict="interval"
{
    "answer": 0.5,
    "why": (
        "Part of a batch's time does not depend on its lines: making jobs, stages and tasks, here about 0.1 s. An "
        "interval has to be long enough to pay for that.",
        "批次的一部分时间与行数无关：建立作业、阶段和任务，这里约 0.1 秒。间隔必须足够长，才付得起这笔开销。",
    ),
    "mistakes": {
        0.1: (
            "0.1 s is about what a batch costs without any line in it.",
            "0.1 秒差不多就是一个一行都没有的批次的代价。",
        ),
        0.2: (
            "Its lines take two thirds of the interval. What is left, 0.07 s, has to pay for all the rest.",
            "它的各行占去间隔的三分之二。剩下的 0.07 秒要付其余所有的开销。",
        ),
        1: (
            "That one is stable, with a quarter to spare. Does half of it do?",
            "它是稳定的，还有四分之一的余量。一半行不行？",
        ),
    },
}

# %%
INTERVALS = (0.1, 0.2, 0.5, 1.0, 2.0)


def processing_times(cores):
    for batch in INTERVALS:
        yield row(simulation(cores=cores, batch=batch, block=batch / 5).run(until=16 * batch))[0]


measured = {cores: list(processing_times(cores)) for cores in (5, 6)}
pairs = zip(INTERVALS, measured[6], strict=True)
confirm("interval", min(batch for batch, processing_s in pairs if processing_s < batch))

figure, axes = plt.subplots(figsize=(7, 4.2))
for cores, colour in ((5, "tab:red"), (6, "tab:blue")):
    axes.plot(INTERVALS, measured[cores], "o-", color=colour, label=f"{cores} cores")
axes.plot([0, 2], [0, 2], "--", color="grey", label="stability line")
axes.set(xlabel="batch interval (s)", ylabel="processing time (s)", xlim=(0, 2.1), ylim=(0, 3))
axes.legend(loc="upper left")
plt.show()

# %% [markdown] lang="en"
# The dashed line is the **stability line**: processing time = batch interval. Below it a program is stable. The curve of
# six cores begins above it, at the fixed cost, and crosses it between 0.2 and 0.5 s. The curve of five cores runs steeper
# than the line and never crosses it: **a longer interval makes up for overhead, not for a lack of cores**.
#
# What does a longer interval cost? Time: a line waits for the end of its interval, and then for the batch. So choose the
# shortest interval that leaves a reserve, say a third. How large a load would six cores bear with batches of 1 s?
# `stability` finds out, by bisection:

# %% [markdown] lang="zh"
# 虚线是**稳定线**（stability line）：处理时间 = 批次间隔。在它下方程序是稳定的。六个核心的曲线从它上方、从固定开销处开始，
# 在 0.2 与 0.5 秒之间穿过它。五个核心的曲线比它更陡，永远不会穿过：**更长的间隔能弥补开销，不能弥补核心的不足**。
#
# 更长的间隔代价是什么？是时间：一行要等到它的间隔结束，然后再等批次处理完。所以，请选择仍留有余量（比如三分之一）的最短间隔。
# 批次间隔 1 秒时，六个核心能承受多大的负载？`stability` 用二分法找出答案：

# %%
print(stability(simulation(), until=20, low=200, high=600, tolerance=0.2, processes=1, progress=False))

# %% [markdown] lang="en"
# ## Break it
#
# The load cannot be refused, cores cost money; so turn on **backpressure**. After each batch Spark sees how many lines per
# second were processed, and how long the batch waited, and tells the receiver how many to take (a PID controller). It is
# off by default: `spark.streaming.backpressure.enabled`. On five cores:

# %% [markdown] lang="zh"
# ## 弄坏它
#
# 负载不能拒绝，核心又要花钱；那就打开**反压**（backpressure）。每个批次之后，Spark 看到每秒处理了多少行、批次等了多久，
# 再告诉接收器可以取多少（PID 控制器）。它默认是关闭的：`spark.streaming.backpressure.enabled`。五个核心时：

# %%
PRESSED = {"spark.streaming.backpressure.enabled": True}


def show_batches(run, seconds):
    print("batch  lines  waited")
    for each in run.batches.where(status="completed"):
        if each.batch_time_ms / 1000 in seconds:
            waited_s = each.scheduling_delay_ms / 1000
            print(f"{each.batch_time_ms // 1000:>5} {each.records:>6} {waited_s:>6.2f} s")


pressed = simulation(cores=5, conf=PRESSED).run(until=30)
show_batches(pressed, (1, 2, 3, 5, 6, 7, 8, 10, 12, 15, 20, 25, 28))

# %% [markdown] lang="en"
# The first batches come unthrottled: one has to be *done* before anything is known about it, and the first one gives no
# rate at all. Then the controller brakes, works off the queue, and ends at about 200 lines per second, with no delay.
# The Streaming page looks healthy.
#
# But 300 lines are sent every second. How many lines of this run has the receiver not yet taken at second 30?

# %% [markdown] lang="zh"
# 头几个批次不受限制：批次*做完*之后才能知道它的情况，而第一个批次根本不给出速率。之后控制器刹车，消化队列，
# 最后停在每秒约 200 行，没有延迟。Streaming 页面看起来很健康。
#
# 但每秒发送的是 300 行。到第 30 秒时，这次运行中有多少行还没有被接收器取走？

# %% predict="outside"
{
    "answer": 2950,
    "within": 600,
    "why": (
        "About 100 lines more are sent than taken, each second, and the controller first had to work off the queue. The "
        "lines wait before the door: the delay has not gone, it is only not measured any more.",
        "每秒发送的比取走的多约 100 行，而且控制器一开始还要消化队列。这些行在门外等待：延迟并没有消失，只是不再被测量。",
    ),
    "mistakes": {
        0: (
            "300 come, 200 are taken. Where are the others?",
            "来 300 行，取 200 行。其余的在哪里？",
        ),
        100: ("That is what is added every second.", "那是每秒增加的数量。"),
    },
}

# %%
waiting = pressed.delivery.records.where(lambda line: line.outcome == "pending" and not line.block_id)
confirm("outside", len(waiting))

# %% [markdown] lang="en"
# In the model a socket holds any number of lines. A real one holds some hundred kilobytes; then the sender blocks, and has
# to wait or to throw away. Now the receiver fails, at second 25. Which run loses more lines: the one *with* backpressure
# or the one *without*?

# %% [markdown] lang="zh"
# 模型中的套接字能容纳任意多行。真实的只能容纳几百 KB；之后发送方会阻塞，只好等待或丢弃。现在接收器在第 25 秒出错。
# 哪次运行丢失的行更多：*有*反压的（with）还是*没有*反压的（without）？

# %% predict="loses more"
{
    "answer": "with",
    "why": (
        "What the receiver had not taken is gone with its connection. Without backpressure these lines were late, but "
        "they lay in blocks, two copies if you like.",
        "接收器没有取走的行随连接一起消失。没有反压时，这些行虽然迟，却已在数据块里，还可以有两份副本。",
    ),
    "mistakes": {
        "without": (
            "Without it all lines that were sent are in blocks, and a failing receiver does not touch these.",
            "没有反压时，发出的行都在数据块里，接收器出错碰不到它们。",
        ),
    },
}

# %%
lost = {
    title: simulation(cores=5, conf=conf, faults=[ReceiverCrash(at=25)]).run(until=30).delivery
    for title, conf in (("with", PRESSED), ("without", {}))
}

# %%
confirm("loses more", max(lost, key=lambda title: lost[title].count("lost")))
for title, delivery in lost.items():
    print(f"{title} backpressure: {delivery.count('lost')} lines lost")
lost["with"]

# %% [markdown] lang="en"
# **Backpressure bounds the delay inside Spark. It makes nothing faster.** It is right in front of a source that keeps what
# is not taken: Kafka, read directly (lesson 18). Then the backlog is the consumer's lag; watch that.
#
# Another knob of the same family looks harmless: `spark.streaming.backpressure.initialRate`, the rate for the first
# batches. Set it to 100, and do *not* turn backpressure on; six cores, which bear 300 lines per second. How many lines has
# the batch of second 20?

# %% [markdown] lang="zh"
# **反压限制的是 Spark 内部的延迟，它不会让任何东西变快。** 它适合放在会保留未取数据的数据源前面：直接读取的 Kafka（第 18 课）。
# 那时积压就是消费者的滞后（lag），请盯住它。
#
# 同一家族的另一个旋钮看起来无害：`spark.streaming.backpressure.initialRate`，即头几个批次的速率。把它设为 100，
# 但*不*打开反压；六个核心，承受得住每秒 300 行。第 20 秒的批次有多少行？

# %% predict="initial"
{
    "answer": 100,
    "why": (
        "The receiver begins with the initial rate whether backpressure is on or not, and without backpressure nobody "
        "ever tells it another one.",
        "无论反压是否打开，接收器都以初始速率开始；而没有反压时，永远不会有人告诉它另一个速率。",
    ),
    "mistakes": {
        300: (
            "Backpressure is off, so one should think that its settings are not read. This one is.",
            "反压关着，照理说它的设置不会被读取。但这个会。",
        ),
    },
}

# %%
capped = simulation(conf={"spark.streaming.backpressure.initialRate": 100}).run(until=25)
(batch_20,) = capped.batches.where(batch_time_ms=20_000)
confirm("initial", batch_20.records)

# %% [markdown] lang="en"
# Last, a knob that you will find in many a blog: `spark.streaming.concurrentJobs`. More than one batch may run at a time,
# so the cores that are idle in the second round get work. A burst of lines comes at second 5, then calm again:

# %% [markdown] lang="zh"
# 最后是许多博客里都会提到的旋钮：`spark.streaming.concurrentJobs`。多个批次可以同时运行，于是第二轮里闲着的核心有活干了。
# 第 5 秒来一阵突发，然后恢复平静：

# %%
burst = {"localhost:9999": Burst(rate=900, at=5, duration=1, base=60, record="a line")}
for jobs in (1, 4):
    run = simulation(conf={"spark.streaming.concurrentJobs": jobs}).with_(network=burst).run(until=14)
    done = sorted(run.batches.where(status="completed"), key=lambda batch: batch.processing_end_ms)
    longest_s = max(batch.scheduling_delay_ms for batch in done) / 1000
    order = " ".join(str(batch.batch_time_ms // 1000) for batch in done)
    print(f"{jobs} at a time: longest wait {longest_s:.2f} s; batches ended in the order {order}")

# %% [markdown] lang="en"
# With four at a time batch 8 ended before batch 7. A program that stores "the latest count" now keeps an old one; states
# and offsets that rely on the order go wrong in the same way. And it does not add a single core. Spark's
# documentation does not list this setting at all.
#
# So which knob? Look first, then turn:
#
# | what you see | what it is | what helps |
# |---|---|---|
# | all cores busy all the time, long tasks | too few cores | more executors; cheaper code |
# | long tasks, and cores without any | too few tasks | shorter blocks; more receivers, with `ssc.union`; `repartition` |
# | many tasks of some 20 ms, cores idle in between | overhead | longer batch or block interval |
# | the tasks of one executor take many times as long | a slow machine | speculation (lesson 16) |
# | short delay, but the source is ahead | a rate limit | `maxRate`, `initialRate`, then cores |
#
# More receivers help when one cannot take lines fast enough, since each takes a core: two receivers on `local[2]` process
# nothing at all. `repartition` spreads the lines of few blocks over all executors, for the price of a shuffle.

# %% [markdown] lang="zh"
# 同时运行四个时，批次 8 在批次 7 之前结束。保存“最新计数”的程序这时留下的是旧值；依赖顺序的状态（state）和偏移量（offset）也会以同样的方式出错。
# 而且它一个核心也没有增加。Spark 的文档根本没有列出这个设置。
#
# 那么该动哪个旋钮？先看，再调：
#
# | 看到的 | 是什么 | 有用的办法 |
# |---|---|---|
# | 所有核心一直忙，任务很长 | 核心太少 | 更多执行器；更省的代码 |
# | 任务很长，却有核心没有任务 | 任务太少 | 更短的数据块；更多接收器，配合 `ssc.union`；`repartition` |
# | 许多约 20 毫秒的任务，核心在其间闲着 | 固定开销 | 更长的批次间隔或数据块间隔 |
# | 某个执行器的任务耗时是别人的许多倍 | 机器慢 | 推测执行（speculation，第 16 课） |
# | 延迟很短，但数据源遥遥领先 | 速率限制 | `maxRate`、`initialRate`，然后是核心 |
#
# 一个接收器取得不够快时，多几个接收器才有用，因为每个都占一个核心：`local[2]` 上两个接收器，就什么都不处理了。
# `repartition` 把少数数据块里的行分散到所有执行器，代价是一次 shuffle。

# %%
lab(simulation(cores=5), until=20)

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"Backpressure slows every receiver."** It slows records that a receiver stores one by one. A receiver that stores whole
# batches of records, as reliable ones do, is not slowed at all, and neither are files and queues. *Source:
# `ReceiverSupervisorImpl`, where only `pushSingle` goes through the block generator and its rate limiter.* Here is one that
# reads a message queue, with backpressure on:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“反压会让每个接收器慢下来。”** 它只让逐条存储记录的接收器慢下来。整批存储记录的接收器（可靠接收器就是这样）完全不受影响，
# 文件和队列也不受影响。*来源：`ReceiverSupervisorImpl`，其中只有 `pushSingle` 经过数据块生成器和它的速率限制器。*
# 下面是一个读消息队列的接收器，反压已打开：


# %%
def parse(message):
    work(0.010)
    return message


def count_messages(ssc):
    ssc.receiverStream(QueueReceiver("mq", 5672)).map(parse).count().pprint()


queue = {"mq:5672": Acknowledged(Constant(300, "a message"))}
run = simulation(cores=5, conf=PRESSED).with_(network=queue).with_(program=count_messages).run(until=20)
show_batches(run, (2, 6, 10, 13))

# %% [markdown] lang="en"
# **"`initialRate` is a setting of backpressure."** It is one of the receiver's, as you have seen; and the direct streams of
# Kafka do not read it at all. *Source: `RateLimiter.getInitialRateLimit`, `DirectKafkaInputDStream`.*
#
# **"The delay is the total delay on the Streaming page."** That begins when a batch is handed in. The time since a line
# arrived, up to one batch interval, comes on top, and so does the time that it waited before the receiver. *Source:
# `BatchInfo.totalDelay`.*
#
# **"To stop is to stop."** `ssc.stop()` drops what waits in blocks and in queued batches. `ssc.stop(stopGraceFully=True)`
# stops the receivers first, and then works off everything:

# %% [markdown] lang="zh"
# **“`initialRate` 是反压的设置。”** 你已经看到，它是接收器的设置；而 Kafka 的直接流（direct stream）根本不读它。
# *来源：`RateLimiter.getInitialRateLimit`、`DirectKafkaInputDStream`。*
#
# **“延迟就是 Streaming 页面上的总延迟。”** 总延迟从批次提交时算起。一行从到达起等待的时间（最多一个批次间隔）要另外加上，
# 它在接收器之前等待的时间也是。*来源：`BatchInfo.totalDelay`。*
#
# **“停止就是停止。”** `ssc.stop()` 会丢掉数据块里和排队批次里等待的一切。`ssc.stop(stopGraceFully=True)` 先停接收器，再把一切处理完：

# %%
STOPPING = """
import sys
from sparksim import SparkContext
from sparksim.sim import work
from sparksim.streaming import StreamingContext

def parse(line):
    work(0.010)
    return line

ssc = StreamingContext(SparkContext("local[2]", "count"), 1)
ssc.socketTextStream("localhost", 9999).map(parse).count().pprint()
ssc.start()
ssc.awaitTerminationOrTimeout(10)
ssc.stop(stopSparkContext=True, stopGraceFully=sys.argv[1] == "gracefully")
"""

for how in ("at once", "gracefully"):
    with TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text(STOPPING)
        run = simulate_script(
            program,
            args=[how],
            master="sim[1,5]",
            network={"localhost:9999": Constant(300, "a line")},
            until=30,
            seed=SEED,
        )
    received = run.delivery.records.where(lambda line: bool(line.block_id))
    last_s = run.batches[-1].batch_time_ms / 1000
    lines = f"{len(received)} lines received, {run.delivery.count('once')} processed"
    print(f"stopped {how}: {lines}, last batch of second {last_s:g}")

# %% [markdown] lang="en"
# The graceful stop lets the clock go on for up to two more batches. Be patient with it: an overloaded program has a long
# queue to work off. *Source: `JobGenerator.stop`, `RecurringTimer.stop`.*

# %% [markdown] lang="zh"
# 优雅停止会让时钟再走最多两个批次。请对它有耐心：超载的程序有一条长队要处理。*来源：`JobGenerator.stop`、`RecurringTimer.stop`。*

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Here each line costs the same and no task is slower than another. On a cluster times scatter, so that a program at
# 90 % of its interval is unstable now and then; garbage collection and the first batches, before the JVM has warmed up,
# take longer still. Hence the reserve. Our socket holds any number of lines, and our network never fills up. What the
# model gets right is the *rule*: rounds, queue, controller. Where your cluster crosses the stability line only your
# cluster can say: measure processing times for a few rates, and draw the line.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 这里每一行的代价都相同，没有哪个任务比别的慢。在集群上耗时有波动，所以处理时间占间隔 90% 的程序会时不时不稳定；
# 垃圾回收，以及 JVM 预热之前的头几个批次，还要更久。因此要留余量。我们的套接字能容纳任意多行，我们的网络永远不会满。
# 模型准确的是*规则*：轮数、队列、控制器。你的集群在哪里穿过稳定线，只有你的集群知道：测量几种速率下的处理时间，自己画出那条线。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 2 s take 1.5 s each. For one minute twice as many lines come, and batches take 3 s. How long does the last
#    batch of that minute wait, and how long does it take until no batch waits any more?
#
# <details><summary>Answer</summary>
#
# 30 batches, each 1 s over its interval: the last one waits 29 s, and the next one 30 s. Then each batch gains 0.5 s: 60
# batches, two minutes.
# </details>
#
# 2. A program has 8 cores, one receiver, batches of 1 s and blocks of 0.5 s. Processing takes 1.4 s. What do you turn first?
#
# <details><summary>Answer</summary>
#
# The block interval. Two blocks are two tasks, and five of the seven free cores never get any. With blocks of 0.15 s there
# are six or seven.
# </details>
#
# 3. All cores are busy all the time, and a batch of 1 s takes 1.2 s. Somebody sets the batch interval to 5 s. What happens?
#
# <details><summary>Answer</summary>
#
# Five times as many lines per batch: almost 6 s each. It stays unstable, unless the fixed cost of a batch was above 0.25 s.
# </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 2 秒的批次每个需要 1.5 秒。有一分钟来了两倍的行，批次需要 3 秒。这一分钟的最后一个批次等多久？要过多久才不再有批次等待？
#
# <details><summary>答案</summary>
#
# 30 个批次，每个都超出间隔 1 秒：最后一个等 29 秒，下一个等 30 秒。之后每个批次追回 0.5 秒：60 个批次，两分钟。
# </details>
#
# 2. 一个程序有 8 个核心、一个接收器，批次间隔 1 秒，数据块间隔 0.5 秒，处理需要 1.4 秒。先调哪个旋钮？
#
# <details><summary>答案</summary>
#
# 数据块间隔。两个数据块就是两个任务，七个空闲核心中有五个永远分不到任务。数据块间隔为 0.15 秒时有六七个任务。
# </details>
#
# 3. 所有核心一直忙，1 秒的批次需要 1.2 秒。有人把批次间隔改为 5 秒。会怎样？
#
# <details><summary>答案</summary>
#
# 每个批次的行数变为五倍：每个将近 6 秒。它仍然不稳定，除非批次的固定开销超过 0.25 秒。
# </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 20](../../exercises/en/ex20_stability_and_tuning.ipynb): tell from a trace whether a program is stable and why
# it is not, and choose the knobs for a load, so that nothing is lost and the delay stays bounded. Next: lesson 21, about
# what to keep in memory, what to write to files, and what a new driver does not find.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 20](../../exercises/zh/ex20_stability_and_tuning.ipynb)：根据运行记录（trace）判断程序是否稳定、为什么不稳定，
# 并为给定负载选择旋钮，使数据不丢、延迟有界。下一课是第 21 课：什么留在内存里，什么写进文件，以及新的驱动程序找不到什么。
