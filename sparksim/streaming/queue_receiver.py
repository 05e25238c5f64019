"""A reliable receiver: it acknowledges a message only when the message is stored, and logged if there is a log.

It gathers messages, stores them together with the `store` that returns when all copies are made and the driver knows of
the block, and then tells the queue. Whatever breaks before that, the queue delivers those messages again; so none is
lost on the way in, and some may come twice. This is the pattern that Spark's guide to custom receivers describes, and
that its ReliableKafkaReceiver follows.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, cast

from sparksim.core.arguments import is_positive
from sparksim.core.errors import IllegalArgumentError, UnsupportedOperation
from sparksim.core.storage_level import StorageLevel
from sparksim.streaming.arguments import check_text, check_type, check_whole_number
from sparksim.streaming.receiver import Receiver

if TYPE_CHECKING:
    from sparksim.streaming.origins import FollowedConnection


class QueueReceiver(Receiver):
    """Reads a queue of the simulated network (`Acknowledged(load)`): `ssc.receiverStream(QueueReceiver("host", 5672))`.

    A block holds at most `messages` messages, and is stored at the latest `seconds` after its first one was read. No
    rate limit of Spark applies to such a receiver: it takes what it can store. Raises `IllegalArgumentError` for
    arguments that make no sense.
    """

    def __init__(
        self,
        host: str,
        port: int,
        messages: int = 100,
        seconds: float = 0.2,
        storageLevel: StorageLevel = StorageLevel.MEMORY_AND_DISK_2,
    ) -> None:
        check_text(host, "host", "give the name of the server, such as 'localhost'")
        check_whole_number(port, "port", 1, 65535, "give a port number from 1 to 65535, as a number")
        check_whole_number(messages, "messages", 1, inf, "give how many messages a block holds at most, 1 or more")
        if not is_positive(seconds):
            raise IllegalArgumentError(f"seconds={seconds!r}: give how long messages wait for a block, above 0")
        check_type(storageLevel, StorageLevel, "storageLevel", "give one such as StorageLevel.MEMORY_AND_DISK_2")
        super().__init__(storageLevel)
        self.host = host
        self.port = port
        self.messages = messages
        self.seconds = seconds
        self._connection: FollowedConnection | None = None

    def onStart(self) -> None:
        """Connect, and read on a thread of its own. Tries again later when that fails."""
        try:
            connection = cast("FollowedConnection", self.connect(self.host, self.port))
        except OSError as error:
            self.restart(f"Error connecting to {self.host}:{self.port}", error)
            return
        if not connection.is_acknowledged:
            self.restart(f"Error connecting to {self.host}:{self.port}", UnsupportedOperation(self._no_queue()))
            return
        self._connection = connection
        self.start_thread(self._receive, connection)

    def onStop(self) -> None:
        """Nothing to do: the supervisor hangs up, and what is not acknowledged goes back to the queue."""

    def _receive(self, connection: FollowedConnection) -> None:
        try:
            while messages := self._gather(connection):
                self.store(messages)
                connection.acknowledge()
            self._again(connection, "The queue hung up", None)
        except Exception as error:
            self._again(connection, "Error receiving data", error)

    def _gather(self, connection: FollowedConnection) -> list[Any]:
        """The messages of the next block; none when the connection is closed, and they are the queue's again."""
        clock = self._attached().clock
        messages: list[Any] = []
        wait_ms, end_ms = inf, inf
        while len(messages) < self.messages and (message := connection.read(wait_ms)) is not None:
            messages.append(message)
            end_ms = min(end_ms, clock.now_ms + self.seconds * 1000)
            wait_ms = end_ms - clock.now_ms
        return [] if connection.closed else messages

    def _again(self, connection: FollowedConnection, message: str, error: Exception | None) -> None:
        """Start anew, with a new connection, unless that is happening already."""
        if connection is self._connection and not self.isStopped():
            self.restart(message, error)

    def _no_queue(self) -> str:
        return (
            f"{self.host}:{self.port} does not wait for acknowledgements, so this receiver cannot be reliable. In a "
            f'simulation, give it a queue: Simulation(..., network={{"{self.host}:{self.port}": Acknowledged(load)}}). '
            "A live program has no such server: write a Receiver on the client of your queue, in the same way"
        )
