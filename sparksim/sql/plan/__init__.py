"""What a streaming query is, before anything runs: a tree of nodes, and how SQL and DataFrames become one."""
