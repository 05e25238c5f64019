"""Case 3: a receiver of one's own, which reads lines from a TCP server and connects again when the connection ends.

    nc -lk 9999
    sparksim run examples/case_03_custom_receiver.py

    sparksim run examples/case_03_custom_receiver.py --master 'sim[3,2]' --source localhost:9999=poisson:5 --until 10

`onStart` must return soon, so the reading happens in a thread. That thread ends by itself once `isStopped()` has
become true, and `restart` lets the receiver begin anew after two seconds. `start_thread` and `connect` work on the
wall clock and in virtual time alike. PySpark has no custom receivers: this is the form of Spark's Java API.

The storage level is the default one: in memory and, where there is no room, on disk, in two copies. With
`MEMORY_ONLY` there is one copy, which dies with its executor, and on Spark what finds no room in memory is lost.
"""

import sys

from sparksim import SparkContext
from sparksim.streaming import Receiver, StreamingContext


class LineReceiver(Receiver):
    """The lines that a TCP server sends."""

    def __init__(self, host, port):
        super().__init__()
        self.host = host
        self.port = port

    def onStart(self):
        self.start_thread(self.receive)

    def onStop(self):
        """Nothing to do: the connection is closed for us, and then `receive` ends."""

    def receive(self):
        try:
            connection = self.connect(self.host, self.port)
            while not self.isStopped() and (line := connection.read()) is not None:
                self.store(line)
        except OSError as error:
            self.restart(f"could not read from {self.host}:{self.port}", error)
        else:
            if not self.isStopped():
                self.restart("the connection ended: connecting again")


def main(host="localhost", port="9999", batch_s="3"):
    """Count words until somebody stops it."""
    ssc = StreamingContext(SparkContext(appName="case 3"), float(batch_s))
    words = ssc.receiverStream(LineReceiver(host, int(port))).flatMap(lambda line: line.split())
    words.map(lambda word: (word, 1)).reduceByKey(lambda a, b: a + b).pprint()
    ssc.start()
    ssc.awaitTermination()


if __name__ == "__main__":
    main(*sys.argv[1:])
