"""EKS Pod Identity at work: pods get the credentials of the role that is associated with their service account.

On AWS a webhook completes new pods, and the agent on each node gives out credentials at a link-local address to who
shows the pod's token. Here new pods are completed in the same words; when a container starts, the address becomes one
of this machine that is the pod's alone.

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html
"""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..iam.vendor import Issued, Vendor
from ..world import World
from .agents.node import Node
from .cluster import Cluster
from .fargate import COMPUTE
from .outside import Roles
from .pod_identity import AGENT, TRUSTED
from .store import Store

if TYPE_CHECKING:  # loaded with the first cluster
    from .kubernetes.api import ApiServer

Object = Mapping[str, Any]
VOLUME = "eks-pod-identity-token"
MOUNT = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
URI, TOKEN_FILE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
AGENT_URI = "http://169.254.170.23/v1/credentials"
TOKEN_SECONDS = 86400
SESSION_LENGTH = 64


class PodIdentities:
    """The credentials of all pods.

    Parameters
    ----------
    store : Store
        The clusters.
    world : World
        The lock.
    roles : Roles
        Whom roles trust.
    vendor : Vendor
        What gives out credentials.
    endpoint : str
        The cloud's URL.
    """

    def __init__(self, store: Store, world: World, roles: Roles, vendor: Vendor, endpoint: str) -> None:
        self._store = store
        self._world = world
        self._roles = roles
        self._vendor = vendor
        self._endpoint = endpoint
        self._issued: dict[str, Issued] = {}

    def watch(self, cluster: Cluster, api: "ApiServer") -> None:
        """Complete the new pods of a cluster."""

        def created(pod: dict[str, Any]) -> None:
            wanted = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default")
            if any((each.namespace, each.account) == wanted for each in list(cluster.associations.values())):
                complete(pod, cluster.region)

        api.admission.pods.append(created)

    def give(self, node: Node, pod: Object, known: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """A container's variables with the way to its credentials, and why there is none; takes the lock.

        Called at each start of a container; all containers of a pod share one address.
        """
        if known.get(URI) != AGENT_URI:
            return dict(known), ""
        rest = {name: value for name, value in known.items() if name not in (URI, TOKEN_FILE)}
        with self._world.lock:
            cluster = self._store.region(node.region).clusters.get(node.cluster)
            if cluster is None:
                return rest, "the cluster is gone"
            why = self._refusal(cluster, node, pod)
            if why:
                return rest, why
            uid = str(pod["metadata"]["uid"])
            if uid not in self._issued:
                self._issued[uid] = self._vendor.issue(_role(cluster, pod), _session(cluster, pod))
            return {"AWS_ENDPOINT_URL": self._endpoint, **rest, **self._issued[uid].environment}, ""

    def end(self, uid: str) -> None:
        """A pod has ended: what it got is worthless from now on; takes the lock."""
        with self._world.lock:
            issued = self._issued.pop(uid, None)
            if issued is not None:
                self._vendor.end(issued)

    def clear(self) -> None:
        """Begin anew, when everything is reset; under the lock."""
        self._issued.clear()

    def _refusal(self, cluster: Cluster, node: Node, pod: Object) -> str:
        if node.labels.get(COMPUTE) == "fargate":
            return "EKS Pod Identity does not work on Fargate: let a node group run the pod"
        if AGENT not in cluster.addons:
            return f"the agent of EKS Pod Identity is not there: create the add-on {AGENT}"
        role = _role(cluster, pod)
        if not role:
            return "its service account has no pod identity association any more"
        if not self._roles.trusts(role, TRUSTED):
            return f"the role {role} does not exist, or its trust policy does not let {TRUSTED} do sts:AssumeRole"
        return ""


def complete(pod: dict[str, Any], region: str) -> None:
    """What AWS's webhook adds to a new pod, in place; what the pod says itself stays."""
    spec = pod["spec"]
    added = {
        "AWS_STS_REGIONAL_ENDPOINTS": "regional",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        URI: AGENT_URI,
        TOKEN_FILE: f"{MOUNT}/{VOLUME}",
    }
    for container in (*(spec.get("initContainers") or ()), *spec["containers"]):
        env = list(container.get("env") or ())
        there = {each["name"] for each in env}
        if URI in there:
            continue
        env += [{"name": name, "value": value} for name, value in added.items() if name not in there]
        mounts = list(container.get("volumeMounts") or ())
        if all(each["name"] != VOLUME for each in mounts):
            mounts.append({"name": VOLUME, "mountPath": MOUNT, "readOnly": True})
        container["env"], container["volumeMounts"] = env, mounts
    volumes = list(spec.get("volumes") or ())
    if all(each["name"] != VOLUME for each in volumes):
        token = {"audience": TRUSTED, "expirationSeconds": TOKEN_SECONDS, "path": VOLUME}
        volumes.append({"name": VOLUME, "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": token}]}})
    spec["volumes"] = volumes


def _account(pod: Object) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName") or "default"


def _role(cluster: Cluster, pod: Object) -> str:
    return cluster.pod_role(*_account(pod))


def _session(cluster: Cluster, pod: Object) -> str:
    """The session's name, as AWS makes it of the cluster's and the pod's."""
    tail = f"-{uuid.uuid4()}"
    name = f"eks-{cluster.name[:12]}-{pod['metadata']['name']}"
    return f"{name[: SESSION_LENGTH - len(tail)]}{tail}"
