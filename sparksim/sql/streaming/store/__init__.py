"""States between batches, and the logs of a query: versions, deltas and snapshots in files."""
