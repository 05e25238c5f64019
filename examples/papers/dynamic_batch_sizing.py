"""Dynamic batch sizing: a control loop that finds the shortest batch interval a workload can sustain.

The figures: T. Das, Y. Zhong, I. Stoica, S. Shenker, "Adaptive Stream Processing using Dynamic Batch Sizing" (SoCC
2014): processing time against batch interval for workloads of two kinds, with the line below which they are stable;
and batch interval and processing time over time, while data rate and resources change.

Modelled: a reduce, whose time grows in proportion to the batch, and a join of two streams, which has to look at every
pair of records with the same key: its curve bends upwards, crosses the line twice, or never. The loop goes to where
the curve crosses the line `processing time = SLACK * batch interval`: the next interval is the last processing time,
divided by the slack. That would run away beyond the second crossing. So the loop compares the last two batches: where
both lie above the line, and the longer one is more expensive per second of its interval, it takes the shorter
interval, less a quarter. (Two intervals that are almost the same say nothing.)

Measured by the simulation: every processing time, of the curves and of every batch that the loop cuts. Assumed: what
a record and a pair cost (`RECORD_S`, `PAIR_S`), the overheads of the `teaching` cost model, and a noise of 5 % on
them.

Tuned: the interval at which the loop begins (`SCENES`), the back-off and the steps of the rate. The join begins at 3.5
s, beyond the second crossing, and comes back to the first; that is not general. Beginning at 4 s it takes longer, at
2.5 s it stays at the second crossing, where the last two batches tell nothing; at 5 s or more it ends at `LONGEST_S`,
while batches queue up.

Where this differs: the batch interval of a StreamingContext is fixed. So every batch of the loop is a simulation of
its own, whose batch interval is the one that the loop has chosen; when it may start, and which batches have ended
when the loop decides, is reckoned here (`controlled`). Rates change in steps, and a lost executor is a smaller
cluster.

    python examples/papers/dynamic_batch_sizing.py [figure.png]
"""

import sys
from functools import cache

from matplotlib.figure import Figure

from sparksim.cluster.cost import TEACHING
from sparksim.sim import Cluster, Simulation, work
from sparksim.viz.palette import BLUE, GREEN, GREY, INK, VERMILION

SLACK = 0.8  # the share of the batch interval that processing may take
BACK_OFF = 0.25
ALIKE = 0.1  # intervals that differ by less than this share cannot tell how the curve bends
SHORTEST_S, LONGEST_S = 0.2, 6.0
INTERVALS_S = (0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 3, 4)

CORES = 2  # of each executor
KEYS = 50
RECORD_S, PAIR_S = 0.003, 0.0004  # of one core
COSTS = TEACHING.with_(record_ms=0, noise=0.05)


def worked(records):
    """The records, after the work that they are."""
    records = list(records)
    work(len(records) * RECORD_S)
    return records


def looked_at(pairs):
    """How many pairs there are, after the work that they are."""
    count = sum(1 for _ in pairs)
    work(count * PAIR_S)
    return [count]


def reduce(ssc, records, slots):
    """Sums per key."""
    sums = _stream(ssc, records, slots).reduceByKey(lambda a, b: a + b, slots)
    sums.foreachRDD(lambda rdd: rdd.foreach(lambda pair: None))


def join(ssc, records, slots):
    """Every record of one half of the stream with every record of the other half that has the same key."""
    half = len(records) // 2
    pairs = _stream(ssc, records[:half], slots).join(_stream(ssc, records[half:], slots), slots)
    pairs.mapPartitions(looked_at).foreachRDD(lambda rdd: rdd.foreach(lambda count: None))


def _stream(ssc, records, slots):
    return ssc.queueStream([ssc.sparkContext.parallelize(records, slots)]).mapPartitions(worked)


@cache
def processing_s(job, interval_s, rate, executors, seed=0):
    """Simulate one batch of `interval_s` at `rate` records per second, and measure its processing time in s."""
    slots = executors * CORES
    even = 2 * slots  # both halves of the stream have as many records for each core
    records = [(number % KEYS, number) for number in range(even * round(rate * interval_s / even))]

    def program(ssc):
        job(ssc, records, slots)

    simulation = Simulation(program, batch=interval_s, cluster=Cluster(executors, CORES), cost=COSTS, seed=seed)
    until = 2 * interval_s
    while (batch := simulation.run(until).batches[0]).status != "completed":
        until *= 2
    return batch.processing_time_ms / 1000


def curve(job, rate, executors, intervals_s=INTERVALS_S):
    """Processing times in s at these batch intervals: the workload's curve."""
    return [processing_s(job, interval_s, rate, executors) for interval_s in intervals_s]


def crossing(intervals_s, times_s):
    """The shortest batch interval on the line, between the two measured ones around it; None where there is none."""
    above = [time_s - SLACK * interval_s for interval_s, time_s in zip(intervals_s, times_s, strict=True)]
    for number in range(1, len(above)):
        if above[number - 1] > 0 >= above[number]:
            share = above[number - 1] / (above[number - 1] - above[number])
            return intervals_s[number - 1] + share * (intervals_s[number] - intervals_s[number - 1])
    return None


def next_interval(last, before, safeguard=True):
    """The control module. `last`, `before`: (batch interval, processing time) of the last two batches that ended."""
    if safeguard and before is not None:
        (short_s, short_time_s), (long_s, long_time_s) = sorted([last, before])
        differ = long_s - short_s > ALIKE * long_s
        unstable = short_time_s > SLACK * short_s and long_time_s > SLACK * long_s
        if differ and unstable and long_time_s / long_s > short_time_s / short_s:
            return _allowed((1 - BACK_OFF) * short_s)
    return _allowed(last[1] / SLACK)


def _allowed(interval_s):
    return round(min(max(interval_s, SHORTEST_S), LONGEST_S), 2)


def controlled(job, phases, first_s, safeguard=True):
    """Let the loop run. `phases` are (seconds, records per second, executors), in turn; `first_s` its first interval.

    Rows of (when the batch was cut, its interval, its processing time, how long it waited), all in s.
    """
    rows, ended = [], []
    now_s, interval_s, free_s, phase_end_s = 0.0, first_s, 0.0, 0.0
    for seconds, rate, executors in phases:
        phase_end_s += seconds
        while now_s + interval_s <= phase_end_s:
            now_s += interval_s
            time_s = processing_s(job, interval_s, rate, executors, seed=len(rows))
            start_s = max(now_s, free_s)
            free_s = start_s + time_s
            rows.append((now_s, interval_s, time_s, start_s - now_s))
            ended.append((free_s, (interval_s, time_s)))
            known = [batch for end_s, batch in ended if end_s <= now_s][-2:]
            if known:
                interval_s = next_interval(known[-1], known[-2] if len(known) > 1 else None, safeguard)
    return rows


SCENES = {  # what the loop meets: (seconds, records per second, executors)
    reduce: (1.0, ((20, 1000, 4), (30, 1800, 4), (20, 1000, 4), (20, 1000, 3))),
    join: (3.5, ((80, 800, 4), (25, 500, 4), (25, 500, 3))),
}


def figure(curves, runs):
    """One row for each workload: its curves with the line, and the loop over time."""
    picture = Figure(figsize=(12, 8), layout="constrained")
    for (curve_axes, time_axes), job in zip(picture.subplots(2, 2, width_ratios=(1, 1.6)), SCENES, strict=True):
        line_s = (0, max(INTERVALS_S))
        curve_axes.plot(line_s, [SLACK * each for each in line_s], "--", color=INK, label=f"{SLACK} x batch interval")
        styles = zip(("o-", "s-", "^-"), (BLUE, VERMILION, GREEN), strict=True)
        for (rate, executors), times_s in curves[job].items():
            style, colour = next(styles)
            label = f"{rate} records/s, {executors} executors"
            curve_axes.plot(INTERVALS_S, times_s, style, color=colour, markersize=4, label=label)
        curve_axes.set(title=f"{job.__name__}: the workload", xlabel="batch interval (s)", ylabel="processing time (s)")
        curve_axes.set(xlim=0, ylim=0)

        cut_s, intervals_s, times_s, _ = zip(*runs[job], strict=True)
        time_axes.step(cut_s, intervals_s, where="post", color=BLUE, label="batch interval")
        time_axes.plot(cut_s, times_s, ".", color=VERMILION, markersize=4, label="processing time")
        begin_s, (_, phases) = 0.0, SCENES[job]
        for seconds, rate, executors in phases:
            goal_s = crossing(INTERVALS_S, curves[job][rate, executors])
            goal = "where curve and line cross" if begin_s == 0 else None
            time_axes.hlines(goal_s, begin_s, begin_s + seconds, color=INK, linestyle=":", label=goal)
            time_axes.axvline(begin_s, color=GREY, linewidth=0.8)
            place = (begin_s + 0.01 * sum(each[0] for each in phases), 0.99)
            time_axes.text(
                *place, f"{rate}/s\n{executors} executors", transform=time_axes.get_xaxis_transform(), va="top"
            )
            begin_s += seconds
        top_s = 3 * max(*intervals_s, *times_s)
        time_axes.set(title=f"{job.__name__}: the control loop", xlabel="time (s)", ylabel="seconds")
        time_axes.set(xlim=(0, begin_s), ylim=(0.1, top_s), yscale="log")
        time_axes.minorticks_off()
        time_axes.set_yticks([tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10) if tick <= top_s])
        time_axes.yaxis.set_major_formatter("{x:g}")
        for axes in (curve_axes, time_axes):
            axes.grid(alpha=0.3)
            axes.legend(frameon=False, fontsize="small", loc="upper left" if axes is curve_axes else "center right")
    return picture


def main(png="dynamic_batch_sizing.png"):
    """Measure, print the table, draw the figure."""
    curves, runs = {}, {}
    print("workload  records/s  executors  the curve crosses the line at  the loop ends at  longest wait at its end")
    for job, (first_s, phases) in SCENES.items():
        curves[job] = {each: curve(job, *each) for each in dict.fromkeys(phase[1:] for phase in phases)}
        runs[job] = controlled(job, phases, first_s)
        end_s = 0.0
        for seconds, rate, executors in phases:
            end_s += seconds
            last = [row for row in runs[job] if row[0] <= end_s][-5:]
            goal_s = crossing(INTERVALS_S, curves[job][rate, executors])
            settled_s, wait_s = sum(row[1] for row in last) / len(last), max(row[3] for row in last)
            print(f"{job.__name__:<8} {rate:>10} {executors:>10} {goal_s:>28.2f} s", end="")
            print(f" {settled_s:>15.2f} s {wait_s:>22.2f} s")
    figure(curves, runs).savefig(png, dpi=150)
    print(f"\n{png}")


if __name__ == "__main__":
    main(*sys.argv[1:])
