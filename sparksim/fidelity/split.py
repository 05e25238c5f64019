"""Which recordings constants are fitted to, and which ones the result is judged by.

The rule knows nothing of what is in them: of the recordings in order of their names, every second one is fitted to.
Each family of more than one has members on both sides.
"""

from __future__ import annotations

FITTED = frozenset(
    {
        "A01_steady_repeat1",
        "A01_steady_repeat3",
        "A03_steady_fixed_plus_record",
        "A05_steady_two_partitions",
        "A07_block_not_dividing_batch",
        "A09_two_stages",
        "B02_overload_then_drain_waves",
        "B06_near_capacity",
        "C02_silence_then_burst",
        "E01_backpressure",
        "E03_backpressure_initial_rate",
        "E08_backpressure_pid_min_rate",
        "F02_two_outputs_two_jobs_at_a_time",
        "G01_reduce_window",
        "G03_plain_window",
        "I01_straggler_no_speculation",
        "I03_speculation_ignored_in_local_mode",
        "J01_receiver_executor_replicated",
        "J03_other_executor_replicated",
        "J08_local_cluster_receiver_executor_replicated",
        "K01_driver_killed_no_wal",
        "K03_driver_killed_files",
        "L03_queue_one_at_a_time",
        "N01_task_retried",
        "P01_locality_wait_default",
        "Q01_graceful_stop_with_queue",
    }
)
"""The recordings that the presets `spark-local` and `spark-standalone` were fitted to, noise included."""
