"""What is shown in the tests is English unless they say otherwise, whatever the environment says."""

from __future__ import annotations

import os

os.environ.pop("SPARKSIM_LANG", None)
