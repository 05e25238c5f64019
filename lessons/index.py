# %% [markdown] lang="en"
# # Understand Spark Streaming
#
# Thirty-one lessons, each built around a question, and an exercise for each. You write ordinary Spark Streaming programs;
# they run on your machine, with no JVM and no cluster, or on a simulated cluster that you may break as you like. What you
# see is what Spark does.
#
# **How to go through a lesson.** Run it cell by cell with Shift-Enter. Where a cell says `predict("...", None)`, stop: write
# what you expect in place of `None`, run the cell, and then go on to the run that shows it. Being wrong is the point: that
# is where you learn something. Then do the exercise: a copy of it in a file of your own, graded in a second by
# `check("03")` in the notebook, or `sparksim grade 03` in a terminal.
#
# **Which lessons.** In a hurry: 1, 2, 3, 13, 14, 18, 19. To write programs: all up to 12. To run them: 13 to 16, 20, 21.
# Kafka: 17 to 19. Lesson 22 brings everything together. Structured Streaming: 23 to 31; of these, 23, 24, 25, 27 in a hurry.
# The Chinese notebooks have the same numbers: [中文](../zh/index.ipynb).

# %% [markdown] lang="zh"
# # 理解 Spark Streaming
#
# 三十一课，每课围绕一个问题，并配有一个练习。你写的是普通的 Spark Streaming 程序；它们在你的机器上运行，不需要 JVM，也不需要集群，
# 或者运行在一个你可以随意弄坏的模拟集群上。你看到的就是 Spark 的行为。
#
# **怎样学一课。** 用 Shift-Enter 逐个单元格运行。遇到 `predict("...", None)` 就停下：把 `None` 换成你的预测，运行这个单元格，
# 再继续运行后面的程序，看结果如何。预测错了正是收获所在。然后做练习：在自己的副本中作答，用笔记本里的 `check("03")` 或终端中的
# `sparksim grade 03`，一秒钟就能得到评分。
#
# **选哪些课。** 时间紧：1、2、3、13、14、18、19。要写程序：前 12 课全部。要运维：13 至 16、20、21。Kafka：17 至 19。
# 第 22 课把一切结合起来。结构化流（Structured Streaming）：23 至 31；时间紧时其中 23、24、25、27。英文笔记本的编号相同：[English](../en/index.ipynb)。

# %%
import sparksim
from sparksim.course import course_map

sparksim.set_language(lang="en")
course_map()

# %% [markdown] lang="en"
# Progress is kept on this machine, for you alone; run the cell again to see it grow.
#
# **If something does not work**, `sparksim doctor` in a terminal says what is missing and how to mend it.
#
# **To look further**: [how the simulator works, and how to draw conclusions from it](../../docs/how-it-works.md),
# [where it differs from real Spark](../../docs/fidelity.md), [who loses what when something breaks](../../docs/semantics.md),
# and [for teachers](../../docs/teachers.md).

# %% [markdown] lang="zh"
# 进度只保存在这台机器上，只给你自己看；再次运行上面的单元格即可更新。
#
# **如果有什么不能用**，在终端中运行 `sparksim doctor`，它会说明缺了什么、怎样修复。
#
# **进一步阅读**（英文）：[模拟器如何工作、怎样从中得出结论](../../docs/how-it-works.md)、
# [它与真实 Spark 的不同](../../docs/fidelity.md)、[出故障时谁会丢失什么](../../docs/semantics.md)，以及[教师指南](../../docs/teachers.md)。
