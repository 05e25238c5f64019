"""More records than the cluster can process: batches wait, and each waits longer than the one before.

Virtual time. Every record costs 1 ms of a core, and of the two cores one belongs to the receiver. So one core has to
process what arrives, and 1,200 records per second are too many for it. When the rate drops, the backlog melts away.
"""

from sparksim.sim import Cluster, Simulation, Steps


def count_lines(ssc):
    ssc.socketTextStream("localhost", 9999).count().pprint()


run = Simulation(
    count_lines,
    network={"localhost:9999": Steps([(8, 1200), (12, 300)], record="a line")},  # (seconds, records per second)
    batch=1.0,  # seconds
    cluster=Cluster(executors=1, cores=2),
).run(until=20)

print("batch  records  waited for  processed in")
for batch in run.batches.where(status="completed"):
    waited_s, processing_s = batch.scheduling_delay_ms / 1000, batch.processing_time_ms / 1000
    line = f"{batch.batch_time_ms / 1000:>3g} s  {batch.records:>7}  {waited_s:>8.2f} s  {processing_s:>10.2f} s"
    print(line, "#" * round(10 * waited_s))
