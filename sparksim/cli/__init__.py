"""The `sparksim` command: run a program under either clock, see the demo, read a saved trace."""
