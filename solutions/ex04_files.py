# %% [markdown] lang="en"
# # Exercise 4: which files are read?
#
# You write the rule by which Spark chooses files, use it to find files that nobody will ever read, write the program
# that reads them, and bring a file in so that it is read, whole and once. All times are in milliseconds since the program
# was started.

# %% [markdown] lang="zh"
# # 练习 4：哪些文件会被读取？
#
# 请写出 Spark 选择文件的规则，用它找出永远没有人会读的文件，写出读取文件的程序，并把一个文件放进去，使它完整地被读取一次。
# 所有时间都是从程序启动算起的毫秒。

# %%
from sparksim.sim import Simulation

# %% [markdown] lang="en"
# ## Task 1: is_taken (3 points)
#
# A file of this name, last modified at `modified_ms`, lies in the directory when the batch of `batch_time_ms` is due. It
# was not taken before. Return True if this batch takes it, else False. The remember window is `window_ms` long and ends
# at the batch time; as in the lesson, its beginning does not belong to it, and its end does. A file that was modified at 0
# or earlier is older than the program.

# %% [markdown] lang="zh"
# ## 任务 1：is_taken（3 分）
#
# 批次（batch）`batch_time_ms` 到点时，目录中有一个名为 `name` 的文件，最后修改时间是 `modified_ms`，以前没有被取走过。
# 如果这个批次取走它，返回 True，否则返回 False。时间窗（remember window）的长度是 `window_ms`，在批次时刻结束；
# 与课中一样，它不包含起点，包含终点。修改时间为 0 或更早的文件早于程序启动。


# %%
def is_taken(name, modified_ms, batch_time_ms, window_ms):
    ### BEGIN SOLUTION
    oldest_ms = max(0, batch_time_ms - window_ms)
    return not name.startswith(".") and oldest_ms < modified_ms <= batch_time_ms
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 2: never_read (3 points)
#
# `files` says of each name when the file appears in the directory and when it was last modified:
# `{"a.txt": (appears_ms, modified_ms)}`. Batches are due at the multiples of `batch_ms`, without end; a batch sees a file
# that appears at the very moment when it is due. Return the names of the files that no batch ever takes, in alphabetical
# order. Use `is_taken`.

# %% [markdown] lang="zh"
# ## 任务 2：never_read（3 分）
#
# `files` 说明每个文件何时出现在目录中，以及最后修改时间：`{"a.txt": (appears_ms, modified_ms)}`。
# 批次在 `batch_ms` 的整数倍时刻到点，没有尽头；恰好在批次到点时出现的文件，这个批次能看到。请返回任何批次都不会取走的文件名，按字母顺序排列。请使用 `is_taken`。


# %%
def never_read(files, batch_ms, window_ms):
    ### BEGIN SOLUTION
    missed = []
    for name, (appears_ms, modified_ms) in files.items():
        # A later batch looks back less far: the first one that could take the file decides.
        first_ms = -(-max(appears_ms, modified_ms) // batch_ms) * batch_ms
        if not is_taken(name, modified_ms, first_ms, window_ms):
            missed.append(name)
    return sorted(missed)
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 3: takings (2 points)
#
# Each file in the directory sim://orders holds orders, a line each, such as `tea 4`. Some lines are empty. Print for
# every batch the sum per product, as pairs `(product, sum)` with `pprint`.

# %% [markdown] lang="zh"
# ## 任务 3：takings（2 分）
#
# 目录 sim://orders 中的每个文件都含有订单，每行一条，例如 `tea 4`。有些行是空的。
# 请用 `pprint` 为每个批次打印每种商品的总价，形式为 `(product, sum)`。


# %%
def takings(ssc):
    ### BEGIN SOLUTION
    orders = ssc.textFileStream("sim://orders").map(lambda line: line.split()).filter(len)
    orders.map(lambda order: (order[0], int(order[1]))).reduceByKey(lambda a, b: a + b).pprint()
    ### END SOLUTION


# %% [markdown] lang="en"
# ## Task 4: publish (2 points)
#
# A large file lies in `archive/`, since long before the program was started. It is to be read from the directory
# `orders/`, all three directories being on one disk; the archive keeps its file. Return the steps, a list of tuples:
#
# - `("copy", path, new_path)`: takes many batches; meanwhile the new file is there, and grows. At the end it was last
#   modified just now.
# - `("move", path, new_path)`: takes no time, and the file keeps its time of modification.
#
# For `name = "monday.txt"`, the file is `"archive/monday.txt"`. There is also an empty directory, `"staging/"`.

# %% [markdown] lang="zh"
# ## 任务 4：publish（2 分）
#
# `archive/` 中有一个很大的文件，早在程序启动之前就在那里。要让程序从目录 `orders/` 中读到它，三个目录都在同一磁盘上；
# 归档里要保留这个文件。请返回操作步骤，即元组的列表：
#
# - `("copy", path, new_path)`：持续许多个批次；其间新文件已经在那里，并不断变大。结束时，它的最后修改时间就是现在。
# - `("move", path, new_path)`：不花时间，文件保留其修改时间。
#
# 当 `name = "monday.txt"` 时，文件是 `"archive/monday.txt"`。还有一个空目录 `"staging/"`。


# %%
def publish(name):
    ### BEGIN SOLUTION
    return [
        ("copy", f"archive/{name}", f"staging/{name}"),
        ("move", f"staging/{name}", f"orders/{name}"),
    ]
    ### END SOLUTION


# %% [markdown] lang="en"
# Try it.

# %% [markdown] lang="zh"
# 试一试。

# %%
if __name__ == "__main__":
    files = {"sim://orders/a.txt": (0.5, "tea 4\n\ncake 3"), "sim://orders/b.txt": (1.5, "tea 5")}
    try:
        print(f"should be True: {is_taken('a.txt', 1500, 2000, 60000)}")
        print("should be ['old.txt']:", never_read({"a.txt": (500, 500), "old.txt": (900, -100)}, 1000, 60000))
        print(Simulation(takings, files=files).run(until=3.5).output)
        print(publish("monday.txt"))
    except NotImplementedError as unfinished:
        print(unfinished)
