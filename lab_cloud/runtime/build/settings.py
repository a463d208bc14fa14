"""Instructions that change an image's configuration and no file: ENV, LABEL, EXPOSE, CMD, … Pure."""

import posixpath
import re
from collections.abc import Mapping
from typing import Any

from lab_cloud.runtime.build.dockerfile import Instruction
from lab_cloud.runtime.build.instructions import exec_form, expanded, pairs, split
from lab_cloud.runtime.build.variables import BadWord, raw_words

Config = dict[str, Any]

_PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?(?:/(tcp|udp|sctp))?", re.IGNORECASE)
_SIGNAL = re.compile(r"(?:SIG)?[A-Z][A-Z0-9+-]*|\d{1,2}")
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
SHELL = ["/bin/sh", "-c"]


def configured(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    """The configuration after an instruction.

    Parameters
    ----------
    instruction : Instruction
        One of those in `SETTINGS`.
    config : dict
        The configuration before it; not changed.
    variables : mapping of str to str
        ARG and ENV.

    Raises
    ------
    DockerfileError
        Its words make no sense.
    """
    return _SETTINGS[instruction.name](instruction, dict(config), variables)


def environment(config: Mapping[str, Any]) -> dict[str, str]:
    """``Env`` as a dictionary."""
    return dict(item.partition("=")[::2] for item in config.get("Env") or ())


def _env(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    found = environment(config)
    for name, value in _named(instruction, variables):
        found[name] = value
    config["Env"] = [f"{name}={value}" for name, value in found.items()]
    return config


def _label(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    config["Labels"] = {**(config.get("Labels") or {}), **dict(_named(instruction, variables))}
    return config


def _named(instruction: Instruction, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """``NAME=value …``, or the old form ``NAME value to the end``."""
    try:
        raw = raw_words(instruction.rest, instruction.escape)
    except BadWord as error:
        raise instruction.error(str(error), "Close the quote.") from error
    if "=" not in raw[0]:
        if len(raw) == 1:
            raise instruction.error(f"{raw[0]!r} has no value", f"Write {instruction.name} {raw[0]}=VALUE.")
        value = instruction.rest[len(raw[0]) :].strip()
        return [(raw[0], expanded(instruction, value, variables))]
    return pairs(instruction, variables, raw)


def _expose(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    ports = dict(config.get("ExposedPorts") or {})
    for word in split(instruction, instruction.rest, variables):
        match = _PORTS.fullmatch(word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not match or not 0 < first <= last <= 65535:
            raise instruction.error(
                f"{word!r} is no port", "Write a number from 1 to 65535, for example EXPOSE 80/tcp."
            )
        ports.update({f"{port}/{(match[3] or 'tcp').lower()}": {} for port in range(first, last + 1)})
    config["ExposedPorts"] = ports
    return config


def _user(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    config["User"] = expanded(instruction, instruction.rest, variables)
    return config


def workdir(instruction: Instruction, config: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    """The folder that WORKDIR means, absolute."""
    text = expanded(instruction, instruction.rest, variables)
    if not text:
        raise instruction.error("WORKDIR is empty once its variables are replaced", "Give the variable a value.")
    return posixpath.normpath("/" + posixpath.join(config.get("WorkingDir") or "/", text).lstrip("/"))


def _workdir(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    config["WorkingDir"] = workdir(instruction, config, variables)
    return config


def _cmd(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    config["Cmd"] = _command(instruction, instruction.rest)
    return config


def _entrypoint(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    config["Entrypoint"] = _command(instruction, instruction.rest)
    return config


def _command(instruction: Instruction, text: str) -> list[str]:
    found = exec_form(text)
    if found is not None:
        return found
    return [*SHELL, text]


def _stopsignal(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    text = expanded(instruction, instruction.rest, variables)
    if not _SIGNAL.fullmatch(text):
        raise instruction.error(f"{text!r} is no signal", "For example: STOPSIGNAL SIGTERM")
    config["StopSignal"] = text
    return config


def _volume(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    names = exec_form(instruction.rest)
    names = split(instruction, instruction.rest, variables) if names is None else names
    if not all(name.strip() for name in names):
        raise instruction.error("a volume's path is empty", 'For example: VOLUME ["/data"]')
    config["Volumes"] = {**(config.get("Volumes") or {}), **{name: {} for name in names}}
    return config


def _healthcheck(instruction: Instruction, config: Config, variables: Mapping[str, str]) -> Config:
    kind, _, command = instruction.rest.partition(" ")
    command = command.strip()
    if kind.upper() == "NONE" and not command and not instruction.flags:
        config["Healthcheck"] = {"Test": ["NONE"]}
        return config
    if kind.upper() != "CMD" or not command:
        raise instruction.error(
            "HEALTHCHECK is followed by NONE or CMD", 'For example: HEALTHCHECK CMD ["python", "/app/check.py"]'
        )
    words = exec_form(command)
    found: Config = {"Test": ["CMD", *words] if words is not None else ["CMD-SHELL", command]}
    members = {
        "interval": "Interval",
        "timeout": "Timeout",
        "start-period": "StartPeriod",
        "start-interval": "StartInterval",
    }
    for flag, text in instruction.flags:
        value = expanded(instruction, text or "", variables)
        if flag == "retries":
            if not value.isdigit() or not 0 < int(value) < 1000:
                raise instruction.error(f"--retries={value} is no number of tries", "For example: --retries=3")
            found["Retries"] = int(value)
        else:
            found[members[flag]] = _nanoseconds(instruction, flag, value)
    config["Healthcheck"] = found
    return config


def _nanoseconds(instruction: Instruction, flag: str, text: str) -> int:
    if not _DURATION.fullmatch(text):
        raise instruction.error(f"--{flag}={text} is no time", f"Give a unit, for example --{flag}=30s or 1m30s.")
    total = sum(float(number) * _NANOSECONDS[unit] for number, unit in _PART.findall(text))
    if total < 10**6 and not (total == 0 and flag == "start-period"):
        raise instruction.error(f"--{flag}={text} is less than a millisecond", f"For example: --{flag}=30s")
    return round(total)


_SETTINGS = {
    "CMD": _cmd,
    "ENTRYPOINT": _entrypoint,
    "ENV": _env,
    "EXPOSE": _expose,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _label,
    "STOPSIGNAL": _stopsignal,
    "USER": _user,
    "VOLUME": _volume,
    "WORKDIR": _workdir,
}
SETTINGS = frozenset(_SETTINGS)
