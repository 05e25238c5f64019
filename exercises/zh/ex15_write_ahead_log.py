# 由 solutions/build.py 从 solutions/ex15_write_ahead_log.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 15：什么都不丢，也没有看不见的等待
#
# 首先阅读运行记录（trace）：如果驱动程序（driver）现在死亡，会失去什么？批次（batch）拿到的数据有多旧？
# 然后，为一个必须经受住执行器（executor）死亡和驱动程序死亡的程序选择设置。

# %%
from sparksim.sim import Constant, Simulation
from sparksim.trace.events import BlockLogged

# %% [markdown]
# ## 任务 1：at_risk（3 分）
#
# 如果驱动程序在这次运行结束时死亡，并且没有数据源重新发送，会永远失去多少条记录？
# 请统计所有已存储（`stored_ms` 是一个数）、没有被处理（`fate` 不是 "processed"）、而且不在任何日志中的数据块（block）的记录。
# `run.trace.of(BlockLogged)` 给出写入预写日志（write-ahead log）的数据块的事件，每个都有 `block_id`。

# %%
def at_risk(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：unseen_delay（2 分）
#
# 没有哪个批次会显示它的数据块在去往驱动程序的路上花了多久。请返回其中最长的时间，以秒计：从数据块被切下（`generated_ms`）
# 到驱动程序知道它（`added_ms`；驱动程序还不知道的数据块为 None，不计入）。没有这样的数据块则返回 0。

# %%
def unseen_delay(run):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：settings（5 分）
#
# 为一个程序选择接收和写出的方式。请返回一个字典：
#
# - "receiver"："socket"（普通套接字）或 "queue"（存储并写入日志之后才向队列确认，没有确认的由队列重新发送），
# - "log"：True 或 False，接收器（receiver）的预写日志，
# - "write"："insert"（每条记录一个新行）或 "upsert"（覆盖该记录编号对应的行），
# - "messages"：队列的接收器一次最多把多少条消息存进同一个数据块。写入日志之前，它不会读取更多。
#
# 你的选择会被模拟好几次：一个执行器死亡，之后驱动程序死亡并恢复。最后，表中每条记录必须恰好出现一次。而且它必须跟得上：
# 每秒到达 100 条记录，而在这个集群上，把一个数据块写入日志需要 0.1 秒，不管其中有多少条记录。

# %%
def settings():
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试：一次没有日志的套接字运行，在两个批次之间结束。

# %%
def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


if __name__ == "__main__":
    run = Simulation(count_lines, network={"localhost:9999": Constant(20, "line")}).run(until=4.7)
    try:
        print(at_risk(run), unseen_delay(run), settings())
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 15` 评分；用 `sparksim watch 15` 在每次保存时自动评分。
