"""The protected channel of pairing and applet (docs/protocol.md 6)."""

import hmac

from .crypto import aes_block, cbc_decrypt, cbc_encrypt, cmac, pad, unpad

CHUNK = 239     # plain bytes of one command or answer (4.1)


class ChannelError(Exception):
    """A body that cannot be opened: 6988 at the phone."""


class ChannelClosed(Exception):
    """The pair with counter FF was the last one (6.2): 6985."""


class Channel:
    """Both roles share one object type: the car seals commands and opens answers, the phone the reverse."""

    def __init__(self, enc: bytes, mac: bytes, rmac: bytes, counter: int = 1):
        self.enc, self.mac, self.rmac, self.counter, self.chain = enc, mac, rmac, counter, bytes(16)

    # Car.

    def seal_command(self, plain: bytes) -> bytes:
        cipher = self._encrypt(0x00, plain)
        self._chain(cipher)
        return cipher + self.chain[:8]

    def open_response(self, body: bytes) -> bytes:
        cipher = self._checked(body, self.rmac)[1]
        plain = self._decrypt(0x80, cipher)
        self.counter += 1
        return plain

    # Phone.

    def open_command(self, body: bytes) -> bytes:
        self._open()
        full, cipher = self._checked(body, self.mac)
        plain = self._decrypt(0x00, cipher)
        self.chain = full
        return plain

    def seal_response(self, plain: bytes) -> bytes:
        cipher = self._encrypt(0x80, plain)
        tag = cmac(self.rmac, self.chain + cipher)[:8]
        self.counter += 1
        return cipher + tag

    # Both.

    def count_get_response(self) -> None:
        """GET RESPONSE counts as a protected command with empty body whose MAC is not sent (6.4)."""
        self._open()
        self._chain(b"")

    def _chain(self, cipher: bytes) -> None:
        self.chain = cmac(self.mac, self.chain + cipher)

    def _open(self) -> None:
        if self.counter > 0xFF:
            raise ChannelClosed()

    def _iv(self, direction: int) -> bytes:
        return aes_block(self.enc, bytes([direction]) + bytes(14) + bytes([self.counter]))

    def _encrypt(self, direction: int, plain: bytes) -> bytes:
        self._open()
        return cbc_encrypt(self.enc, self._iv(direction), pad(plain)) if plain else b""

    def _decrypt(self, direction: int, cipher: bytes) -> bytes:
        try:
            return unpad(cbc_decrypt(self.enc, self._iv(direction), cipher)) if cipher else b""
        except ValueError:
            raise ChannelError("padding") from None

    def _checked(self, body: bytes, key: bytes) -> tuple[bytes, bytes]:
        cipher, tag = body[:-8], body[-8:]
        full = cmac(key, self.chain + cipher)
        if len(body) < 8 or len(cipher) % 16 or not hmac.compare_digest(full[:8], tag):
            raise ChannelError("MAC")
        return full, cipher
