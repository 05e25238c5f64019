# 由 solutions/build.py 从 solutions/ex05_custom_receiver.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 5：三个接收器
#
# 每个任务是一个程序。请写一个继承 `Receiver` 的类，放在函数里或函数上方，并用 `ssc.receiverStream(...)` 使用它。
# 在 `onStart` 及其线程中可以使用 `self.start_thread(function, arguments...)`、`self.connect(host, port)`、`self.store(...)`、
# `self.restart("why", error)`、`self.isStopped()`。
#
# 没有人应答时 `connect` 抛出 `OSError`。`connection.read()` 给出下一行；None 表示服务器已挂断。`count_all` 打印收到的内容。

# %%
from sparksim.sim import Acknowledged, Constant, ExecutorCrash, Replay, Simulation, SourceOutage
from sparksim.streaming import Receiver


def count_all(stream):
    stream.map(lambda record: (record, 1)).reduceByKey(lambda a, b: a + b).pprint(1000)

# %% [markdown]
# ## 任务 1：two_servers（3 分）
#
# 用一个（而不是两个）接收器（receiver）同时读取两个服务器的行：localhost:9998 和 localhost:9999。两个服务器一直都在。
# 请用 `count_all` 打印这些行。

# %%
def two_servers(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：numbers（3 分）
#
# localhost:9999 上的服务器每行发送一个数。请把每个数存为 `int`，并用 `count_all` 打印。服务器并不总在，开始时可能不在，以后也可能不在：
# 请不断重试，直到它出现。有些行不是数：请略过。执行器（executor）不能因此死掉。

# %%
def numbers(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：nothing_lost（4 分）
#
# localhost:5672 上有一个消息队列，它一直都在。队列保留每条消息，直到 `connection.acknowledge()` 表明读到的一切都已安全；
# 否则它会把消息再投递给下一个接收器。不要丢失任何消息，即使接收器所在的执行器死亡；也不要让所有消息都来两次。
# 请用 `count_all` 打印消息。
#
# 消息不多，所以每条消息可以自成一个数据块（block）。

# %%
def nothing_lost(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# 试一试。

# %%
if __name__ == "__main__":
    lines = Replay([(1.3, "7"), (1.4, "8"), (5.5, "seven"), (5.6, "9")])
    queue = Acknowledged(Constant(rate=20, record=lambda random: f"m{random.randrange(1000)}"))
    network = {"localhost:9998": lines, "localhost:9999": lines, "localhost:5672": queue}
    away = SourceOutage("localhost:9999", at=2, duration=1)
    crash = ExecutorCrash("receiver", at=3.3)
    try:
        print(Simulation(two_servers, network=network).run(until=3.5).output)
        print(Simulation(numbers, network=network, faults=[away]).run(until=7.5).output)
        print(Simulation(nothing_lost, network=network, faults=[crash]).run(until=6.5).delivery)
    except NotImplementedError as unfinished:
        print(unfinished)

# %% [markdown]
# 用 `sparksim grade 05` 评分；用 `sparksim watch 05` 在每次保存时自动评分。
