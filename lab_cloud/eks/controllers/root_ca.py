"""The root CA publisher: every namespace has the certificate by which pods know the API server.

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/
"""

import contextlib

from ..kubernetes.status import ApiError
from .client import Client
from .watching import Seen

NAME, KEY = "kube-root-ca.crt", "ca.crt"
DESCRIPTION = {"kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver."}


class RootCa:
    """The controller.

    Parameters
    ----------
    client : Client
        The cluster's API.
    certificate : str
        The authority's, as PEM.
    """

    watches = ("namespaces", "configmaps")

    def __init__(self, client: Client, certificate: str) -> None:
        self._client = client
        self._data = {KEY: certificate}

    def sync(self, seen: Seen, now: float) -> float | None:
        """Make and mend the ConfigMap of every namespace."""
        configs = seen.all("configmaps")
        known = {each["metadata"]["namespace"]: each for each in configs if each["metadata"]["name"] == NAME}
        for each in seen.all("namespaces"):
            name = each["metadata"]["name"]
            if "deletionTimestamp" in each["metadata"]:
                continue
            base = f"/api/v1/namespaces/{name}/configmaps"
            # gone or changed meanwhile: the watch tells, and the next look mends it
            with contextlib.suppress(ApiError):
                if name not in known:
                    made = {"metadata": {"name": NAME, "annotations": DESCRIPTION}, "data": self._data}
                    self._client.create(base, {"apiVersion": "v1", "kind": "ConfigMap", **made})
                elif known[name].get("data") != self._data:
                    self._client.merge(f"{base}/{NAME}", {"data": self._data})
        return None
