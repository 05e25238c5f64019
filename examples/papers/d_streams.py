"""Discretized streams: how they scale, and how they recover, beside upstream backup.

The figures: M. Zaharia, T. Das, H. Li, T. Hunter, S. Shenker, I. Stoica, "Discretized Streams: Fault-Tolerant
Streaming Computation at Scale" (SOSP 2013): throughput under a bound on the latency against cluster size; processing
time of the batches around the failure of a node; recovery time against load, for upstream backup and for parallel
recovery.

(a) Modelled: grep and word count on 4 to 100 executors with 4 cores. Every executor receives a stream of its own,
which takes one of its cores, and keeps a copy of each block on another one. Measured: the largest rate, to 8 %, at
which no batch takes longer, from the first moment of its interval until its end, than one second, or two (on few
executors only: a hundred take long to simulate). Assumed: the price of a record (`PRICES_MS`: one record stands for
thousands of real ones), the overheads of the `teaching` cost model, shuffles that cost a tenth of a millisecond per
record at most, and a noise of 5 % on all of them. Tuned: a batch interval of 48 % of the bound, and tasks that do not
wait for an executor that has their block (`spark.locality.wait` is 0). Grep grows in proportion, as far as 8 % can
tell; word count falls an eighth behind. Why, its batches show at 36 records per second and executor: from 4 executors
to 100 the slowest map task takes 16 ms longer, being one of 300 and not of 12, and the slowest reduce task 24 ms. The
lines are made of ten words, most of which come from almost every map task, and all partial counts of a word go to one
reduce task: of 100 at most ten have anything to do, and read 250 counts each. Differs: that vocabulary; and word
count counts each batch, where the paper keeps a sliding window.

(b) Modelled: running counts of words on executors with one core, the state written to a checkpoint every few batches;
an executor dies just before the next checkpoint would have come. What was in its memory is computed again from the
last checkpoint, by all who are left. Measured: the processing times of the batches before, at and after the failure.
Assumed: what a word costs (`WORD_S`), that half of the cluster's time is taken, and overheads below those of the
`teaching` cost model: 5 ms for a task, and shuffles at a tenth of its price. Differs: a source that can be read again
stands for the paper's replicated input; the dead executor does not come back, so later batches have one executor
less.

(c) The same program, in batches of two seconds, at several loads, with 58 seconds to do again. Measured: the share of
their time for which executors are busy before the failure, and how long it takes from the failure until a batch ends
before the next one is due. Upstream backup is a model of its own, in a few lines of simpy: one spare node gets all
records that the lost node was sent since the checkpoint, and those that go on arriving. It pays for no tasks and no
scheduling, which favours it. Thin lines: the paper's formulas for the same loads, `since * load / (1 - load)` and
`since * load / n / (1 - load * n / (n - 1))`. Parallel recovery takes longer than its formula, most of all near
saturation: the overheads of its tasks are load, too.

    python examples/papers/d_streams.py [figure.png]
"""

import sys
from statistics import median

import simpy
from matplotlib.figure import Figure

from sparksim.cluster.cost import TEACHING
from sparksim.sim import Cluster, Constant, ExecutorCrash, Simulation, work
from sparksim.sim.stability import stability
from sparksim.viz.palette import BLUE, GREEN, GREY, ORANGE, PINK, VERMILION

# --- (a) scaling ---------------------------------------------------------------------------------------------------

SIZES = {1: (4, 20, 100), 2: (4, 10)}  # executors, for each bound on the latency in s
CORES = 4  # of each, one of them for its receiver
BATCH_SHARE = 0.48  # of the bound: what arrives first waits for a whole batch interval, then for its processing
BATCHES = 20


def grep(lines, executors):
    """Look for a word."""
    lines.filter(lambda line: "spark" in line).foreachRDD(lambda rdd: rdd.foreach(lambda line: None))


def word_count(lines, executors):
    """Count words, with as many reduce tasks as executors."""
    pairs = lines.flatMap(str.split).map(lambda word: (word, 1))
    counts = pairs.reduceByKey(lambda a, b: a + b, executors)
    counts.foreachRDD(lambda rdd: rdd.foreach(lambda count: None))


PRICES_MS = {grep: 25, word_count: 50}


def throughput(job, executors, bound_s, expected=None, tolerance=0.08, processes=None):
    """The largest rate of each executor, in records per second, with a latency of at most `bound_s`.

    It is looked for around `expected` first, and everywhere only if it is not found there.
    """
    ports = range(1, executors + 1)

    def program(ssc):
        job(ssc.union(*(ssc.socketTextStream("node", port) for port in ports)), executors)

    batch_s = BATCH_SHARE * bound_s
    simulation = Simulation(
        program,
        network={f"node:{port}": Constant(1) for port in ports},
        batch=batch_s,
        block=batch_s / (CORES - 1),  # one task of a batch for each free core
        cluster=Cluster(executors, CORES),
        cost=TEACHING.with_(record_ms=PRICES_MS[job], noise=0.05),
        conf={"spark.locality.wait": "0"},
    )
    perfect = (CORES - 1) * 1000 / PRICES_MS[job]  # if nothing but records took time
    near = [(0.85 * expected, 1.1 * expected)] if expected else []
    for low, high in [*near, (0.3 * perfect, perfect)]:
        found = stability(
            simulation,
            until=BATCHES * batch_s,
            low=low,
            high=high,
            bound_ms=1000 * bound_s,
            tolerance=tolerance,
            processes=processes,
            progress=False,
        )
        if found.rate is not None and found.limit is not None:
            return found.rate
    raise ValueError(f"{executors} executors: {found}")


def scaling(sizes=SIZES, jobs=(grep, word_count)):
    """{(job's name, bound in s): {executors: records per second of the whole cluster}}."""
    found = {}
    for job in jobs:
        for bound_s, counts in sizes.items():
            rate, rates = None, {}
            for executors in counts:
                rate = throughput(job, executors, bound_s, expected=rate)
                rates[executors] = executors * rate
            found[job.__name__, bound_s] = rates
    return found


# --- (b) and (c): an executor dies -----------------------------------------------------------------------------------

WORD_S = 0.002  # of one core
WORDS = [f"word {number}" for number in range(16)]
OVERHEADS = TEACHING.with_(record_ms=0, task_ms=5, shuffle_read_record_ms=0.01, shuffle_write_record_ms=0.01)

CRASH_AFTER_S = 0.1  # the batch has begun


def counted(words):
    """What a task makes of its words, and what that costs."""
    words = list(words)
    work(len(words) * WORD_S)
    return [(word, 1) for word in words]


def run_with_crash(executors, load, batch_s, checkpoint_every, crash_in, batches):
    """Running counts on a cluster that loses an executor just after batch `crash_in` (the first is 1) has begun.

    `load` is the share of the executors' time that the words take. A batch has a number of tasks that all executors,
    and all but one, can share evenly.
    """
    tasks = executors * (executors - 1)
    words = tasks * round(load * executors * batch_s / WORD_S / tasks)

    def program(ssc):
        ssc.sparkContext.setLogLevel("ERROR")  # it would warn that a queue cannot be recovered; no driver dies here
        ssc.checkpoint("sim://checkpoint")
        batch = ssc.sparkContext.parallelize([WORDS[number % len(WORDS)] for number in range(words)], tasks)
        pairs = ssc.queueStream([batch] * batches).mapPartitions(counted)
        counts = pairs.reduceByKey(lambda a, b: a + b, executors)
        totals = counts.updateStateByKey(lambda new, total: (total or 0) + sum(new), executors)
        totals.checkpoint(checkpoint_every * batch_s)
        totals.foreachRDD(lambda rdd: rdd.foreach(lambda total: None))

    return Simulation(
        program,
        batch=batch_s,
        cluster=Cluster(executors, cores=1),
        cost=OVERHEADS,
        faults=[ExecutorCrash("random", at=crash_in * batch_s + CRASH_AFTER_S)],
    ).run(until=(batches + 1) * batch_s)


def around_failure(executors, checkpoint_every, load=0.5, after=3):
    """Processing times in s: of an ordinary batch before the failure, of the batch it strikes, of those after it.

    Batches of one second, a checkpoint in one of `checkpoint_every`; an ordinary batch writes none.
    """
    crash_in = 10 + checkpoint_every - 1
    run = run_with_crash(executors, load, 1.0, checkpoint_every, crash_in, crash_in + after)
    times_s = [batch.processing_time_ms / 1000 for batch in run.batches[: crash_in + after]]
    ordinary = [times_s[number - 1] for number in range(3, crash_in) if number % checkpoint_every]
    return [median(ordinary), *times_s[crash_in - 1 :]]


# --- (c) parallel recovery beside upstream backup --------------------------------------------------------------------

BATCH_S = 2.0
CRASH_IN = 29  # the batch after which a checkpoint would come
SINCE_S = BATCH_S * CRASH_IN
LOADS = (0.2, 0.45, 0.7)


def parallel_formula(load, executors, since_s=SINCE_S):
    """The paper's recovery time in s; None where the survivors cannot carry the load."""
    left = 1 - load * executors / (executors - 1)
    return since_s * load / executors / left if left > 0 else None


def upstream_formula(load, since_s=SINCE_S):
    """The paper's recovery time in s."""
    return since_s * load / (1 - load)


def parallel_recovery(load, executors):
    """(utilisation before the failure, seconds until the cluster has caught up), or None if it does not."""
    expected_s = parallel_formula(load, executors)
    if expected_s is None:
        return None
    batches = CRASH_IN + 5 + round(3 * expected_s / BATCH_S)
    run = run_with_crash(executors, load, BATCH_S, CRASH_IN + 1, CRASH_IN, batches)
    last_ms = run.batches[CRASH_IN - 1].batch_time_ms
    before = run.tasks.where(lambda task: task.batch_time_ms is not None and task.batch_time_ms < last_ms)
    utilisation = sum(before.column("duration_ms")) / executors / (last_ms - before[0].batch_time_ms)
    for batch in run.batches[CRASH_IN - 1 :].where(status="completed"):
        if batch.processing_end_ms <= batch.batch_time_ms + 1000 * BATCH_S:
            return utilisation, (batch.processing_end_ms - last_ms) / 1000 - CRASH_AFTER_S
    return None


def upstream_backup(load, since_s=SINCE_S, records_per_s=50):
    """Seconds until a spare node, which can process `records_per_s`, has caught up with the node it stands in for."""
    env, inbox = simpy.Environment(), []
    inbox += range(round(since_s * load * records_per_s))  # sent since the checkpoint: all of it once more

    def upstream():
        while True:
            yield env.timeout(1 / (load * records_per_s))
            inbox.append(env.now)

    def spare():
        yield env.timeout(OVERHEADS.detect_loss_ms / 1000)
        while inbox:
            yield env.timeout(1 / records_per_s)
            inbox.pop()

    env.process(upstream())
    env.run(until=env.process(spare()))
    return env.now


def recovery(executors=(5, 10, 15), loads=LOADS):
    """{executors: [(utilisation, s of parallel recovery, s of upstream backup at the same utilisation)]}."""
    found = {count: [parallel_recovery(load, count) for load in loads] for count in executors}
    return {count: [(u, s, upstream_backup(u)) for u, s in filter(None, rows)] for count, rows in found.items()}


# --- the figure ------------------------------------------------------------------------------------------------------

STYLES = (("o-", BLUE), ("s-", VERMILION), ("^-", GREEN), ("D-", ORANGE), ("v-", PINK))


def draw_scaling(axes, rates):
    """Throughput against cluster size; solid at a bound of 1 s, dashed at 2 s."""
    for (name, bound_s), values in rates.items():
        marker, colour = STYLES[0] if name == "grep" else STYLES[1]
        style = marker[0] + ("-" if bound_s == 1 else "--")
        label = f"{name.replace('_', ' ')}, latency up to {bound_s} s"
        face = colour if bound_s == 1 else "white"
        rates_k = [rate / 1000 for rate in values.values()]
        axes.plot(values.keys(), rates_k, style, color=colour, markerfacecolor=face, label=label)
        if bound_s == 1:
            (least, rate), most = next(iter(values.items())), max(values)
            line = [rate / 1000, rate / 1000 * most / least]
            axes.plot([least, most], line, ":", color=GREY, label="in proportion" if name == "grep" else None)
    axes.set(title="(a) Scaling", xlabel="executors of 4 cores", ylabel="throughput (1,000 records/s)")
    axes.set(xscale="log", yscale="log", xticks=sorted({size for values in rates.values() for size in values}))
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")


def draw_failure(axes, profiles):
    """Processing time of the batches around the failure."""
    for (marker, colour), ((executors, every), times_s) in zip(STYLES, profiles.items(), strict=False):
        axes.plot(times_s, marker, color=colour, label=f"{executors} executors, checkpoint every {every} s")
    after = max(map(len, profiles.values())) - 2
    axes.set(title="(b) An executor dies", ylabel="processing time of a batch (s)", ylim=0)
    axes.set_xticks(range(after + 2), ["before", "failure", *(f"{number} later" for number in range(1, after + 1))])
    axes.set_xlabel("batch (one per second)")


def draw_recovery(axes, times):
    """Recovery time against utilisation; thin lines are the paper's formulas."""
    loads = [number / 100 for number in range(10, 96)]
    upstream = sorted((load, seconds) for rows in times.values() for load, _, seconds in rows)
    axes.plot(*zip(*upstream, strict=True), "kx", label="upstream backup")
    axes.plot(loads, [upstream_formula(load) for load in loads], color=GREY, linewidth=0.8)
    for (marker, colour), (executors, rows) in zip(STYLES, times.items(), strict=False):
        used, parallel_s, _ = zip(*rows, strict=True)
        axes.plot(used, parallel_s, marker[0], color=colour, label=f"parallel, {executors} executors")
        line = [(load, parallel_formula(load, executors)) for load in loads]
        axes.plot(*zip(*(each for each in line if each[1]), strict=True), color=colour, linewidth=0.8)
    axes.set(
        title=f"(c) Recovery with {SINCE_S:.0f} s to do again",
        xlabel="utilisation before the failure",
        ylabel="recovery time (s)",
        xlim=(0, 1),
        ylim=(0.3, 1000),
        yscale="log",
    )


def figure(rates, profiles, times):
    """The three figures side by side."""
    picture = Figure(figsize=(16, 5), layout="constrained")
    scaling_axes, failure_axes, recovery_axes = picture.subplots(1, 3)
    draw_scaling(scaling_axes, rates)
    draw_failure(failure_axes, profiles)
    draw_recovery(recovery_axes, times)
    for axes in (scaling_axes, failure_axes, recovery_axes):
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize="small")
    return picture


def main(png="d_streams.png"):
    """Measure, print the tables, draw the figure."""
    rates = scaling()
    sizes = sorted({size for counts in SIZES.values() for size in counts})
    print("(a) records per second\n" + f"{'executors':<28}", *(f"{size:>8}" for size in sizes))
    for (name, bound_s), values in rates.items():
        cells = (f"{values[size]:>8,.0f}" if size in values else 8 * " " for size in sizes)
        print(f"{f'{name}, latency up to {bound_s} s':<28}", *cells)

    profiles = {(count, every): around_failure(count, every) for count in (10, 20) for every in (2, 10)}
    print("\n(b) seconds for a batch      before  failure  1 later  2 later  3 later")
    for (executors, every), times_s in profiles.items():
        setting = f"{executors} executors, checkpoint {every} s"
        print(f"{setting:<28} {times_s[0]:>6.2f}", *(f"{time_s:>8.2f}" for time_s in times_s[1:]))

    times = recovery()
    print("\n(c) executors  utilisation  parallel recovery  formula  upstream backup  formula")
    for executors, rows in times.items():
        for load, parallel_s, upstream_s in rows:
            print(f"{executors:>13} {load:>12.2f} {parallel_s:>16.1f} s", end="")
            print(f" {parallel_formula(load, executors) or float('inf'):>6.1f} s", end="")
            print(f" {upstream_s:>14.1f} s {upstream_formula(load):>6.1f} s")
    figure(rates, profiles, times).savefig(png, dpi=150)
    print(f"\n{png}")


if __name__ == "__main__":
    main(*sys.argv[1:])
