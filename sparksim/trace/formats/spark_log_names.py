"""The names that a Spark event log gives to what makes a batch of jobs (Spark: JobScheduler, ReceiverTracker)."""

from __future__ import annotations

import re

BATCH_TIME = "spark.streaming.internal.batchTime"
OUTPUT_OP = "spark.streaming.internal.outputOpId"
DESCRIPTION = "spark.job.description"
CALL_SITE = "callSite.short"

RECEIVER_JOB = re.compile(r"Streaming job running receiver (\d+)")
"""The description of the job that runs a receiver."""

LINK = "Streaming job from <a "
"""How Spark describes a job of a batch: by a link into its own pages."""
