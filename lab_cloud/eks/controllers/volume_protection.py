"""Claims that pods use, and volumes that belong to claims, stay until nobody needs them.

References
----------
https://kubernetes.io/docs/concepts/storage/persistent-volumes/#storage-object-in-use-protection
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from ..kubernetes.admission import CLAIM_PROTECTION, VOLUME_PROTECTION
from ..kubernetes.status import ApiError
from .client import Client
from .cluster_view import counts
from .watching import Seen

Object = Mapping[str, Any]


def uses(pod: Object, claim: Object) -> bool:
    """Whether a pod needs a claim: it has a node, and has not ended."""
    wanted = claim["metadata"]
    return (
        pod["metadata"]["namespace"] == wanted["namespace"]
        and bool(pod["spec"].get("nodeName"))
        and counts(pod)
        and any(
            (each.get("persistentVolumeClaim") or {}).get("claimName") == wanted["name"]
            for each in pod["spec"].get("volumes") or ()
        )
    )


class VolumeProtection:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    """

    watches = ("persistentvolumeclaims", "persistentvolumes", "pods")

    def __init__(self, client: Client) -> None:
        self._client = client

    def sync(self, seen: Seen, now: float) -> float | None:
        """Let go what nobody needs any more."""
        claims = seen.all("persistentvolumeclaims")
        there = {each["metadata"]["uid"] for each in claims}
        for each in _ending(claims, CLAIM_PROTECTION):
            if not any(uses(pod, each) for pod in seen.all("pods")):
                metadata = each["metadata"]
                path = f"/api/v1/namespaces/{metadata['namespace']}/persistentvolumeclaims/{metadata['name']}"
                self.release(path, each, CLAIM_PROTECTION)
        for each in _ending(seen.all("persistentvolumes"), VOLUME_PROTECTION):
            if (each["spec"].get("claimRef") or {}).get("uid") not in there:
                self.release(f"/api/v1/persistentvolumes/{each['metadata']['name']}", each, VOLUME_PROTECTION)
        return None

    def release(self, path: str, found: Object, finalizer: str) -> None:
        """Take a finalizer off."""
        left = [each for each in found["metadata"]["finalizers"] if each != finalizer]
        version = found["metadata"]["resourceVersion"]
        with contextlib.suppress(ApiError):  # gone or changed meanwhile: the watch tells
            self._client.merge(path, {"metadata": {"finalizers": left or None, "resourceVersion": version}})


def _ending(found: Iterable[Object], finalizer: str) -> list[Object]:
    return [
        each
        for each in found
        if "deletionTimestamp" in each["metadata"] and finalizer in (each["metadata"].get("finalizers") or ())
    ]
