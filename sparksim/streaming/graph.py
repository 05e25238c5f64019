"""All DStreams of a context, and what is asked of them together (Spark: DStreamGraph)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sparksim.core.errors import IllegalArgumentError
from sparksim.streaming.job import StreamingJob

if TYPE_CHECKING:
    from sparksim.streaming.dstream import DStream
    from sparksim.streaming.input_dstream import InputDStream


class DStreamGraph:
    """Input streams and output streams, in order of registration. Knows no clock."""

    def __init__(self, batch_ms: int) -> None:
        self.batch_ms = batch_ms
        self.zero_ms: int | None = None
        self.start_ms: int | None = None
        self.remember_ms: int | None = None
        self.inputs: list[InputDStream[Any]] = []
        self.outputs: list[DStream[Any]] = []
        self._names: Counter[str] = Counter()

    def add_input(self, stream: InputDStream[Any]) -> None:
        self.inputs.append(stream)

    def add_output(self, stream: DStream[Any]) -> None:
        self.outputs.append(stream)

    def distinct(self, name: str) -> str:
        """The name, or with a number what no stream has yet: several may be made in one line of the program."""
        self._names[name] += 1
        return name if self._names[name] == 1 else f"{name} ({self._names[name]})"

    def remember(self, duration_ms: int) -> None:
        """Keep RDDs at least this long. Once: raises `IllegalArgumentError` the second time."""
        if self.remember_ms is not None:
            raise IllegalArgumentError(
                f"Remember duration already set as {self.remember_ms} ms. Cannot set it again to {duration_ms} ms."
            )
        self.remember_ms = duration_ms

    def validate(self) -> None:
        """Raise where the graph cannot run: nothing registered an output."""
        if not self.outputs:
            raise IllegalArgumentError(
                "No output operations registered, so nothing to execute. End at least one stream with an output "
                "operation before start(), for example counts.pprint() or counts.foreachRDD(write)."
            )

    def start(self, first_batch_ms: int) -> None:
        """Set the zero time, one batch before the first, and check every stream."""
        zero_ms = first_batch_ms - self.batch_ms
        self.zero_ms = self.start_ms = zero_ms
        for stream in self.outputs:
            stream.initialize(zero_ms)
        for stream in self.outputs:
            stream.remember(self.remember_ms)
        for stream in self.outputs:
            stream.validate_at_start()
        for source in self.inputs:
            source.start()

    def stop(self) -> None:
        for source in self.inputs:
            source.stop()

    def generate_jobs(self, batch_time_ms: int) -> list[StreamingJob]:
        """One job per output stream that has something to do at this time, in order."""
        jobs: list[StreamingJob] = []
        for stream in self.outputs:
            job = stream.generate_job(batch_time_ms)
            if job is not None:
                job.output_op = len(jobs)
                jobs.append(job)
        return jobs

    def clear_metadata(self, batch_time_ms: int) -> None:
        """The batch is done: let go of what no later batch will ask for."""
        for stream in self.outputs:
            stream.clear_metadata(batch_time_ms)

    def update_checkpoint_data(self, batch_time_ms: int) -> None:
        """Let every stream note which of its RDDs lie in files by now."""
        for stream in self.streams():
            stream.update_checkpoint_data(batch_time_ms)

    def clear_checkpoint_data(self, batch_time_ms: int) -> list[OSError]:
        """The checkpoint after this batch is written: delete RDD files that nobody needs. Gives what went wrong."""
        problems: list[OSError] = []
        for stream in self.streams():
            try:
                stream.clear_checkpoint_data(batch_time_ms)
            except OSError as problem:
                problems.append(problem)
        return problems

    def restore_checkpoint_data(self) -> None:
        """After a restart: give every stream the RDDs that lie in files."""
        for stream in self.streams():
            stream.restore_checkpoint_data()

    def streams(self) -> list[DStream[Any]]:
        """Every stream that an output needs, each after its parents."""
        found: dict[int, DStream[Any]] = {}

        def visit(stream: DStream[Any]) -> None:
            if id(stream) not in found:
                for parent in stream.parents:
                    visit(parent)
                found[id(stream)] = stream

        for output in self.outputs:
            visit(output)
        return list(found.values())

    def max_input_remember_ms(self) -> int:
        """The longest time any used input has to be kept."""
        return max((s.remember_duration_ms for s in self.inputs if s.remember_duration_ms is not None), default=0)
