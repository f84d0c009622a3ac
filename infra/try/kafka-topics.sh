#!/usr/bin/env python3
"""The part of Apache Kafka's kafka-topics.sh that infra/kafka/create-topics uses (CreateTopics 2)."""
import argparse
import socket
import struct
import sys

EXISTS = 36

parser = argparse.ArgumentParser()
parser.add_argument("--bootstrap-server", required=True)
parser.add_argument("--create", action="store_true", required=True)
parser.add_argument("--if-not-exists", action="store_true")
parser.add_argument("--topic", required=True)
parser.add_argument("--partitions", type=int, required=True)
parser.add_argument("--replication-factor", type=int, default=1)
parser.add_argument("--config", action="append", default=[])
options = parser.parse_args()


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


host, port = options.bootstrap_server.rsplit(":", 1)
body = struct.pack(">hhi", 19, 2, 1) + text("kafka-topics") + struct.pack(">i", 1)
body += text(options.topic) + struct.pack(">ihi", options.partitions, options.replication_factor, 0)
body += struct.pack(">i", len(options.config))
for pair in options.config:
    body += b"".join(text(part) for part in pair.split("=", 1))
body += struct.pack(">ib", 10_000, 0)

with socket.create_connection((host, int(port)), timeout=15) as connection:
    connection.sendall(struct.pack(">i", len(body)) + body)
    stream = connection.makefile("rb")
    answer = stream.read(struct.unpack(">i", stream.read(4))[0])

# correlation id, throttle time, number of topics, name; then the error code
at = 12 + 2 + struct.unpack(">h", answer[12:14])[0]
error = struct.unpack(">h", answer[at:at + 2])[0]
if error == 0:
    print(f"Created topic {options.topic}.")
elif not (error == EXISTS and options.if_not_exists):
    sys.exit(f"kafka-topics: {options.topic} was refused with error {error}")
