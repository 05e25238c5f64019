"""Stores ten messages together, however long that takes."""

from sparksim.streaming import Receiver

LOSES = {
    "nothing_lost/calm": "wait for ever",
}


def count_all(stream):
    stream.map(lambda record: (record, 1)).reduceByKey(lambda a, b: a + b).pprint(1000)


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


def two_servers(ssc):
    count_all(ssc.receiverStream(TwoServers()))


class Numbers(Receiver):
    def onStart(self):
        self.start_thread(self.receive)

    def onStop(self):
        pass

    def receive(self):
        try:
            connection = self.connect("localhost", 9999)
            while (line := connection.read()) is not None:
                if line.isdigit():
                    self.store(int(line))
        except OSError as error:
            self.restart("cannot connect", error)
        else:
            if not self.isStopped():
                self.restart("the server has hung up")


def numbers(ssc):
    count_all(ssc.receiverStream(Numbers()))


class Careful(Receiver):
    def onStart(self):
        self.start_thread(self.receive)

    def onStop(self):
        pass

    def receive(self):
        connection = self.connect("localhost", 5672)
        messages = []
        while (message := connection.read()) is not None:
            messages.append(message)
            if len(messages) == 10:
                self.store(messages)
                connection.acknowledge()
                messages = []


def nothing_lost(ssc):
    count_all(ssc.receiverStream(Careful()))
