"""The receiver that commits to ZooKeeper only what is stored and logged (Spark: ReliableKafkaReceiver).

Its messages go into a block generator of its own, which says of each block which offsets it ends with. These are
committed when the block is in memory, in the write-ahead log and known to the driver. So nothing is lost, and what was
stored and not yet committed comes twice. What is committed is the offset of a block's last message, as in Spark, not
the one after it: so that message is read again whenever somebody takes over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparksim.core.storage_level import StorageLevel
from sparksim.kafka.records import ConsumerRecord, TopicPartition
from sparksim.streaming.block_generator import Block, BlockGenerator
from sparksim.streaming.kafka.receiver_connector import ConsumerConnector, MessageStream
from sparksim.streaming.receiver import Receiver

TRIES = 4
"""How often a block is tried to be stored."""


class ReliableKafkaReceiver(Receiver):
    """Stores messages as (key, value), a block at a time. `topics` says how many threads read each topic."""

    def __init__(self, settings: Mapping[str, Any], topics: Mapping[str, int], storageLevel: StorageLevel) -> None:
        super().__init__(storageLevel)
        self.settings = settings
        self.topics = topics
        self._connector: ConsumerConnector | None = None
        self._generator: BlockGenerator | None = None
        self._ends: dict[TopicPartition, int] = {}
        self._ends_of: dict[str, dict[TopicPartition, int]] = {}
        self._given_up = False

    def onStart(self) -> None:
        """Join the group. Raises `BrokerNotAvailable`."""
        supervisor = self._attached()
        owner = f"Receiver {self.streamId}"
        if self.settings["enable.auto.commit"] and "auto.commit.enable" in self.settings:
            supervisor.warn(
                f"{owner}: auto.commit.enable is taken as false: a reliable receiver commits what it stored"
            )
        self._ends, self._ends_of, self._given_up = {}, {}, False
        self._generator = supervisor.create_block_generator(self)
        supervisor.clock.call(supervisor.start_generator, self._generator)
        self._connector = ConsumerConnector(supervisor, {**self.settings, "enable.auto.commit": False}, owner)
        self._connector.start(self.topics, self._handle)

    def onStop(self) -> None:
        """Leave the group, then store what is in the buffer. Its offsets are not committed any more."""
        if self._connector is not None:
            self._connector.shutdown()
        if self._generator is not None:
            self._generator.stop()

    def _handle(self, messages: MessageStream) -> None:
        assert self._generator is not None
        assert self._connector is not None
        generator, connector = self._generator, self._connector
        while not messages.over:
            try:
                for message in messages:
                    generator.add_data_with_callback((message.key, message.value), message)
            except Exception as error:
                self.reportError("Error handling message", error)
                connector.pause()

    # --- BlockGeneratorListener ---------------------------------------------------------------------------------------

    def on_add_data(self, record: Any, metadata: ConsumerRecord) -> None:
        """The buffer now ends with this message, of its partition."""
        self._ends[TopicPartition(metadata.topic, metadata.partition)] = metadata.offset

    def on_generate_block(self, block: Block) -> None:
        """Remember where the block ends."""
        self._ends_of[block.block_id], self._ends = self._ends, {}

    def on_push_block(self, block: Block) -> None:
        """Store the block, then commit. One that cannot be stored ends the receiver: Kafka still has its messages."""
        ends = self._ends_of.pop(block.block_id)
        if self._given_up:
            return  # a commit of what follows would take the messages between from the next reader
        error = self._store(block)
        if error is None:
            self._commit(ends)
        else:
            self._given_up = True
            # This thread must not wait for its own end, which Spark's does (docs/fidelity-differences.md).
            self._attached().stop_soon("Error while storing block into Spark", error)

    def on_error(self, message: str, error: BaseException) -> None:
        """Tell the driver."""
        self.reportError(message, error)

    def _store(self, block: Block) -> Exception | None:
        """None, or why the block could not be stored."""
        failure: Exception | None = None
        for _ in range(TRIES):
            try:
                self._attached().push_and_report(block.records, block.origins)
                return None
            except Exception as error:
                failure = error
        return failure

    def _commit(self, ends: dict[TopicPartition, int]) -> None:
        assert self._connector is not None
        shown = ", ".join(f"{offset} of {partition}" for partition, offset in ends.items())
        if self._connector.closed:
            self._attached().warn(f"Receiver {self.streamId} stops and does not commit: {shown}")
            return
        try:
            self._connector.commit(ends)
        except Exception as error:
            self._attached().warn(f"Receiver {self.streamId} could not commit offset {shown}: {error}")
