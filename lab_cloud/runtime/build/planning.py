"""From the instructions of a Dockerfile to its stages; everything that can be refused is refused before any work."""

import platform
import re
from collections.abc import Mapping, Sequence

from lab_cloud.errors import BuildFailed
from lab_cloud.runtime.build.dockerfile import Instruction
from lab_cloud.runtime.build.instructions import check, exec_form, expanded, pairs, split
from lab_cloud.runtime.build.stage import Plan, find
from lab_cloud.runtime.build.variables import BadWord, raw_words

_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
PLATFORM = "linux/amd64"
"""What images say that they are for. They hold Python programs, which run anywhere; one value gives one digest."""
PLATFORM_ARGS = {
    **{f"{side}PLATFORM": PLATFORM for side in ("TARGET", "BUILD")},
    **{f"{side}OS": "linux" for side in ("TARGET", "BUILD")},
    **{f"{side}ARCH": "amd64" for side in ("TARGET", "BUILD")},
}
PROXY_ARGS = frozenset(
    name for stem in ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY") for name in (stem, stem.lower())
)


def plans(instructions: Sequence[Instruction], given: Mapping[str, str]) -> tuple[list[Plan], dict[str, str]]:
    """The stages, and the ARGs that stand before the first of them.

    Parameters
    ----------
    instructions : sequence of Instruction
        The whole Dockerfile.
    given : mapping of str to str
        ``--build-arg``.

    Raises
    ------
    DockerfileError
        An instruction or a flag is not known, or stands where it cannot.
    """
    for instruction in instructions:
        check(instruction)
    arguments = dict(PLATFORM_ARGS)
    found: list[Plan] = []
    pending: list[Instruction] = []
    for instruction in instructions:
        if instruction.name == "FROM":
            if found:
                found[-1] = _closed(found[-1], pending)
            found.append(_from(instruction, found, arguments))
            pending = [instruction]
        elif found:
            pending.append(instruction)
        elif instruction.name == "ARG":
            for name, value in argument(instruction, arguments):
                arguments[name] = given.get(name, value if value is not None else "")
        else:
            raise instruction.error("the first instruction is FROM", "Begin with a base, for example: FROM python:3.12")
    if not found:
        last = instructions[-1]
        raise last.error("there is no FROM", "Add a base, for example: FROM python:3.12")
    found[-1] = _closed(found[-1], pending)
    return found, arguments


def argument(instruction: Instruction, variables: Mapping[str, str]) -> list[tuple[str, str | None]]:
    """The names of an ARG with their defaults; None where it has none."""
    try:
        raw = raw_words(instruction.rest, instruction.escape)
    except BadWord as error:
        raise instruction.error(str(error), "Close the quote.") from error
    found: list[tuple[str, str | None]] = []
    for word in raw:
        if "=" in word:
            found += pairs(instruction, {**variables, **{name: value or "" for name, value in found}}, [word])
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", word):
            found.append((word, None))
        else:
            raise instruction.error(f"{word!r} is no name of a variable", "For example: ARG VERSION=1")
    return found


def needed(found: Sequence[Plan], target: str | None) -> Plan:
    """The stage that is asked for; the last one when none is named.

    Raises
    ------
    BuildFailed
        There is none of that name.
    """
    if target is None:
        return found[-1]
    plan = find(found, target, len(found))
    if plan is None:
        names = ", ".join(plan.name or str(plan.place) for plan in found)
        raise BuildFailed(f"There is no stage {target!r} in the Dockerfile.", f"It has: {names}.")
    return plan


def warnings(found: Sequence[Plan], given: Mapping[str, str]) -> list[str]:
    """What the learner should know before the build: shell forms, lists that are none, unused arguments."""
    told: list[str] = []
    declared = set(PLATFORM_ARGS) | set(PROXY_ARGS)
    first = next((each for plan in found for each in plan.instructions if each.name == "RUN"), None)
    if first is not None:
        told.append(
            f"line {first.line}: RUN uses this machine's Python {platform.python_version()}, not one of the image. What"
            " it changes within the image becomes a layer; anything else is refused or not kept."
        )
    for plan in found:
        for instruction in plan.instructions:
            if instruction.name == "ARG":
                declared.update(word.partition("=")[0] for word in instruction.rest.split())
            command = _command(instruction)
            if command is None:
                continue
            where = f"line {instruction.line}: {instruction.name}"
            if command.startswith("["):
                told.append(
                    f"{where} looks like a JSON list and is none, so it is taken for a shell command. Strings need"
                    ' double quotes: ["python", "main.py"].'
                )
            elif instruction.name in ("CMD", "ENTRYPOINT"):
                told.append(
                    f"{where} in shell form runs as /bin/sh -c: the shell is the container's first process and may keep"
                    " the stop signal from your program, and without a shell in the image only the process runtime can"
                    ' start it. The exec form needs none: ["python", "main.py"].'
                )
    unused = sorted(set(given) - declared)
    if unused:
        told.append(f"--build-arg {', '.join(unused)}: no ARG in the Dockerfile has that name.")
    return told


def _command(instruction: Instruction) -> str | None:
    """The text of a command in shell form."""
    if instruction.name not in ("CMD", "ENTRYPOINT", "RUN"):
        return None
    if instruction.name == "RUN" and not instruction.rest.startswith("["):
        return None
    return None if exec_form(instruction.rest) is not None else instruction.rest


def _closed(plan: Plan, instructions: Sequence[Instruction]) -> Plan:
    return Plan(plan.place, plan.name, plan.base, tuple(instructions))


def _from(instruction: Instruction, before: Sequence[Plan], arguments: Mapping[str, str]) -> Plan:
    for flag, value in instruction.flags:
        wanted = expanded(instruction, value or "", arguments)
        if flag == "platform" and wanted != PLATFORM:
            raise instruction.error(
                f"--platform={wanted} is not built here", f"Leave it out: images of this builder are for {PLATFORM}."
            )
    words = split(instruction, instruction.rest, arguments)
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        raise instruction.error(
            "FROM is followed by an image, and AS NAME if you like", "For example: FROM python AS app"
        )
    if not words[0]:
        raise instruction.error(
            "the image's name is empty once its variables are replaced",
            "Give the variable a value in an ARG that stands before the first FROM.",
        )
    name = words[2].lower() if len(words) == 3 else ""
    if name and not _STAGE_NAME.fullmatch(name):
        raise instruction.error(f"{words[2]!r} is no name for a stage", "Begin it with a letter, for example AS build")
    if name and any(plan.name == name for plan in before):
        raise instruction.error(f"there is a stage {name!r} already", "Choose another name.")
    return Plan(len(before), name, words[0], ())
