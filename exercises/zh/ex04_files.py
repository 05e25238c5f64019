# 由 solutions/build.py 从 solutions/ex04_files.py 生成：修改练习请改源文件，答案写在本文件中。

# %% [markdown]
# # 练习 4：哪些文件会被读取？
#
# 请写出 Spark 选择文件的规则，用它找出永远没有人会读的文件，写出读取文件的程序，并把一个文件放进去，使它完整地被读取一次。
# 所有时间都是从程序启动算起的毫秒。

# %%
from sparksim.sim import Simulation

# %% [markdown]
# ## 任务 1：is_taken（3 分）
#
# 批次（batch）`batch_time_ms` 到点时，目录中有一个名为 `name` 的文件，最后修改时间是 `modified_ms`，以前没有被取走过。
# 如果这个批次取走它，返回 True，否则返回 False。时间窗（remember window）的长度是 `window_ms`，在批次时刻结束；
# 与课中一样，它不包含起点，包含终点。修改时间为 0 或更早的文件早于程序启动。

# %%
def is_taken(name, modified_ms, batch_time_ms, window_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 2：never_read（3 分）
#
# `files` 说明每个文件何时出现在目录中，以及最后修改时间：`{"a.txt": (appears_ms, modified_ms)}`。
# 批次在 `batch_ms` 的整数倍时刻到点，没有尽头；恰好在批次到点时出现的文件，这个批次能看到。请返回任何批次都不会取走的文件名，按字母顺序排列。请使用 `is_taken`。

# %%
def never_read(files, batch_ms, window_ms):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
# ## 任务 3：takings（2 分）
#
# 目录 sim://orders 中的每个文件都含有订单，每行一条，例如 `tea 4`。有些行是空的。
# 请用 `pprint` 为每个批次打印每种商品的总价，形式为 `(product, sum)`。

# %%
def takings(ssc):
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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
    raise NotImplementedError("not started yet · 尚未完成")

# %% [markdown]
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

# %% [markdown]
# 用 `sparksim grade 04` 评分；用 `sparksim watch 04` 在每次保存时自动评分。
