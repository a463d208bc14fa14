"""A task definition: what was registered, and what it means."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import names

MIB = 1024 * 1024


@dataclass
class TaskDefinition:
    """One revision of a family.

    Parameters
    ----------
    family : str
        The family's name.
    revision : int
        Counted from 1 within the family.
    region : str
        Where it was registered.
    registered : dict
        Everything as the caller sent it, defaults filled in.
    registered_at : float
        Epoch seconds.
    compatibilities : list of str
        Where it can run.
    attributes : list of dict
        What it asks of a container instance.
    """

    family: str
    revision: int
    region: str
    registered: dict[str, Any]
    registered_at: float
    status: str = "ACTIVE"
    deregistered_at: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    compatibilities: list[str] = field(default_factory=list)
    attributes: list[dict[str, str]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """Its ARN."""
        return names.arn(self.region, f"task-definition/{self.family}:{self.revision}")

    @property
    def containers(self) -> list[dict[str, Any]]:
        """The container definitions."""
        found: list[dict[str, Any]] = self.registered["containerDefinitions"]
        return found

    @property
    def network_mode(self) -> str:
        """``awsvpc``, ``bridge``, ``host`` or ``none``."""
        return str(self.registered.get("networkMode", "bridge"))

    @property
    def cpu(self) -> float | None:
        """vCPU of the whole task; None when it has no limit."""
        units = cpu_units(self.registered.get("cpu"))
        return units / 1024 if units else None

    @property
    def memory(self) -> int | None:
        """Bytes of memory of the whole task; None when it has no limit."""
        mib = memory_mib(self.registered.get("memory"))
        return mib * MIB if mib else None

    def container(self, name: str) -> dict[str, Any] | None:
        """One container definition by its name."""
        return next((each for each in self.containers if each["name"] == name), None)

    def describe(self) -> dict[str, Any]:
        """As DescribeTaskDefinition shows it."""
        return {
            "taskDefinitionArn": self.arn,
            "family": self.family,
            "revision": self.revision,
            "status": self.status,
            "compatibilities": self.compatibilities,
            "requiresAttributes": self.attributes,
            "registeredAt": names.moment(self.registered_at),
            "deregisteredAt": names.moment(self.deregistered_at),
            "registeredBy": "arn:aws:iam::123456789012:root",
            "volumes": [],
            "placementConstraints": [],
            **{key: value for key, value in self.registered.items() if key not in ("family", "tags")},
        }


def cpu_units(text: str | int | None) -> int:
    """CPU units from ``"512"``, ``"0.5 vCPU"`` or ``".5 vcpu"``; 0 when nothing is set.

    Raises
    ------
    ValueError
        When it is none of these.
    """
    return _size(text, "vcpu")


def memory_mib(text: str | int | None) -> int:
    """MiB from ``"1024"``, ``"1 GB"`` or ``"0.5GB"``; 0 when nothing is set.

    Raises
    ------
    ValueError
        When it is none of these.
    """
    return _size(text, "gb")


def _size(text: str | int | None, unit: str) -> int:
    if text is None or text == "":
        return 0
    match = re.fullmatch(rf"\s*([0-9]*\.?[0-9]+)\s*({unit})?\s*", str(text), re.IGNORECASE)
    if match is None or ("." in match[1] and not match[2]):  # a part of a unit: "0.25" was meant as "0.25 vCPU"
        raise ValueError(text)
    return int(float(match[1]) * 1024) if match[2] else int(float(match[1]))


def environment_of(definition: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a container: its definition's, then the override's on top."""
    found = {pair["name"]: pair.get("value", "") for pair in definition.get("environment", ())}
    found.update({pair["name"]: pair.get("value", "") for pair in override.get("environment", ())})
    return found


def container_ports(definition: Mapping[str, Any]) -> tuple[int, ...]:
    """The container ports, in the order of the definition."""
    return tuple(mapping["containerPort"] for mapping in definition.get("portMappings", ()))
