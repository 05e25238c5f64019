"""Tests of `sparksim.sql.plan`."""
