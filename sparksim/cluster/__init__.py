"""The cluster around the engine: clocks, executors, schedulers, storage, costs and faults."""
