"""Structured Streaming: not part of this version."""
