"""Source code as a source: what is to be built and run, from the API or from ``apprunner.yaml``. Pure.

A folder of this machine stands in for the repository that a connection leads to on AWS: no provider is reached. It is
named as ``file:///…`` where AWS has the repository's URL.

References
----------
https://docs.aws.amazon.com/apprunner/latest/dg/service-source-code.html
https://docs.aws.amazon.com/apprunner/latest/dg/config-file-ref.html
https://docs.aws.amazon.com/apprunner/latest/api/API_CodeConfigurationValues.html
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import BuildFailed

FILE = "apprunner.yaml"
RUNTIMES = {"PYTHON_3": "python3", "PYTHON_311": "python311"}
"""The runtimes that are built here, with their names in ``apprunner.yaml``."""
BASE = "public.ecr.aws/docker/library/python:3.12-alpine"
DEFAULT_PORT = 8080
_WHERE = "https://docs.aws.amazon.com/apprunner/latest/dg/config-file-ref.html"
_SHAPE = f"It is described at {_WHERE}"


@dataclass(frozen=True)
class Recipe:
    """How source code becomes a running program.

    Parameters
    ----------
    runtime : str
        As in ``apprunner.yaml``, for example ``python311``.
    build : tuple of str
        Commands, in their order.
    command : str
        The program.
    port : int
        Where it listens.
    build_environment, environment, secrets : mapping of str to str
        Variables while it is built and while it runs, and the ARNs of secrets.
    """

    runtime: str
    build: tuple[str, ...]
    command: str
    port: int = DEFAULT_PORT
    build_environment: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    def dockerfile(self) -> str:
        """The same as a Dockerfile; variables of the build are its arguments, so they are not part of the image.

        >>> print(Recipe("python311", ("python -m compileall .",), "python app.py").dockerfile())
        FROM public.ecr.aws/docker/library/python:3.12-alpine
        WORKDIR /app
        COPY . .
        RUN python -m compileall .
        <BLANKLINE>
        """
        lines = [f"FROM {BASE}", "WORKDIR /app", *(f"ARG {name}" for name in self.build_environment), "COPY . ."]
        return "\n".join([*lines, *(f"RUN {command}" for command in self.build), ""])


def folder_of(code: Mapping[str, Any]) -> tuple[Path, str]:
    """The folder that stands in for a repository, and why there is none, or an empty text.

    Parameters
    ----------
    code : mapping
        ``CodeRepository``.
    """
    address = code["RepositoryUrl"]
    parts = urlsplit(address)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return Path(), (
            f"The repository {address} is not reached: the embedded cloud takes a folder of this machine in its place. "
            "Name it as file:///FOLDER, for example with pathlib: Path('app').absolute().as_uri()."
        )
    root = Path(url2pathname(parts.path))
    inside = str(code.get("SourceDirectory", "/")).strip("/")
    folder = Path(os.path.realpath(root / inside))
    if not folder.is_relative_to(os.path.realpath(root)):
        return folder, f"The source directory {inside} leads out of the repository."
    if not folder.is_dir():
        return folder, f"There is no folder {folder} on this machine."
    return folder, ""


def from_api(values: Mapping[str, Any]) -> Recipe:
    """What ``CodeConfigurationValues`` ask for."""
    command = values.get("BuildCommand", "").strip()
    return Recipe(
        runtime=RUNTIMES[values["Runtime"]],
        build=(command,) if command else (),
        command=values.get("StartCommand", ""),
        port=int(values.get("Port") or DEFAULT_PORT),
        environment=values.get("RuntimeEnvironmentVariables", {}),
        secrets=values.get("RuntimeEnvironmentSecrets", {}),
    )


def from_file(text: str) -> Recipe:
    """What ``apprunner.yaml`` asks for.

    Raises
    ------
    BuildFailed
        It cannot be read, or asks for what is not here.
    """
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as wrong:
        raise BuildFailed(f"{FILE} is not YAML: {' '.join(str(wrong).split())}", _SHAPE) from None
    top = _mapping(found, FILE)
    if str(top.get("version")) != "1.0":
        raise BuildFailed(f"{FILE} has no version 1.0.", "Its first line is: version: 1.0")
    runtime = str(top.get("runtime", ""))
    if runtime not in RUNTIMES.values():
        raise BuildFailed(unknown(runtime or "(none)"), f"Write runtime: {' or '.join(RUNTIMES.values())}")
    build, run = _mapping(top.get("build"), "build"), _mapping(top.get("run"), "run")
    commands = _mapping(build.get("commands"), "build.commands")
    network = _mapping(run.get("network"), "run.network")
    if network.get("env", "PORT") != "PORT":
        raise BuildFailed(
            f"run.network.env is {network['env']}: the embedded cloud tells the port in PORT only.",
            "Read the environment variable PORT, and leave env out.",
        )
    command = run.get("command")
    if not isinstance(command, str) or not words(command):
        raise BuildFailed(f"{FILE} has no run.command.", "For example: command: python app.py")
    port = network.get("port", DEFAULT_PORT)
    if not str(port).isdecimal() or not 1 <= int(port) <= 65535:
        raise BuildFailed(f"run.network.port is {port}.", "It must be a number from 1 to 65535.")
    stages = ("pre-build", "build", "post-build")
    return Recipe(
        runtime=runtime,
        build=(
            *(each for stage in stages for each in _commands(commands.get(stage), f"build.commands.{stage}")),
            *_commands(run.get("pre-run"), "run.pre-run"),
        ),
        command=command,
        port=int(port),
        build_environment=_pairs(build.get("env"), "value", "build.env"),
        environment=_pairs(run.get("env"), "value", "run.env"),
        secrets=_pairs(run.get("secrets"), "value-from", "run.secrets"),
    )


def unknown(runtime: str) -> str:
    """What is said of a runtime that is not here."""
    return f"The runtime {runtime} is not part of the embedded cloud, which builds Python only: {', '.join(RUNTIMES)}."


def words(command: str) -> tuple[str, ...]:
    """A start command as the words that it consists of; none when it cannot be read."""
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ()


def _mapping(found: Any, name: str) -> Mapping[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BuildFailed(f"{name} is not a mapping of names to values.", _SHAPE)
    return found


def _commands(found: Any, name: str) -> tuple[str, ...]:
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(each, str) and each.strip() for each in found):
        raise BuildFailed(f"{name} is not a list of commands.", _SHAPE)
    commands = tuple(each.strip() for each in found)
    for each in commands:
        if "\n" in each or each.endswith("\\"):
            raise BuildFailed(f"A command of {name} has more than one line.", "Write each line as an item of its own.")
    return commands


def _pairs(found: Any, value: str, name: str) -> dict[str, str]:
    if found is None:
        return {}
    items: list[Any] = found if isinstance(found, list) else [None]
    if not all(isinstance(each, dict) and {"name", value} <= set(each) for each in items):
        raise BuildFailed(f"{name} is not a list of pairs of name and {value}.", _SHAPE)
    pairs = {str(each["name"]): str(each[value]) for each in items}
    for each in pairs:
        if not each.isidentifier():
            raise BuildFailed(f"{name} has the name {each}.", "A variable's name has letters, digits and _ only.")
    return pairs
