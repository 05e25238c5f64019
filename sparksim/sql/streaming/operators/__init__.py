"""Stateful operators: aggregations, deduplication, joins of streams, limits, functions with a state."""
