"""What is kept of a container's output, and how it is read."""

import asyncio
from typing import Any

from lab_cloud.eks.agents.output import MOST_BYTES, Output
from lab_cloud.eks.kubernetes.answers import LogOptions


def read(output: Output, **options: Any) -> str:
    async def all_of() -> bytes:
        return b"".join([piece async for piece in output.read(LogOptions("main", **options), 100.0)])

    return asyncio.run(all_of()).decode()


def test_parts_of_the_output() -> None:
    output = Output()
    for i in range(5):
        output.add(90.0 + i * 2, f"line {i}")
    assert read(output, since=5) == "line 3\nline 4\n"
    assert read(output, tail=0) == ""
    assert read(output, limit=3) == "lin"
    assert read(output, tail=1, timestamps=True) == "1970-01-01T00:01:38.000000Z line 4\n"


def test_the_oldest_lines_go_first() -> None:
    output = Output()
    for i in range(5):
        output.add(1.0, str(i) * (MOST_BYTES // 4))
    found = read(output).splitlines()
    assert found[0][0] == "2"
    assert found[-1][0] == "4"


def test_who_follows_is_told_until_the_end() -> None:
    output = Output()
    output.add(1.0, "before")

    async def follow() -> list[bytes]:
        pieces = []
        async for piece in output.read(LogOptions("main", follow=True), 1.0):
            pieces.append(piece)
            if len(pieces) == 1:
                output.add(2.0, "meanwhile")
            elif not output.after(0)[2]:
                output.end()
        return pieces

    assert asyncio.run(follow()) == [b"before\n", b"meanwhile\n"]
