# 由 solutions/build.py 从 solutions/ex20_stability_and_tuning.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 20：跟得上
#
# 前两个任务中，你读别人程序的运行记录（trace）；最后一个任务中，你自己选择旋钮。`run` 就是课中见过的那种：`run.batches`、
# `run.tasks`、`run.executors`。表中的时间都是毫秒。

# %%
from statistics import median

from sparksim.sim import Cluster, Constant, Poisson, Simulation, work

# %% [markdown]
# ## 任务 1：is_stable（2 分）
#
# 这里所有运行的批次间隔（batch interval）都是 1 秒。程序跟得上就返回 True；延迟（delay）无止境地增大就返回 False。
# 中间来一阵突发，只要它造成的延迟在运行结束前消失，就没有关系；而百分之几的超载有关系，尽管它的延迟开始时很小。

# %%
def is_stable(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 20` 评分；用 `sparksim watch 20` 在每次保存时自动评分。
