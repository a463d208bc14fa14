"""CBOR, as far as the protocol smithy-rpc-v2-cbor needs it; newer AWS clients speak it with CloudWatch.

References
----------
https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
https://www.rfc-editor.org/rfc/rfc8949
"""

import datetime
import struct
from typing import Any

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, OTHER = range(8)
INDEFINITE = 31
BREAK = object()
EPOCH = 1
"""The tag of a moment in epoch seconds."""
DEEPEST = 64
SIMPLE = {20: False, 21: True, 22: None, 23: None}
FLOATS = {25: (2, ">e"), 26: (4, ">f"), 27: (8, ">d")}


class BadCbor(ValueError):  # noqa: N818
    """Bytes that are no CBOR."""


def encode(value: Any) -> bytes:
    """Values as CBOR; members of a map that are None are left out, and times become tagged epoch seconds.

    Raises
    ------
    TypeError
        For a value that AWS's shapes do not have.
    """
    out = bytearray()
    _encode(out, value)
    return bytes(out)


def decode(data: bytes) -> Any:
    """The one value that the bytes hold; a tag is left away, so that a time is its epoch seconds.

    Raises
    ------
    BadCbor
        When they are cut off, hold more than one value, or are no CBOR.
    """
    reader = _Reader(data)
    value = reader.item(0)
    if value is BREAK or reader.place != len(data):
        raise BadCbor("there is more than one value")
    return value


def _head(out: bytearray, major: int, number: int) -> None:
    if number < 24:
        out.append(major << 5 | number)
        return
    for code, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32), (27, ">Q", 1 << 64)):
        if number < limit:
            out.append(major << 5 | code)
            out += struct.pack(form, number)
            return
    raise TypeError(f"{number} is too large")


def _encode(out: bytearray, value: Any) -> None:
    if value is None:
        out.append(OTHER << 5 | 22)
    elif isinstance(value, bool):
        out.append(OTHER << 5 | (21 if value else 20))
    elif isinstance(value, int):
        _head(out, UNSIGNED if value >= 0 else NEGATIVE, value if value >= 0 else -1 - value)
    elif isinstance(value, float):
        out += b"\xfb" + struct.pack(">d", value)
    elif isinstance(value, str):
        text = value.encode()
        _head(out, TEXT, len(text))
        out += text
    elif isinstance(value, bytes):
        _head(out, BYTES, len(value))
        out += value
    elif isinstance(value, datetime.datetime):
        _head(out, TAG, EPOCH)
        _encode(out, value.timestamp())
    elif isinstance(value, dict):
        there = {key: each for key, each in value.items() if each is not None}
        _head(out, MAP, len(there))
        for key, each in there.items():
            _encode(out, str(key))
            _encode(out, each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        _head(out, ARRAY, len(value))
        for each in value:
            _encode(out, each)
    else:
        raise TypeError(f"cannot put {type(value).__name__} into an answer")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def _take(self, count: int) -> bytes:
        if count > len(self._data) - self.place:
            raise BadCbor("the bytes end too early")
        taken = self._data[self.place : self.place + count]
        self.place += count
        return taken

    def item(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise BadCbor("it is nested too deeply")
        first = self._take(1)[0]
        major, code = first >> 5, first & 31
        if major == OTHER:
            return self._other(code)
        if code == INDEFINITE:
            return self._indefinite(major, depth)
        if code > 27:
            raise BadCbor(f"0x{first:02x} begins no value")
        number = code if code < 24 else int.from_bytes(self._take(1 << (code - 24)), "big")
        if major in (UNSIGNED, NEGATIVE):
            return number if major == UNSIGNED else -1 - number
        if major in (BYTES, TEXT):
            return self._string(major, number)
        if major == ARRAY:
            return [self._inner(depth) for _ in range(number)]
        if major == MAP:
            return {self._key(depth): self._inner(depth) for _ in range(number)}
        return self._inner(depth)  # a tag

    def _inner(self, depth: int) -> Any:
        value = self.item(depth + 1)
        if value is BREAK:
            raise BadCbor("a break stands where a value must be")
        return value

    def _key(self, depth: int) -> str:
        key = self._inner(depth)
        if not isinstance(key, str):
            raise BadCbor("a member's name is no text")
        return key

    def _string(self, major: int, length: int) -> Any:
        taken = self._take(length)
        if major == BYTES:
            return taken
        try:
            return taken.decode()
        except UnicodeDecodeError as bad:
            raise BadCbor(f"a text is not UTF-8: {bad}") from bad

    def _other(self, code: int) -> Any:
        if code == INDEFINITE:
            return BREAK
        if code in FLOATS:
            length, form = FLOATS[code]
            return struct.unpack(form, self._take(length))[0]
        if code not in SIMPLE:
            raise BadCbor(f"the simple value {code} has no meaning here")
        return SIMPLE[code]

    def _indefinite(self, major: int, depth: int) -> Any:
        parts: list[Any] = []
        while (value := self.item(depth + 1)) is not BREAK:
            parts.append(value)
        if major == ARRAY:
            return parts
        if major == MAP and len(parts) % 2 == 0 and all(isinstance(key, str) for key in parts[::2]):
            return dict(zip(parts[::2], parts[1::2], strict=True))
        kind = {BYTES: bytes, TEXT: str}.get(major)
        if kind is None or not all(isinstance(part, kind) for part in parts):
            raise BadCbor("a value of no stated length is not whole")
        return kind().join(parts)
