# %% [markdown] lang="en"
# # 10. Windows: the last few seconds, again and again
#
# **The question.** Which hashtags came most often in the last minute, as of every ten seconds? A batch knows only itself.
# Who keeps the batches before it, what does it cost to add them up, and whose clock says what "the last minute" is?
#
# *About 40 minutes. You need lesson 3 (blocks and tasks) and lesson 7 (what a checkpoint directory is for).*

# %% [markdown] lang="zh"
# # 10. 窗口：一次又一次地看最近几秒
#
# **问题。** 最近一分钟内哪些话题标签出现得最多，而且每十秒要看一次？一个批次（batch）只知道它自己。谁来保存之前的批次，
# 把它们加起来要付出多少代价，“最近一分钟”又以谁的时钟为准？
#
# *约 40 分钟。需要第 3 课（数据块与任务）和第 7 课（检查点目录的用途）。*

# %%
from operator import add, sub

from sparksim import StorageLevel
from sparksim.course import confirm, lesson, live, predict
from sparksim.sim import Cluster, Constant, ExecutorCrash, Poisson, Replay, Simulation

SEED = 1
lesson("10", lang="en", seed=SEED)

# %% [markdown] lang="en"
# ## The idea
#
# ```
# batches, one a second   │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ 7 │ 8 │
#                         └─ length 4 s ──┘                     window of second 4
#                                 └─ length 4 s ──┘             window of second 6
#                                         └─ length 4 s ──┘     window of second 8
#                         ◀─2 s─▶ slide
# ```
#
# A **window** is the union of the last few batches. It has two numbers: its **length**, how far it looks back, and its
# **slide**, how often it is computed. Both must be multiples of the **batch interval**, because a window is made of whole
# batches; nothing is cut in two. A window is named by its last batch, and it runs in the job of that batch.

# %% [markdown] lang="zh"
# ## 基本思想
#
# ```
# batches, one a second   │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ 7 │ 8 │
#                         └─ length 4 s ──┘                     window of second 4
#                                 └─ length 4 s ──┘             window of second 6
#                                         └─ length 4 s ──┘     window of second 8
#                         ◀─2 s─▶ slide
# ```
#
# **窗口**（window）是最近若干个批次的并集。它有两个数：**长度**（length），即往回看多远；**滑动间隔**（slide），即多久计算一次。
# 两者都必须是**批次间隔**（batch interval）的整数倍，因为窗口由完整的批次组成，不会把批次切成两半。
# 窗口以它的最后一个批次命名，并在那个批次的作业（job）中运行。

# %% [markdown] lang="en"
# ## The program, live
#
# Batches of one second. Every second: how often did each hashtag come in the last three?

# %% [markdown] lang="zh"
# ## 程序：真实运行
#
# 每秒一个批次。每一秒都问：最近三秒内每个话题标签出现了多少次？


# %%
def hashtags(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    return lines.flatMap(lambda line: line.split()).map(lambda tag: (tag, 1))


def last_three_seconds(ssc):
    counts = hashtags(ssc).reduceByKeyAndWindow(add, None, 3, 1)  # length 3 s, slide 1 s
    counts.pprint()


typed = [(0.5, "#spark #kafka"), (1.5, "#spark"), (2.5, "#flink #spark"), (4.5, "#kafka")]

run = live(last_three_seconds, network={"localhost:9999": Replay(typed)}, batch=1.0, until=5.5)

# %% [markdown] lang="en"
# Follow *#spark*: 1, 2, 3, and then 2, 1 and nothing, although nobody took anything away. The first two windows are
# **partial**: at second 1 there is only one batch to look back on. `reduceByKeyAndWindow` did not wait for the window to
# be full.
#
# The arguments: the function that adds, `None` (we come to that), the length, the slide.

# %% [markdown] lang="zh"
# 跟踪 *#spark*：先是 1、2、3，然后是 2、1，最后消失，尽管没有人把什么拿走。前两个窗口是**不完整的**（partial）：第 1 秒时只有一个批次可看。
# `reduceByKeyAndWindow` 并不等待窗口被填满。
#
# 参数依次是：做加法的函数、`None`（稍后解释）、长度、滑动间隔。

# %% [markdown] lang="en"
# ## Predict
#
# A window of 6 seconds slides by 2 seconds; a batch is 1 second. One line arrives at 3.5 s. In how many windows is it
# counted?

# %% [markdown] lang="zh"
# ## 预测
#
# 一个 6 秒的窗口每次滑动 2 秒；批次为 1 秒。有一行在 3.5 秒到达。它在多少个窗口中被统计？

# %% predict="windows of one line"
{
    "answer": 3,
    "why": (
        "Length / slide = 6 / 2 = 3: each batch lies in three windows that overlap, here those of seconds 4, 6 and 8.",
        "长度 / 滑动间隔 = 6 / 2 = 3：每个批次落在三个互相重叠的窗口中，这里是第 4、6、8 秒的窗口。",
    ),
    "mistakes": {
        1: (
            "That would be so if the windows did not overlap, with a slide as long as the window.",
            "只有窗口互不重叠、滑动间隔与窗口一样长时才是这样。",
        ),
        6: (
            "The window is six batches long, but it is computed in every second batch only.",
            "窗口有六个批次长，但每两个批次才计算一次。",
        ),
    },
}

# %% [markdown] lang="en"
# The same window, batches of 1 second, slide 2 seconds. Between second 1 and second 10 there are ten batches. How many of
# them print something (an empty result counts too, since `pprint` prints its head line)?

# %% [markdown] lang="zh"
# 同样的窗口：批次 1 秒，滑动间隔 2 秒。从第 1 秒到第 10 秒共有十个批次。其中有多少个会打印内容
# （空结果也算，因为 `pprint` 会打印标题行）？

# %% predict="batches that print"
{
    "answer": 5,
    "why": (
        "The batches of seconds 2, 4, 6, 8 and 10. In the others the windowed stream has no RDD at all, so there is no "
        "job, and the batch does not even appear in the table of batches.",
        "第 2、4、6、8、10 秒的批次。在其他批次里，窗口流根本没有 RDD，因此没有作业，这个批次甚至不出现在批次表中。",
    ),
    "mistakes": {
        10: (
            "A windowed stream has a longer rhythm than the batches: it speaks only when it slides.",
            "窗口流的节奏比批次慢：只有滑动时才有输出。",
        ),
        3: (
            "You waited for full windows; but the first ones are partial, and are computed.",
            "你在等窗口被填满；但最初的窗口不完整，也会被计算。",
        ),
    },
}

# %% [markdown] lang="en"
# ## The same program, simulated
#
# Three executors with two cores each. First the very program from above, with the same four lines:

# %% [markdown] lang="zh"
# ## 同一个程序：模拟运行
#
# 三个执行器（executor），每个两个核心（core）。先是上面的同一个程序和同样的四行：

# %%
CLUSTER = Cluster(executors=3, cores=2)


def simulated(program, load, *, until, batch=1.0, faults=(), level=None):
    return Simulation(
        program,
        network={"localhost:9999": load},
        batch=batch,
        cluster=CLUSTER,
        faults=faults,
        storage_level=level,
        seed=SEED,
    ).run(until=until)


run = simulated(last_three_seconds, Replay(typed), until=6.5)
run.window_figure()

# %% [markdown] lang="en"
# One row per window, one cell per batch. Every cell is *added*: this form sums up each window anew from its batches. The
# first rows are short: there were no earlier batches.
#
# Now a window of 6 seconds that slides by 2, and a single line at 3.5 s:

# %% [markdown] lang="zh"
# 每行一个窗口，每格一个批次。每一格都是“加入”：这种形式每次都从各批次重新求和。前几行较短，因为之前没有批次。
#
# 现在是 6 秒的窗口，每次滑动 2 秒，只有一行在 3.5 秒到达：


# %%
def last_six_seconds(ssc):
    hashtags(ssc).reduceByKeyAndWindow(add, None, 6, 2).pprint()


run = simulated(last_six_seconds, Replay([(3.5, "#spark")]), until=10.9)
confirm("windows of one line", str(run.output).count("('#spark', 1)"))
confirm("batches that print", len(run.output.batches))
run.window_figure()

# %%
print(run.output)

# %% [markdown] lang="en"
# ### What is kept, and where
#
# A window needs batches that are over. So their RDDs must stay: Spark keeps them for the length of the window and, so
# that they need not be computed again each time, **persists** them. Which ones? We ask each RDD whether it is cached:

# %% [markdown] lang="zh"
# ### 保存了什么，保存在哪里
#
# 窗口需要已经结束的批次，所以它们的 RDD 必须留下：Spark 在窗口长度的时间内保留它们，并且把它们**持久化**（persist），
# 以免每次重新计算。是哪些 RDD？我们问每个 RDD 是否被缓存：


# %%
def ask(name):
    def say(rdd):
        print(f"{name:<12} cached: {rdd.is_cached!s:<6} partitions: {rdd.getNumPartitions()}")

    return say


def plain_window(ssc):
    pairs = hashtags(ssc)
    windowed = pairs.window(6, 2)
    pairs.foreachRDD(ask("the batch"))
    windowed.foreachRDD(ask("the window"))


print(simulated(plain_window, Constant(rate=10, record="#spark"), until=6.9).output)

# %% [markdown] lang="en"
# Read the lines of second 6, the last two. The stream that you call `window` on, the **parent**, is persisted; the window
# itself is not, for it is only a union of what is cached already. And look at its partitions: those of all its batches
# together. Each block of each batch in the window is a task again.
#
# That is why it matters *where* the window stands. Three programs with one result:

# %% [markdown] lang="zh"
# 看第 6 秒的输出，即最后两行。被调用 `window` 的那个流，即**父流**（parent），被持久化了；窗口本身没有，因为它只是已缓存内容的并集。
# 再看它的分区（partition）数：所有批次的分区加在一起。窗口中每个批次的每个数据块（block）又成为一个任务（task）。
#
# 所以窗口放在*哪里*很重要。三个程序，结果相同：


# %%
def window_then_reduce(length, slide):
    return lambda ssc: hashtags(ssc).window(length, slide).reduceByKey(add).pprint()


def reduce_and_window(length, slide):
    return lambda ssc: hashtags(ssc).reduceByKeyAndWindow(add, None, length, slide).pprint()


def reduce_and_window_with_inverse(length, slide):
    def program(ssc):
        ssc.checkpoint("sim://checkpoint")
        hashtags(ssc).reduceByKeyAndWindow(add, sub, length, slide).pprint()

    return program


# %% [markdown] lang="en"
# The second one reduces each batch first and keeps only the sums, one small RDD with few partitions per batch; the window
# then adds those up. The third one has an **inverse function** in place of `None`. It does not look at the whole window:
#
# ```
# next window = last window − batches that have left + batches that have come
# ```
#
# A window of 40 seconds slides by 2, with batches of 2 seconds. How many batches does the third program touch to make the
# next window from the last one?

# %% [markdown] lang="zh"
# 第二个程序先对每个批次做归约，只保留总数，即每批次一个分区很少的小 RDD；窗口再把它们加起来。第三个程序在 `None` 的位置给出了
# **逆函数**（inverse function）。它不看整个窗口：
#
# ```
# next window = last window − batches that have left + batches that have come
# ```
#
# 一个 40 秒的窗口每次滑动 2 秒，批次为 2 秒。第三个程序从上一个窗口得到下一个窗口时，要用到几个批次？

# %% predict="batches touched"
{
    "answer": 2,
    "why": (
        "One batch has come, one has left. The cost depends on the slide, not on the length.",
        "来了一个批次，走了一个批次。代价取决于滑动间隔，而不是窗口长度。",
    ),
    "mistakes": {
        20: (
            "That is what the second program does: all batches of the window, every time.",
            "那是第二个程序的做法：每次都用窗口中的所有批次。",
        ),
        1: (
            "One has come. What about the one that is too old now?",
            "来了一个。那个已经太旧的批次呢？",
        ),
        19: (
            "Nineteen stay, and exactly those need not be touched: they are in the last result already.",
            "有十九个批次留在窗口里，而恰恰不需要碰它们：它们已经在上一个结果里了。",
        ),
    },
}


# %%
def hashtag(rng):
    return f"#{int(rng.random() ** 2 * 60)}"  # sixty hashtags, some much more often than others


run = simulated(reduce_and_window_with_inverse(40, 2), Poisson(20, hashtag), until=61, batch=2.0)
last = run.windows[-1]
confirm("batches touched", len(last.added) + len(last.removed))
run.window_figure(last=16)

# %% [markdown] lang="en"
# As long as the window fills up, batches only come (green); then one leaves (striped) for each that comes. What does it
# save? The time that a batch takes, in the steady state, for windows of growing length:

# %% [markdown] lang="zh"
# 窗口还没填满时，批次只进不出（绿色）；之后每进一个就出一个（条纹）。这能省下多少？下面是窗口越来越长时，稳定状态下一个批次所用的时间：

# %%
forms = (window_then_reduce, reduce_and_window, reduce_and_window_with_inverse)

print(f"{'length':<8}", *(f"{form.__name__:>32}" for form in forms))
for length in (2, 10, 20, 40):
    means = []
    for form in forms:
        run = simulated(form(length, 2), Poisson(20, hashtag), until=81, batch=2.0)
        done = run.batches.where(status="completed")[-10:]
        mean_s = sum(done.column("processing_time_ms")) / len(done) / 1000
        means.append(f"{mean_s:.2f} s" + (" > 2 s" if mean_s > 2 else ""))
    print(f"{f'{length} s':<8}", *(f"{mean:>32}" for mean in means))

# %% [markdown] lang="en"
# The first column grows with the number of records and blocks in the window, and soon a batch takes longer than its
# interval: batches queue up and never catch up. The second grows slowly: a batch adds to it only as many sums as it has different
# hashtags. The third does not grow. For short windows the second is as good and needs no checkpoint directory, so begin with it.
#
# The inverse form has a price. Each window descends from the one before it, without end; so its RDDs are **checkpointed**
# every ten seconds or so, which cuts the chain. That is why a checkpoint directory is required:

# %% [markdown] lang="zh"
# 第一列随窗口中的记录数和数据块数增长，很快一个批次所用的时间就超过批次间隔：批次排起队，再也追不上。第二列增长缓慢：每个批次只带来与其不同标签个数一样多的总数。
# 第三列不增长。对于短窗口，第二种一样好，而且不需要检查点目录，所以先用它。
#
# 逆函数形式有它的代价。每个窗口都由前一个窗口而来，没有尽头；所以它的 RDD 大约每十秒写一次**检查点**（checkpoint），把这条链切断。
# 这就是必须有检查点目录的原因：


# %%
def message_of(program, batch=2.0):
    try:
        simulated(program, Replay([(1, "#spark")]), until=3, batch=batch)
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


message_of(lambda ssc: hashtags(ssc).reduceByKeyAndWindow(add, sub, 40, 2).pprint())

# %% [markdown] lang="en"
# `countByWindow` and `countByValueAndWindow` are the inverse form with addition and subtraction built in, so they need the
# directory as well. `reduceByWindow` gives one value per window, with or without an inverse function.

# %% [markdown] lang="zh"
# `countByWindow` 和 `countByValueAndWindow` 就是内置了加法和减法的逆函数形式，所以也需要这个目录。
# `reduceByWindow` 每个窗口给出一个值，可以带逆函数，也可以不带。


# %%
def counted(ssc):
    ssc.checkpoint("sim://checkpoint")
    tags = hashtags(ssc).map(lambda pair: pair[0])
    tags.countByWindow(10, 2).map(lambda n: f"all {n}").pprint()
    tags.countByValueAndWindow(10, 2).pprint(2)
    tags.map(len).reduceByWindow(max, None, 10, 2).map(lambda n: f"longest {n}").pprint()


run = simulated(counted, Constant(rate=5, record="#spark #kafka"), until=13, batch=2.0)
print(run.output[12.0])

# %% [markdown] lang="en"
# ## Break it
#
# **An executor dies.** A window of 8 seconds slides by 2, batches of 2 seconds. Blocks are stored *once*, with
# `StorageLevel.MEMORY_ONLY`. At 13.1 s the executor of the receiver is killed, and with it most blocks of the last
# batches and what was cached of them. A batch by itself would be over long ago. How many windows fail?

# %% [markdown] lang="zh"
# ## 弄坏它
#
# **执行器死亡。** 一个 8 秒的窗口每次滑动 2 秒，批次为 2 秒。数据块只存*一份*（`StorageLevel.MEMORY_ONLY`）。
# 13.1 秒时，接收器（receiver）所在的执行器被杀死，最近几个批次的大部分数据块及其缓存随之消失。
# 若没有窗口，这些批次早已结束。有几个窗口会失败？

# %% predict="windows that fail"
{
    "answer": 3,
    "why": (
        "The batches up to second 12 were complete, but their blocks are gone. The windows of seconds 14, 16 and 18 still "
        "look back on one of them; the window of second 20 does not.",
        "到第 12 秒为止的批次虽已完成，但它们的数据块没有了。第 14、16、18 秒的窗口仍要用到其中某个批次；第 20 秒的窗口则不再用到。",
    ),
    "mistakes": {
        0: (
            "With a second copy it would be 0. Here there is one, and it is gone.",
            "如果有第二份副本，就是 0 个。这里只有一份，而且没有了。",
        ),
        1: (
            "The next window fails. Has the one after it forgotten the batch that cannot be read?",
            "下一个窗口失败。再下一个窗口就不再需要那个读不到的批次了吗？",
        ),
        4: (
            "Four windows contain the batch of second 12: the first of them is that of second 12 itself, which was done.",
            "有四个窗口包含第 12 秒的批次：其中第一个就是第 12 秒自己的窗口，它已经完成。",
        ),
    },
}


# %%
def crashed(level):
    program, faults = reduce_and_window(8, 2), [ExecutorCrash("receiver", at=13.1)]
    return simulated(
        program,
        Constant(10, hashtag),
        until=23,
        batch=2.0,
        faults=faults,
        level=level,
    )


one_copy = crashed(StorageLevel.MEMORY_ONLY)
confirm("windows that fail", len(one_copy.batches.where(failed=True)))
one_copy.figure(start=11, end=21)

# %% [markdown] lang="en"
# The striped tasks looked for blocks that no longer exist. (The message in red is about something else: the lines of 12 to
# 13.1 s. Their blocks were lost before the batch of second 14 was made, so it never asks for them and is smaller. What is
# lost *after* its batch was made is a failure.) On the timeline, click a striped task, or a striped block on the lane of the
# receiver:

# %% [markdown] lang="zh"
# 带条纹的任务在寻找已不存在的数据块。（红色的提示说的是另一件事：12 到 13.1 秒到来的行。它们的数据块在第 14 秒的批次生成之前就丢失了，
# 所以这个批次根本不会去要它们，只是变小了。批次生成*之后*才丢失的，才会造成失败。）在时间线上点击一个带条纹的任务，
# 或接收器那一行中带条纹的数据块：

# %%
one_copy.timeline()

# %% [markdown] lang="en"
# Each failed batch tries its tasks four times and gives up; the program goes on. Note that the batches themselves were
# done long before: **a window makes old data matter for as long as it is long.** Now with the default level, two copies:

# %% [markdown] lang="zh"
# 每个失败的批次都把任务尝试四次，然后放弃；程序继续运行。注意，这些批次本身早已完成：
# **窗口有多长，旧数据的重要性就持续多久**。现在用默认级别，即两份副本：

# %%
two_copies = crashed(None)

print("window   one copy          two copies")
for one, two in zip(one_copy.batches[4:10], two_copies.batches[4:10], strict=True):
    seconds = [f"{batch.processing_time_ms / 1000:.2f} s" for batch in (one, two)]
    failed = "failed" if one.failed else ""
    print(f"{one.batch_time_ms // 1000:>4} s   {seconds[0]} {failed:<9}  {seconds[1]}")

# %% [markdown] lang="en"
# Nothing fails. The window of second 14 takes longer: what was cached on the dead executor is computed again from the
# second copy of the blocks. (Two copies are faster throughout: a task may run on either of two hosts. And with one copy
# the window of second 20 has much to do: nothing of the batches 14 to 18 was cached, since their jobs failed.)
#
# **A slide that is no multiple.** Batches of 2 seconds cannot be grouped by 3, and the program is refused before it
# starts:

# %% [markdown] lang="zh"
# 没有失败。第 14 秒的窗口用时更长：死去的执行器上缓存的内容要从数据块的第二份副本重新算出。
# （有两份副本时各窗口都更快：任务可以在两台主机中的任意一台上运行。而只有一份副本时，第 20 秒的窗口要做很多事：
# 第 14 到 18 秒的批次什么都没有缓存，因为它们的作业失败了。）
#
# **不是整数倍的滑动间隔。** 2 秒的批次不能按 3 秒分组，程序在启动之前就被拒绝：

# %%
message_of(reduce_and_window(6, 3), batch=2.0)

# %% [markdown] lang="en"
# **An inverse that is no inverse.** The largest value of the last 10 seconds. What takes a number away from a maximum?
# Nothing does: when 9 has left, the maximum alone does not say what was second. Somebody returns `a` unchanged:

# %% [markdown] lang="zh"
# **不是逆函数的逆函数。** 求最近 10 秒内的最大值。怎样从最大值里拿走一个数？做不到：9 离开之后，光凭最大值并不知道第二大的是多少。
# 有人干脆原样返回 `a`：


# %%
def numbers(ssc):
    ssc.checkpoint("sim://checkpoint")
    return ssc.socketTextStream("localhost", 9999).map(lambda line: ("max", int(line)))


def wrong_maximum(ssc):
    numbers(ssc).reduceByKeyAndWindow(max, lambda a, b: a, 10, 2).pprint()


def right_maximum(ssc):
    numbers(ssc).reduceByKeyAndWindow(max, None, 10, 2).pprint()


def pairs_of(run, second):
    return [line for line in run.output[float(second)].splitlines() if line.startswith("(")]


def side_by_side(seconds, load, **programs):
    until = seconds[-1] + 1
    runs = [simulated(program, load, until=until, batch=2.0) for program in programs.values()]
    print("second", *(f"{name:>32}" for name in programs))
    for second in seconds:
        shown = [" ".join(pairs_of(run, second)) or "-" for run in runs]
        print(f"{second:>6}", *(f"{pairs:>32}" for pairs in shown))


readings = Replay([(1, "3"), (3, "9"), (5, "4"), (13, "5")])
side_by_side(range(4, 25, 4), readings, wrong=wrong_maximum, right=right_maximum)

# %% [markdown] lang="en"
# Without an error, for ever. Give an inverse only where `inverse(f(a, b), b)` gives back `a`: sums, counts, and pairs of
# both (for averages), but no maximum, no minimum and no set.
#
# **Keys that never leave.** *#once* comes twice at the beginning, *#slow* once in each batch. Without a filter, with
# the right filter, and with one that somebody wrote "to save memory, drop what is rare":

# %% [markdown] lang="zh"
# 没有报错，而且永远如此。只有当 `inverse(f(a, b), b)` 能还原出 `a` 时才能给出逆函数：求和、计数，以及两者组成的对（用于求平均），
# 但最大值、最小值和集合都不行。
#
# **永不离开的键。** *#once* 在开头出现两次，*#slow* 在每个批次出现一次。下面分别是没有过滤函数、用正确的过滤函数，
# 以及有人为了“省内存，丢掉少见的”而写的过滤函数：


# %%
def with_filter(keep):
    def program(ssc):
        ssc.checkpoint("sim://checkpoint")
        hashtags(ssc).reduceByKeyAndWindow(add, sub, 10, 2, filterFunc=keep).pprint()

    return program


once = [(1.0, "#once #once")]
slow = [(second + 0.2, "#slow") for second in range(1, 16, 2)]
side_by_side(
    range(4, 29, 4),
    Replay(sorted(once + slow)),
    no_filter=with_filter(None),
    right_filter=with_filter(lambda pair: pair[1] > 0),
    wrong_filter=with_filter(lambda pair: pair[1] > 1),
)

# %% [markdown] lang="en"
# Without a filter both hashtags stay with 0 for as long as the program runs; with a million different hashtags that is a
# million zeros. The wrong filter never shows *#slow* at all, which is five times in each full window: the filtered result
# is the next window's beginning, so a key that was dropped with 1 begins again with 1. **A filter may drop only keys that
# have nothing left in the window.** In Scala a key that was dropped too early even fails the batch.

# %% [markdown] lang="zh"
# 没有过滤函数时，只要程序在运行，两个标签都以 0 留下来；如果有一百万个不同的标签，就是一百万个 0。错误的过滤函数则根本不显示 *#slow*，
# 而它在每个完整窗口中出现五次：过滤后的结果是下一个窗口的起点，所以在 1 时被丢掉的键又从 1 开始。
# **过滤函数只能丢掉在窗口中已经没有任何数据的键**。在 Scala 中，过早丢掉的键甚至会使批次失败。

# %% [markdown] lang="en"
# ## What people get wrong
#
# **"The window of second 8 holds what happened between 4 and 8."** It holds what *arrived* then. Each line below is the
# second in which something happened. One of them was held up on its way for five seconds:

# %% [markdown] lang="zh"
# ## 常见误解
#
# **“第 8 秒的窗口包含 4 到 8 秒之间发生的事。”** 它包含的是那段时间内*到达*的记录。下面每一行写的是某件事发生的秒数，
# 其中一行在路上耽搁了五秒：


# %%
def what_happened(ssc):
    lines = ssc.socketTextStream("localhost", 9999)
    lines.window(4, 4).foreachRDD(lambda time, rdd: print(f"{time:%S}", sorted(rdd.collect())))


arrivals = [(0.5, "0.4"), (1.5, "1.4"), (2.5, "2.4"), (8.5, "3.4"), (8.6, "8.5")]
print(simulated(what_happened, Replay(arrivals), until=13).output)

# %% [markdown] lang="en"
# What happened at 3.4 is in the window of second 12, and nothing says so. DStream windows are windows of **processing
# time**. For event time, put the time into the key yourself and keep sums in a state (lesson 7), or use Structured
# Streaming with its watermarks. *Source: `WindowedDStream.compute` looks at batch times and nothing else.*
#
# **"Every window needs a checkpoint directory."** Only those that subtract: `reduceByKeyAndWindow` and `reduceByWindow`
# with an inverse function, `countByWindow`, `countByValueAndWindow`; in Python also `groupByKeyAndWindow`. `window` and
# the form with `None` do not. *Source: `mustCheckpoint` in `ReducedWindowedDStream`.*
#
# **"Windowed streams are persisted automatically."** The guide says so, but `window` persists its *parent*, and calling
# `persist` on the window changes the parent's level. Streams with an inverse function persist themselves. *Source:
# `WindowedDStream.persist`.*
#
# **"With an inverse function it is always incremental."** Not in Python: PySpark sums up the whole window anew unless it
# is at least five slides long. *Source: `PythonReducedWindowedDStream`.* Here is a window of four slides:

# %% [markdown] lang="zh"
# 3.4 秒发生的事落在第 12 秒的窗口里，而且没有任何提示。DStream 的窗口是**处理时间**（processing time）的窗口。若要按事件时间（event time），
# 请自己把时间放进键里，并把总数放在状态（state）中（第 7 课），或使用带水位线（watermark）的 Structured Streaming。
# *来源：`WindowedDStream.compute` 只看批次时间。*
#
# **“所有窗口都需要检查点目录。”** 只有做减法的才需要：带逆函数的 `reduceByKeyAndWindow` 和 `reduceByWindow`、`countByWindow`、
# `countByValueAndWindow`；在 Python 中还有 `groupByKeyAndWindow`。`window` 和使用 `None` 的形式不需要。
# *来源：`ReducedWindowedDStream` 的 `mustCheckpoint`。*
#
# **“窗口流会自动持久化。”** 官方指南这样写，但 `window` 持久化的是它的*父流*，对窗口调用 `persist` 改变的也是父流的级别。
# 带逆函数的流才会持久化自己。*来源：`WindowedDStream.persist`。*
#
# **“有了逆函数就总是增量计算。”** 在 Python 中不是：窗口不足五个滑动间隔长时，PySpark 会重新归约整个窗口。
# *来源：`PythonReducedWindowedDStream`。*
# 下面是四个滑动间隔长的窗口：

# %%
run = simulated(reduce_and_window_with_inverse(8, 2), Poisson(20, hashtag), until=21, batch=2.0)
last = run.windows[-1]
print(f"the last window: {len(last.added)} batches added, {len(last.removed)} taken away")

# %% [markdown] lang="en"
# ## Where the model departs from a cluster
#
# Which batches a window holds, what is persisted, checkpointed and recomputed follow Spark and, where it differs from
# Scala, PySpark. The inverse form is computed in one pass per partition, where PySpark joins and unions: the result is the
# same, the number of steps is not. Memory is large enough here for all that is cached; on a cluster a long
# window of raw records may be evicted from memory and computed again, which costs far more than here. The seconds come
# from the cost model of lesson 3: believe the growth of a column, not its numbers.

# %% [markdown] lang="zh"
# ## 模型与集群的不同
#
# 窗口包含哪些批次，什么被持久化、写检查点和重新计算，都遵循 Spark；在与 Scala 不同之处遵循 PySpark。逆函数形式在这里每个分区一遍算完，
# 而 PySpark 用连接和并集：结果相同，步骤数不同。这里的内存足以容纳所有缓存的内容；在集群上，由原始记录组成的长窗口可能被逐出内存而重新计算，代价比这里大得多。
# 秒数来自第 3 课的成本模型：请相信一列的增长趋势，不要相信其中的数值。

# %% [markdown] lang="en"
# ## Check yourself
#
# 1. Batches of 5 seconds. Which of these may be a window and its slide: 15 and 10; 10 and 15; 12 and 5; 5 and 5?
#    <details><summary>Answer</summary>
#
#    All but 12 and 5: 12 is not a multiple of 5. With 10 and 15 the slide is longer than the window, and one batch of
#    three is never looked at. 5 and 5 is no window at all: each batch by itself.
#    </details>
#
# 2. The average temperature of the last minute, every 10 seconds, with an inverse function. What is the value per key?
#    <details><summary>Answer</summary>
#
#    A pair (sum, number). Add both, subtract both, and divide at the end. An average alone cannot be subtracted from.
#    </details>
#
# 3. A window of 10 minutes, batches of 1 second, `window(600, 1).reduceByKey(add)`. It falls behind. What do you change first?
#    <details><summary>Answer</summary>
#
#    The form: `reduceByKeyAndWindow` keeps sums instead of records, and with an inverse function it touches two batches
#    instead of 600. Then the slide: does anybody look at it every second?
#    </details>

# %% [markdown] lang="zh"
# ## 自测
#
# 1. 批次为 5 秒。下面哪些可以作为窗口长度和滑动间隔：15 和 10；10 和 15；12 和 5；5 和 5？
#    <details><summary>答案</summary>
#
#    除了 12 和 5 都可以：12 不是 5 的整数倍。对于 10 和 15，滑动间隔比窗口长，每三个批次就有一个从来不被看到。5 和 5 其实不是窗口：就是每个批次自己。
#    </details>
#
# 2. 用逆函数求最近一分钟的平均温度，每 10 秒一次。每个键的值应该是什么？
#    <details><summary>答案</summary>
#
#    一个对（总和，个数）。两者都加，两者都减，最后相除。光有平均值是减不了的。
#    </details>
#
# 3. 窗口 10 分钟，批次 1 秒，程序为 `window(600, 1).reduceByKey(add)`，跟不上了。你首先改什么？
#    <details><summary>答案</summary>
#
#    改形式：`reduceByKeyAndWindow` 保存的是总数而不是记录，加上逆函数后只用到 2 个批次而不是 600 个。然后是滑动间隔：真的有人每秒都看吗？
#    </details>

# %% [markdown] lang="en"
# ## Exercise
#
# [Exercise 10](../../exercises/en/ex10_windows.ipynb): trending hashtags, a moving average, and a window whose delay stays
# bounded. `sparksim grade 10` says how far you are. Next: lesson 11, where results leave the program.

# %% [markdown] lang="zh"
# ## 练习
#
# [练习 10](../../exercises/zh/ex10_windows.ipynb)：热门话题标签、移动平均，以及一个延迟有界的窗口。
# `sparksim grade 10` 会告诉你做到了哪一步。下一课是第 11 课：结果离开程序。
