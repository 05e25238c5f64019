# %% [markdown] lang="en"
# # Exercise 20: keep up
#
# Twice you read the trace of somebody else's program, and once you choose the knobs yourself. A `run` is what you know
# from the lessons: `run.batches`, `run.tasks`, `run.executors`. Times in its tables are milliseconds.

# %% [markdown] lang="zh"
# # 练习 20：跟得上
#
# 前两个任务中，你读别人程序的运行记录（trace）；最后一个任务中，你自己选择旋钮。`run` 就是课中见过的那种：`run.batches`、
# `run.tasks`、`run.executors`。表中的时间都是毫秒。

# %%
from statistics import median

from sparksim.sim import Cluster, Constant, Poisson, Simulation, work

# %% [markdown] lang="en"
# ## Task 1: is_stable (2 points)
#
# All runs here have batches of 1 s. Return True if the program keeps up, False if its delay grows without end.
# A burst in the middle is no harm if its delay has gone by the end of the run; and an overload of a few percent is one,
# even though its delay is small at first.

# %% [markdown] lang="zh"
# ## 任务 1：is_stable（2 分）
#
# 这里所有运行的批次间隔（batch interval）都是 1 秒。程序跟得上就返回 True；延迟（delay）无止境地增大就返回 False。
# 中间来一阵突发，只要它造成的延迟在运行结束前消失，就没有关系；而百分之几的超载有关系，尽管它的延迟开始时很小。


# %%
def is_stable(run):
    ### BEGIN SOLUTION
    done = run.batches.where(status="completed")
    last = done[-len(done) // 4 :]
    return min(last.column("scheduling_delay_ms")) < 10
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: why_unstable (3 points)
#
# Each of these runs is unstable, for one of three reasons. Return it as a text:
#
# - `"cores"`: the cores are busy almost all the time, there is just too much to do;
# - `"interval"`: most of a batch's time is spent on starting things, the batches are too short for their overhead;
# - `"slow executor"`: one executor takes many times as long for a line as the others.
#
# The tasks that read blocks are `run.tasks.where(lambda task: task.blocks)`; each has `executor_id`, `records_read` and
# `duration_ms` (None while it runs). A batch has `processing_time_ms` (None until it is done). One core of
# `run.executors` (`cores` of each) belongs to the receiver.

# %% [markdown] lang="zh"
# ## 任务 2：why_unstable（3 分）
#
# 这里的每次运行都不稳定，原因是三者之一。请以文本返回：
#
# - `"cores"`：核心（core）几乎一直在忙，活就是太多；
# - `"interval"`：批次的大部分时间花在启动各种东西上，批次太短，付不起开销；
# - `"slow executor"`：某个执行器（executor）处理一行的时间是别的执行器的许多倍。
#
# 读数据块（block）的任务是 `run.tasks.where(lambda task: task.blocks)`；每个任务有 `executor_id`、`records_read` 和
# `duration_ms`（运行中为 None）。批次有 `processing_time_ms`（完成前为 None）。`run.executors`（各有 `cores`）中有一个核心属于接收器（receiver）。


# %%
def why_unstable(run):
    ### BEGIN SOLUTION
    done = [task for task in run.tasks.where(lambda task: task.blocks) if task.duration_ms]
    pace = {}
    for task in done:
        pace.setdefault(task.executor_id, []).append(task.duration_ms / task.records_read)
    paces = [median(each) for each in pace.values()]
    if max(paces) > 3 * min(paces):
        return "slow executor"
    free_cores = sum(run.executors.column("cores")) - 1
    batches = run.batches.where(status="completed")
    available_ms = free_cores * sum(batches.column("processing_time_ms"))
    finished = set(batches.column("batch_time_ms"))
    busy_ms = sum(task.duration_ms for task in done if task.batch_time_ms in finished)
    return "cores" if busy_ms > available_ms / 2 else "interval"
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: knobs (5 points)
#
# A program reads lines from a socket; a line costs 15 ms. About 200 lines come per second, at random moments, and now and
# then twice as many for three seconds, or hardly any. Blocks are stored twice where there are two executors. Return a dict of knobs:
#
# - `"batch"` and `"block"`: the two intervals in seconds, a batch of 0.2 to 3, a block of 0.05 up to the batch;
# - `"executors"` and `"cores"`: how many, and how many cores each; 8 cores in all are allowed;
# - `"conf"`: a dict with any of `spark.streaming.backpressure.enabled`, `spark.streaming.backpressure.initialRate`,
#   `spark.streaming.receiver.maxRate`, `spark.streaming.concurrentJobs`; `{}` leaves them as they are.
#
# Your knobs are simulated with seeds that you do not know. It is required that
#
# - under the usual load no line waits longer than 3 s from its arrival until its batch is done, and none piles up before
#   the receiver;
# - after a burst the delay falls back, and batches end in the order of their times;
# - when the executor with the receiver dies, no line is lost that lay in a block.

# %% [markdown] lang="zh"
# ## 任务 3：knobs（5 分）
#
# 一个程序从套接字读取行，一行花 15 毫秒。每秒大约来 200 行，时刻随机；时不时会有三秒钟来两倍的行，或者几乎不来。有两个执行器时，数据块存两份。
# 请返回一个旋钮的字典：
#
# - `"batch"` 和 `"block"`：两个间隔，单位秒；批次 0.2 到 3，数据块 0.05 到批次间隔；
# - `"executors"` 和 `"cores"`：执行器的个数，以及每个的核心数；一共最多 8 个核心；
# - `"conf"`：一个字典，可含 `spark.streaming.backpressure.enabled`、`spark.streaming.backpressure.initialRate`、
#   `spark.streaming.receiver.maxRate`、`spark.streaming.concurrentJobs`；`{}` 表示都不改。
#
# 你的旋钮会用你不知道的种子来模拟。要求：
#
# - 平常负载下，任何一行从到达到其批次完成不超过 3 秒，也没有行在接收器前面堆积；
# - 突发之后延迟会回落，而且批次按时间顺序结束；
# - 当接收器所在的执行器死亡时，已在数据块中的行一行也不丢。


# %%
def knobs():
    ### BEGIN SOLUTION
    return {"batch": 1.0, "block": 0.2, "executors": 2, "cores": 4, "conf": {}}
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it: two runs to diagnose, and your knobs under the usual load.

# %% [markdown] lang="zh"
# 试一试：两次待诊断的运行，以及你的旋钮在平常负载下的表现。


# %%
def parse(line):
    work(0.015)
    return line


def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).map(parse).count().pprint()


def simulated(load, batch=1.0, block=0.2, executors=2, cores=3, conf=None):
    return Simulation(
        count_lines,
        network={"localhost:9999": load},
        batch=batch,
        block=block,
        cluster=Cluster(executors, cores),
        conf=conf,
        seed=7,
    ).run(until=20)


if __name__ == "__main__":
    try:
        crowded, hasty = simulated(Constant(400, "a line")), simulated(Constant(20, "a line"), batch=0.1, block=0.05)
        print("stable:", is_stable(crowded), "- why:", why_unstable(crowded), "and", why_unstable(hasty))
        for batch in simulated(Poisson(200, "a line"), **knobs()).batches.where(status="completed")[-3:]:
            print(f"batch {batch.batch_time_ms / 1000:g} s: total delay {batch.total_delay_ms:.0f} ms")
    except NotImplementedError as unfinished:
        print(unfinished)
