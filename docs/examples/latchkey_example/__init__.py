"""A second implementation of docs/protocol.md, written without sight of the Swift code. For tests: it is not constant-time."""
