# 由 solutions/build.py 从 solutions/ex27_joins_of_streams.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 27：流与流的连接
#
# 一家商店出租自行车。一个流说明哪辆自行车在什么时候租出，另一个流说明哪辆已归还。请预测未归还何时被报告，写出这个连接，并选择水位线的延迟。

# %%
from sparksim.sim import QuerySimulation, Replay
from sparksim.sql.functions import expr

# %% [markdown]
# ## 任务 1：null_after（3 分）
#
# 租出与归还的左外连接（left outer join）；归还在 `limit` 分钟之内（含这一分钟）到来，才属于这次租出。两个水位线（watermark）的延迟是
# `rental_delay` 和 `return_delay`。所有时间都是整分钟。
#
# 一辆自行车在第 `rented` 分钟租出，没有归还。`steps` 说明之后到来什么：每一步给出到来的行（属于其他自行车）中最新的时间
# `(租出, 归还)`，没有行的流为 None。在第一步之前，两个水位线都还没有开始。每一步之后，Spark 工作到无事可做为止。
# 带 null 的行在第几步（0、1……）写出？任何一步都不写出时为 None。

# %%
def null_after(rented, limit, rental_delay, return_delay, steps):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：rentals（4 分）
#
# localhost 上的套接字送来形如 `7,2026-05-01 10:00:00` 的行：端口 9998 是租出，端口 9999 是归还（用 `split` 和 `to_timestamp` 拆开一行）。
# 请以追加（append）模式启动一个名为 `rentals` 的查询，写入接收端 `memory`，结果的列为 `bike`、`rented`、`returned`：
#
# - 每次租出，配上同一辆自行车的每次归还，归还不早于租出，且最多晚 45 分钟；
# - 没有这样的归还的租出，`returned` 的位置是 null。
#
# 租出记录最多迟到 10 分钟，归还记录最多迟到 20 分钟。再也不可能配对的行必须被忘掉。

# %%
def rentals(spark):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。1 号自行车归还了，2 号没有；最后两行把水位线推到 12:00。

# %%
if __name__ == "__main__":
    out = Replay([(0.5, "1,2026-05-01 10:00:00"), (1.0, "2,2026-05-01 10:10:00"), (3.0, "98,2026-05-01 12:10:00")])
    back = Replay([(1.5, "1,2026-05-01 10:30:00"), (3.5, "99,2026-05-01 12:20:00")])
    try:
        run = QuerySimulation(rentals, network={"localhost:9998": out, "localhost:9999": back}).run(until=6)
        for row in run.result_rows:
            print(f"batch {row.batch}:", *row.row)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# ## 任务 3：delays（3 分）
#
# 为这样的连接选择两个水位线的延迟：字典 `{"rentals": 分钟数, "returns": 分钟数}`，取整分钟；某一边不要水位线时为 None。
# `plan` 是一个字典：一行可以比它所在流的最新行早*不到* `plan["rentals_late"]` 和 `plan["returns_late"]` 分钟；
# 归还在 `plan["limit"]` 分钟之内属于这次租出。
#
# 无论另一个流领先多少，任何行都不得被丢弃。而未归还必须在两个流允许时立即报告：最新的租出比它晚 `limit + rentals_late + 1` 分钟，
# 并且最新的归还比它晚 `limit + returns_late + 1` 分钟。评分程序会模拟你的选择。

# %%
def delays(plan):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    try:
        print(null_after(5, 30, 10, 20, [(50, 20), (None, 60)]))
        print(delays({"rentals_late": 10, "returns_late": 20, "limit": 45}))
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 27` 评分；用 `sparksim watch 27` 在每次保存时自动评分。
