"""How the helpers ask the cloud's command line about images and containers, with a sign of life when it takes long."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Any

from . import cloud
from .errors import ContainerProblem, ImageProblem
from .waiting import Line

SILENT = 2.0
"""Seconds after which work on an image tells how far it is; shorter work only shows what came out."""


def ask_for_image(failure: type[ImageProblem], command: str, *words: str) -> dict[str, Any]:
    """Let the cloud do something; its lines are shown when it takes long or fails."""
    began, told = time.monotonic(), 0
    lines: list[str] = []
    try:
        for answer in cloud.answers(command, "--json", *words):
            if "result" in answer:
                found: dict[str, Any] = answer["result"]
                return found
            lines.append(answer["line"])
            if time.monotonic() - began > SILENT:
                print("\n".join(lines[told:]), flush=True)
                told = len(lines)
    except cloud.Refused as refused:
        if lines[told:]:
            print("\n".join(lines[told:]), flush=True)
        raise failure(refused.message, refused.remedy) from refused
    raise failure("The cloud gave no answer.", "Look at it with `python -m lab_cloud status` in a terminal.")


@contextlib.contextmanager
def patience(what: str) -> Iterator[None]:
    """A sign of life while something takes more than two seconds."""
    line, done, began = Line(what), threading.Event(), time.monotonic()

    def show() -> None:
        while not done.wait(0.5):
            line.show(time.monotonic() - began)

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        line.clear()


def container_answers(command: str, *words: str) -> Iterator[dict[str, Any]]:
    """What a command on containers tells, as it comes."""
    try:
        yield from cloud.answers(command, "--json", *words)
    except cloud.Refused as refused:
        raise ContainerProblem(refused.message, refused.remedy) from refused


def ask_for_container(what: str, command: str, *words: str) -> dict[str, Any]:
    """Let the cloud do something; answers the result."""
    with patience(what or "the cloud"):
        for answer in container_answers(command, *words):
            if "result" in answer:
                found: dict[str, Any] = answer["result"]
                return found
    raise ContainerProblem("The cloud gave no answer.", "Look at it with `python -m lab_cloud status` in a terminal.")
