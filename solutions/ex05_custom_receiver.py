# %% [markdown] lang="en"
# # Exercise 5: three receivers
#
# Each task is a program. Write a class that extends `Receiver`, inside of the function or above it, and use it with
# `ssc.receiverStream(...)`. In `onStart` and in its threads there are `self.start_thread(function, arguments...)`,
# `self.connect(host, port)`, `self.store(...)`, `self.restart("why", error)`, `self.isStopped()`.
#
# `connect` raises `OSError` where nobody answers. `connection.read()` gives the next line; None means that the server has
# hung up. `count_all` prints what has come.

# %% [markdown] lang="zh"
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


# %% [markdown] lang="en"
# ## Task 1: two_servers (3 points)
#
# One receiver (not two) reads the lines of two servers, localhost:9998 and localhost:9999, at the same time. Both servers
# are always there. Print the lines with `count_all`.

# %% [markdown] lang="zh"
# ## 任务 1：two_servers（3 分）
#
# 用一个（而不是两个）接收器（receiver）同时读取两个服务器的行：localhost:9998 和 localhost:9999。两个服务器一直都在。
# 请用 `count_all` 打印这些行。


# %%
def two_servers(ssc):
    ### BEGIN SOLUTION
    class TwoServers(Receiver):
        def onStart(self):
            for port in (9998, 9999):
                self.start_thread(self.receive, port)

        def onStop(self):
            pass

        def receive(self, port):
            connection = self.connect("localhost", port)
            while (line := connection.read()) is not None:
                self.store(line)

    count_all(ssc.receiverStream(TwoServers()))
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: numbers (3 points)
#
# The server at localhost:9999 sends numbers, a line each. Store each as an `int`, and print them with `count_all`. The
# server is not always there, neither at the beginning nor later: try again until it is. And some lines are no numbers:
# leave them out. No executor may die of it.

# %% [markdown] lang="zh"
# ## 任务 2：numbers（3 分）
#
# localhost:9999 上的服务器每行发送一个数。请把每个数存为 `int`，并用 `count_all` 打印。服务器并不总在，开始时可能不在，以后也可能不在：
# 请不断重试，直到它出现。有些行不是数：请略过。执行器（executor）不能因此死掉。


# %%
def numbers(ssc):
    ### BEGIN SOLUTION
    class Numbers(Receiver):
        def onStart(self):
            self.start_thread(self.receive)

        def onStop(self):
            pass

        def receive(self):
            try:
                connection = self.connect("localhost", 9999)
                while (line := connection.read()) is not None:
                    self.keep(line)
            except OSError as error:
                self.restart("cannot connect", error)
            else:
                if not self.isStopped():
                    self.restart("the server has hung up")

        def keep(self, line):
            try:
                number = int(line)
            except ValueError as error:
                self.reportError(f"no number: {line}", error)
            else:
                self.store(number)

    count_all(ssc.receiverStream(Numbers()))
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: nothing_lost (4 points)
#
# At localhost:5672 there is a message queue, which is always up. It keeps a message until `connection.acknowledge()` says
# that all that was read is safe; else it delivers the message again, to the next receiver. Lose no message, also when
# the executor of the receiver dies, and do not let all of them come twice. Print them with `count_all`.
#
# There are few messages, so each may become a block of its own.

# %% [markdown] lang="zh"
# ## 任务 3：nothing_lost（4 分）
#
# localhost:5672 上有一个消息队列，它一直都在。队列保留每条消息，直到 `connection.acknowledge()` 表明读到的一切都已安全；
# 否则它会把消息再投递给下一个接收器。不要丢失任何消息，即使接收器所在的执行器死亡；也不要让所有消息都来两次。
# 请用 `count_all` 打印消息。
#
# 消息不多，所以每条消息可以自成一个数据块（block）。


# %%
def nothing_lost(ssc):
    ### BEGIN SOLUTION
    class Careful(Receiver):
        def onStart(self):
            self.start_thread(self.receive)

        def onStop(self):
            pass

        def receive(self):
            connection = self.connect("localhost", 5672)
            while (message := connection.read()) is not None:
                self.store([message])  # a list is stored, and reported, when store returns
                connection.acknowledge()

    count_all(ssc.receiverStream(Careful()))
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
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
