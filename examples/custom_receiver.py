"""A receiver of your own: it makes up temperatures, with no socket at all.

`start_thread` and `sleep` live in the time of the run, so the same class works on a wall clock and in virtual time.
"""

from sparksim.sim import Cluster, Simulation
from sparksim.streaming import Receiver


class Thermometers(Receiver):
    """Two rooms, each measured every half second."""

    def onStart(self):
        for room in ("kitchen", "cellar"):
            self.start_thread(self.measure, room)

    def onStop(self):
        """Nothing to clean up: `measure` ends by itself."""

    def measure(self, room):
        degrees = {"kitchen": 20.0, "cellar": 11.0}[room]
        while not self.isStopped():
            self.store((room, degrees))
            degrees += 0.5
            self.sleep(0.5)


def warmest(ssc):
    ssc.receiverStream(Thermometers()).reduceByKey(max).pprint()


run = Simulation(warmest, batch=2.0, cluster=Cluster(executors=2, cores=2)).run(until=9)
print(run.output)
