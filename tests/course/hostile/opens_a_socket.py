"""Tells somebody outside."""

import socket

with socket.create_connection(("127.0.0.1", int("@PORT@")), timeout=1) as link:
    link.sendall(b"secret")
