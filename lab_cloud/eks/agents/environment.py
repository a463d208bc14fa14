"""The environment, command and arguments of a container, as a kubelet makes them. Pure.

References
----------
https://kubernetes.io/docs/tasks/inject-data-application/
"""

import base64
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..kubernetes.validation import quantity
from .node import Node

Object = Mapping[str, Any]
Source = Callable[[str, str], Object | None]
"""From ``ConfigMap`` or ``Secret`` and a name to the object; None for none."""

NO_LINKS: Mapping[str, str] = {}
REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")
NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")


class ConfigError(Exception):
    """Something that a container's configuration refers to is not there."""


def expand(text: str, known: Mapping[str, str]) -> str:
    """Put values in the place of ``$(NAME)``; ``$$`` stands for one dollar, what is unknown stays as it is."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return known.get(found[1], found[0])

    return REFERENCE.sub(value, text)


def field(pod: Object, path: str, node: Node, address: str) -> str:
    """A field of a pod by its path, for the downward API.

    Raises
    ------
    ConfigError
        The path is none that the downward API knows.
    """
    metadata, spec = pod["metadata"], pod["spec"]
    found = {
        "metadata.name": metadata["name"],
        "metadata.namespace": metadata.get("namespace", ""),
        "metadata.uid": metadata["uid"],
        "spec.nodeName": node.name,
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.hostIP": node.internal_ip,
        "status.hostIPs": node.internal_ip,
        "status.podIP": address,
        "status.podIPs": address,
    }
    if path in found:
        return str(found[path])
    if path in ("metadata.labels", "metadata.annotations"):
        values = metadata.get(path.partition(".")[2]) or {}
        return "\n".join(f'{key}="{value}"' for key, value in sorted(values.items()))
    match = SUBSCRIPT.match(path)
    if match is None:
        raise ConfigError(f"field label not supported: {path}")
    return str((metadata.get(match[1]) or {}).get(match[2], ""))


def resource(pod: Object, container: Object, reference: Object, node: Node) -> str:
    """A limit or request of a container, for the downward API; without a limit it is what the node has."""
    name = reference.get("containerName") or container["name"]
    all_ = (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or ()))
    owner = next((each for each in all_ if each["name"] == name), None)
    kind, _, what = str(reference["resource"]).partition(".")
    if owner is None or kind not in ("limits", "requests"):
        raise ConfigError(f"unsupported container resource: {reference['resource']}")
    found = (owner.get("resources") or {}).get(kind) or {}
    asked = found.get(what) or (node.allocatable.get(what, "0") if kind == "limits" else "0")
    divisor = quantity(str(reference.get("divisor") or 1)) or 1
    return str(math.ceil(quantity(str(asked)) / divisor))


def text_of(found: Object, key: str) -> str | None:
    """A value of a ConfigMap or a Secret."""
    data = found.get("data") or {}
    if key not in data:
        return None
    if found.get("kind") == "Secret":
        return base64.b64decode(data[key]).decode("utf-8", "replace")
    return str(data[key])


def environment(
    pod: Object, container: Object, node: Node, address: str, source: Source, links: Mapping[str, str] = NO_LINKS
) -> dict[str, str]:
    """All variables of a container.

    Parameters
    ----------
    pod, container : mapping
        The pod, and one of its containers.
    node : Node
        Where it runs.
    address : str
        The pod's address.
    source : callable
        Where ConfigMaps and Secrets are.
    links : mapping of str to str
        The variables of Services, which give way to the pod's own.

    Raises
    ------
    ConfigError
        A ConfigMap, a Secret, or a key of one is not there.
    """
    made = dict(links)
    for each in container.get("envFrom") or ():
        made |= _all_of(pod, each, source)
    for each in container.get("env") or ():
        origin = each.get("valueFrom")
        if not origin:
            made[each["name"]] = expand(each.get("value") or "", made)
            continue
        value = _value_from(pod, container, origin, node, address, source)
        if value is not None:
            made[each["name"]] = value
    return made


def _all_of(pod: Object, each: Object, source: Source) -> dict[str, str]:
    kind, key = ("ConfigMap", "configMapRef") if each.get("configMapRef") else ("Secret", "secretRef")
    reference = each.get(key) or {}
    found = source(kind, reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return {}
        raise ConfigError(f'{kind.lower()} "{reference.get("name", "")}" not found')
    prefix = each.get("prefix") or ""
    names = (name for name in (found.get("data") or {}) if NAME.fullmatch(prefix + name))
    return {prefix + name: text_of(found, name) or "" for name in names}


def _value_from(pod: Object, container: Object, origin: Object, node: Node, address: str, source: Source) -> str | None:
    if origin.get("fieldRef"):
        return field(pod, origin["fieldRef"]["fieldPath"], node, address)
    if origin.get("resourceFieldRef"):
        return resource(pod, container, origin["resourceFieldRef"], node)
    for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
        reference = origin.get(key)
        if not reference:
            continue
        found = source(kind, reference.get("name", ""))
        value = text_of(found, reference["key"]) if found is not None else None
        if value is None and not reference.get("optional"):
            if found is None:
                raise ConfigError(f'{kind.lower()} "{reference.get("name", "")}" not found')
            where = f"{pod['metadata']['namespace']}/{reference.get('name', '')}"
            raise ConfigError(f"couldn't find key {reference['key']} in {kind} {where}")
        return value
    raise ConfigError("a variable's valueFrom names a source that is not simulated")


def words(listed: Sequence[str] | None, known: Mapping[str, str]) -> tuple[str, ...] | None:
    """A command or its arguments with variables put in; None for none."""
    return tuple(expand(each, known) for each in listed) if listed else None
