"""`python -m sparksim` is the `sparksim` command."""

import sys

from sparksim.cli.main import main

sys.exit(main())
