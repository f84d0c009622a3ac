"""The virtual reader (docs/protocol.md 20, docs/interop.md 4)."""

import socket
import struct
import time

OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"
ANSWER_TO_RESET = bytes.fromhex("3B80800101")


class FieldLost(Exception):
    """The phone went away."""


def send(connection: socket.socket, data: bytes) -> None:
    connection.sendall(struct.pack(">H", len(data)) + data)


def receive(connection: socket.socket) -> bytes:
    size = struct.unpack(">H", _exactly(connection, 2))[0]
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise FieldLost()
        data += part
    return data


class Reader:
    """The car's end: a TCP server; an open connection is a phone in the field."""

    def __init__(self, port: int, host: str = "127.0.0.1", trace=None):
        self.listener = socket.create_server((host, port))
        self.port = self.listener.getsockname()[1]
        self.trace = trace
        self.phone = None

    def wait_for_phone(self, timeout: float | None = None) -> None:
        self.listener.settimeout(timeout)
        self.phone, _ = self.listener.accept()
        self.phone.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.phone.settimeout(10)
        send(self.phone, ON)

    def transmit(self, command: bytes) -> bytes:
        """Answer and status word to a command APDU."""
        send(self.phone, command)
        answer = receive(self.phone)
        if self.trace:
            self.trace(command, answer)
        return answer

    def field_reset(self) -> None:
        send(self.phone, OFF)
        send(self.phone, ON)

    def release(self) -> None:
        """Waits until the phone leaves."""
        try:
            while receive(self.phone):
                pass
        except (OSError, FieldLost):
            pass
        self.phone.close()


def serve_phone(host: str, port: int, phone, stay: float, trace=None) -> None:
    """The phone's end: answers until the reader closes, or sent no command for `stay` seconds after the first.

    `phone` has `command(apdu)` and `field_lost()`.
    """
    with socket.create_connection((host, port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        leave = time.monotonic() + 10
        try:
            while time.monotonic() < leave:
                connection.settimeout(max(leave - time.monotonic(), 0.01))
                data = receive(connection)
                if data in (OFF, ON, RESET):
                    phone.field_lost()
                elif data == ATR:
                    send(connection, ANSWER_TO_RESET)
                else:
                    answer = phone.command(data)
                    send(connection, answer)
                    leave = time.monotonic() + stay
                    if trace:
                        trace(data, answer)
        except (FieldLost, TimeoutError):
            pass
    phone.field_lost()
