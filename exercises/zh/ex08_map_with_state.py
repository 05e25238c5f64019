# 由 solutions/build.py 从 solutions/ex08_map_with_state.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 8：一条接一条的记录
#
# `mapWithState` 对每条记录调用一次函数，并给出它的键的状态（state）。PySpark 没有这个算子；这里的写法与 Spark 的 Java API 相同。

# %%
from sparksim.sim import Replay, Simulation
from sparksim.streaming import StateSpec

# %% [markdown]
# 批次（batch）为 1 秒。检查点（checkpoint）目录为 sim://checkpoint。三个程序都从 localhost:9999 读取行，并用 `pprint` 打印。
#
# ## 任务 1：first_visits（2 分）
#
# 一行就是一个用户的名字。当用户在程序启动以来第一次到来时，打印 `(user, "new")`；之后再来，什么都不打印。

# %%
def first_visits(ssc):
    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：alarms（4 分）
#
# 一行说明一次登录的结果，例如 `ann fail` 或 `ann ok`。每当连续失败三次，就在第三次失败到来的批次中打印 `(user, 3)`。
# 一次成功会重新开始计数，一次警报也会：下一次警报还需要三次失败。

# %%
def alarms(ssc):
    ssc.checkpoint("sim://checkpoint")
    log_ins = ssc.socketTextStream("localhost", 9999).map(lambda line: tuple(line.split()))
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：sessions（4 分）
#
# 一行就是一个用户的名字。用户超过 3 秒没有来，他的会话就结束。会话结束时打印 `(user, visits)`：只打印一次，并且在最早能够知道的那个批次中。
# 其他什么都不打印。
#
# Spark 默认每十个批次才寻找一次闲置的键，即在保存状态的时候：请让状态在每个批次都保存。

# %%
def sessions(ssc):
    ssc.checkpoint("sim://checkpoint")
    users = ssc.socketTextStream("localhost", 9999).map(lambda user: (user, 1))
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    visits = Replay([(1.3, "ann"), (1.5, "ann"), (2.4, "bob"), (3.4, "ann")])
    results = Replay([(1.3, "ann fail"), (1.4, "ann fail"), (2.4, "ann fail"), (2.5, "bob ok")])
    try:
        for program, load in ((first_visits, visits), (alarms, results), (sessions, visits)):
            print(program.__name__)
            print(Simulation(program, network={"localhost:9999": load}).run(until=9).output)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 08` 评分；用 `sparksim watch 08` 在每次保存时自动评分。
