"""The subresource ``scale``: how many pods, of whichever kind.

References
----------
https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/ (Scale, ``autoscaling/v1``)
"""

from typing import Any

from .store import Object

SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def of(found: Object) -> dict[str, Any]:
    """The Scale of an object."""
    metadata = {key: value for key, value in found["metadata"].items() if key in SHOWN}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": metadata,
        "spec": {"replicas": found["spec"].get("replicas", 0)},
        "status": {
            "replicas": found.get("status", {}).get("replicas", 0),
            "selector": _selector(found["spec"].get("selector") or {}),
        },
    }


def _selector(selector: dict[str, Any]) -> str:
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        values = f" ({','.join(each.get('values') or ())})" if each.get("values") else ""
        key = f"!{each['key']}" if each["operator"] == "DoesNotExist" else each["key"]
        how = "" if each["operator"] in ("Exists", "DoesNotExist") else f" {each['operator'].lower()}"
        parts.append(f"{key}{how}{values}")
    return ",".join(parts)
