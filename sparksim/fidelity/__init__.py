"""How true a simulation is: recordings of real Spark, predicted and compared batch by batch."""

from sparksim.fidelity.judge import Verdict, judge
from sparksim.fidelity.recording import Recording, RecordingError, read_recording

__all__ = ["Recording", "RecordingError", "Verdict", "judge", "read_recording"]
