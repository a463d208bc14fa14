"""What this builder knows of instructions and their flags, and the two forms in which a command can be written."""

import difflib
import json
from collections.abc import Mapping, Sequence

from lab_cloud.errors import DockerfileError
from lab_cloud.runtime.build.dockerfile import Instruction
from lab_cloud.runtime.build.variables import BadWord, expand, words

DOCKER = "`docker build` can do it, where there is a Docker engine."
FLAGS: dict[str, frozenset[str]] = {
    "FROM": frozenset({"platform"}),
    "COPY": frozenset({"from", "chmod", "chown"}),
    "ADD": frozenset({"chmod", "chown"}),
    "HEALTHCHECK": frozenset({"interval", "timeout", "start-period", "start-interval", "retries"}),
    **{
        name: frozenset[str]()
        for name in (
            *("ARG", "CMD", "ENTRYPOINT", "ENV", "EXPOSE", "LABEL", "RUN", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
        )
    },
}
_NOT_HERE = {
    "MAINTAINER": "Docker has given it up; write LABEL org.opencontainers.image.authors=…",
    "ONBUILD": "Write the instruction into the Dockerfile that needs it.",
    "SHELL": 'Write RUN, CMD and ENTRYPOINT in the exec form: ["python", "…"].',
}
_NO_FLAG = {
    ("RUN", "mount"): f"Leave it out, and COPY what the command reads. {DOCKER}",
    ("RUN", "network"): "Leave it out: this builder loads nothing from the network.",
    ("RUN", "security"): "Leave it out.",
    ("COPY", "link"): "Leave it out: the files are the same without it.",
    ("COPY", "parents"): "Leave it out, and name the destination folder.",
    ("COPY", "exclude"): "Leave it out, and use .dockerignore.",
    ("ADD", "checksum"): "It is for files from the network, and this builder loads nothing from there.",
    ("ADD", "keep-git-dir"): "It is for git repositories, and this builder loads nothing from the network.",
    ("ADD", "link"): "Leave it out: the files are the same without it.",
    ("ADD", "unpack"): "Use COPY for an archive that is to stay as it is.",
}


def check(instruction: Instruction) -> None:
    """Refuse an instruction or a flag that this builder does not have.

    Raises
    ------
    DockerfileError
        With the line, and what to do instead.
    """
    name = instruction.name
    if name in _NOT_HERE:
        raise instruction.error(f"{name} is not supported by this builder", _NOT_HERE[name])
    if name not in FLAGS:
        near = difflib.get_close_matches(name, FLAGS, 1)
        meant = f"Did you mean {near[0]}? " if near else ""
        raise instruction.error(f"unknown instruction {name}", f"{meant}There are {', '.join(sorted(FLAGS))}.")
    seen: set[str] = set()
    for flag, value in instruction.flags:
        if flag not in FLAGS[name]:
            remedy = _NO_FLAG.get((name, flag)) or (
                f"It has {', '.join(f'--{each}' for each in sorted(FLAGS[name]))}." if FLAGS[name] else "Leave it out."
            )
            raise instruction.error(f"{name} has no flag --{flag} in this builder", remedy)
        if flag in seen:
            raise instruction.error(f"the flag --{flag} is there twice", "Leave one of them out.")
        if not value:
            raise instruction.error(f"the flag --{flag} has no value", f"Write --{flag}=VALUE.")
        seen.add(flag)
    if not instruction.rest:
        raise instruction.error(f"{name} needs something after it", _EXAMPLES[name])


_EXAMPLES = {
    "FROM": "For example: FROM python:3.12-alpine",
    "COPY": "For example: COPY main.py /app/",
    "ADD": "For example: ADD files.tar.gz /app/",
    "HEALTHCHECK": 'For example: HEALTHCHECK CMD ["python", "/app/check.py"]',
    "ARG": "For example: ARG VERSION=1",
    "CMD": 'For example: CMD ["python", "/app/main.py"]',
    "ENTRYPOINT": 'For example: ENTRYPOINT ["python", "/app/main.py"]',
    "ENV": "For example: ENV COLOR=blue",
    "EXPOSE": "For example: EXPOSE 80",
    "LABEL": "For example: LABEL version=1",
    "RUN": 'For example: RUN ["python", "-m", "compileall", "/app"]',
    "STOPSIGNAL": "For example: STOPSIGNAL SIGTERM",
    "USER": "For example: USER 1000",
    "VOLUME": 'For example: VOLUME ["/data"]',
    "WORKDIR": "For example: WORKDIR /app",
}


def exec_form(text: str) -> list[str] | None:
    """The words of a command in exec form (a JSON list of strings); None when it is in shell form."""
    if not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) and all(isinstance(word, str) for word in found) else None


def expanded(instruction: Instruction, text: str, variables: Mapping[str, str]) -> str:
    """A text with its variables replaced; raises DockerfileError with the line."""
    try:
        return expand(text, variables, instruction.escape)
    except BadWord as error:
        raise _bad(instruction, error) from error


def split(instruction: Instruction, text: str, variables: Mapping[str, str]) -> list[str]:
    """The words of a text with their variables replaced; raises DockerfileError with the line."""
    try:
        return words(text, variables, instruction.escape)
    except BadWord as error:
        raise _bad(instruction, error) from error


def pairs(instruction: Instruction, variables: Mapping[str, str], raw: Sequence[str]) -> list[tuple[str, str]]:
    """``NAME=value`` words as pairs; raises DockerfileError with the line."""
    found = []
    for word in raw:
        name, equals, value = word.partition("=")
        name = expanded(instruction, name, variables)
        if not equals or not name:
            raise instruction.error(f"{word!r} is not NAME=value", _EXAMPLES[instruction.name])
        found.append((name, expanded(instruction, value, variables)))
    return found


def _bad(instruction: Instruction, error: BadWord) -> DockerfileError:
    return instruction.error(str(error), "A dollar sign that is meant as itself is written \\$.")
