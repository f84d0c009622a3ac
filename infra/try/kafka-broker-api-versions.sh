#!/usr/bin/env python3
"""Asks a broker for its versions (ApiVersions 0), as Apache Kafka's script of that name does."""
import socket
import struct
import sys

host, port = sys.argv[sys.argv.index("--bootstrap-server") + 1].rsplit(":", 1)
with socket.create_connection((host, int(port)), timeout=3) as connection:
    connection.sendall(struct.pack(">ihhih", 10, 18, 0, 1, -1))
    if len(connection.recv(10, socket.MSG_WAITALL)) < 10:
        sys.exit("the broker does not answer")
