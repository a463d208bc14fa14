"""Output as it comes, cut into lines."""

LONGEST = 256 * 1024 - 26
"""Bytes of one line: a CloudWatch Logs event holds 256 KiB, 26 bytes of which are its own. Longer lines are split."""


class Lines:
    """Collects bytes and gives whole lines; bytes that are not UTF-8 are replaced.

    Parameters
    ----------
    longest : int
        Bytes after which a line is split.
    """

    def __init__(self, longest: int = LONGEST) -> None:
        self._longest = longest
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Lines that are complete with these bytes."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in whole for piece in self._split(line)]
        while len(self._rest) > self._longest:
            cut = self._cut(self._rest)
            lines.append(self._rest[:cut])
            self._rest = self._rest[cut:]
        return [_text(line) for line in lines]

    def end(self) -> list[str]:
        """The last line, when it did not end with a newline."""
        rest, self._rest = self._rest, b""
        return [_text(piece) for piece in self._split(rest)] if rest else []

    def _split(self, line: bytes) -> list[bytes]:
        pieces = []
        while len(line) > self._longest:
            cut = self._cut(line)
            pieces.append(line[:cut])
            line = line[cut:]
        return [*pieces, line]

    def _cut(self, line: bytes) -> int:
        """Where to split: not within a character."""
        cut = self._longest
        while cut > self._longest - 4 and line[cut] & 0xC0 == 0x80:
            cut -= 1
        return cut


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")
