"""A second implementation of docs/protocol.md, written from the text alone. For tests: it is not constant-time."""
