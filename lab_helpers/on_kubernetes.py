"""How a lab speaks to Kubernetes: the official Python client, and kubectl beside it."""

import base64
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from . import eks_token, kubeconfig
from .address import Url
from .errors import BackendError, NotFound

if TYPE_CHECKING:
    from .backends import Backend

HERE = ("127.0.0.1", "localhost", "::1")
PATIENCE = 120.0  # real seconds after which a command of kubectl counts as stuck


class OnKubernetes:
    """Clusters of EKS from the inside; part of `Lab`."""

    if TYPE_CHECKING:

        def client(self, service: str) -> Any:
            """A boto3 client."""

        @property
        def session(self) -> Any:
            """A boto3 session."""

        def _cloud(self) -> Backend: ...

    def kubernetes(self, cluster: str) -> Any:
        """A client for the API server of a cluster.

        It finds the cluster through a kubeconfig in `.lab/`, which this call writes as ``aws eks update-kubeconfig``
        does, and renews its token by itself. With ``LAB_KUBECONFIG`` it is a client for the cluster of that file.

        Parameters
        ----------
        cluster : str
            The name of an EKS cluster.

        Returns
        -------
        kubernetes.client.ApiClient
            What ``kubernetes.client.CoreV1Api`` and its neighbours take.

        Raises
        ------
        NotFound
            When there is no such cluster.
        BackendError
            When its API server does not answer yet.

        Examples
        --------
        >>> from kubernetes import client
        >>> core = client.CoreV1Api(lab.kubernetes("DemoEKS"))  # doctest: +SKIP
        """
        from kubernetes import client, config

        own = kubeconfig.own()
        if own is not None:
            settings = client.Configuration()
            load: Any = config.load_kube_config  # it has no types
            load(str(own), client_configuration=settings, persist_config=False)
        else:
            found = self._described(cluster)
            kubeconfig.add(found)
            authority = base64.b64decode(found["certificateAuthority"]["data"]).decode()
            settings = client.Configuration(host=found["endpoint"], ca_cert_data=authority)
            _keep_fresh(settings, self.session, self.client("sts").meta.endpoint_url, cluster)
        if urlsplit(settings.host).hostname in HERE:
            settings.proxy = None  # never through a proxy: the cluster is on this machine
        return client.ApiClient(settings)

    def kubectl(self, *words: str, cluster: str = "DemoEKS") -> None:
        """Run kubectl and print what it says; without kubectl on this machine, say so.

        Parameters
        ----------
        *words : str
            Its arguments: ``lab.kubectl("get", "nodes")``, or in one text, ``lab.kubectl("get nodes")``.
        cluster : str
            The name of an EKS cluster.
        """
        asked = words[0].split() if len(words) == 1 else list(words)
        program = os.environ.get("LAB_KUBECTL") or shutil.which("kubectl")
        if program is None:
            print(f"kubectl is not on this machine, so this was not run: kubectl {' '.join(asked)}")
            return
        done = subprocess.run(
            [program, *asked],
            env={**os.environ, "KUBECONFIG": str(self._kubeconfig(cluster))},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        print(done.stdout, end="")

    def nodes(self, cluster: str, namespace: str = "demo") -> Any:
        """A live picture of the nodes of a cluster and of the pods on them.

        Parameters
        ----------
        cluster : str
            The name of an EKS cluster.
        namespace : str
            The one whose Deployments and Services are shown; pods are shown of all namespaces.

        Returns
        -------
        NodesView
            Shows itself live; ``snapshot()`` is a still copy and ``text()`` the same in words.
        """
        from .views.nodes import NodesView
        from .views.nodes_observe import NodesObserver

        return NodesView(NodesObserver(self.kubernetes(cluster), cluster, namespace))

    def _address(self, name: str) -> Url:
        """Where a load balancer answers; one that a Service has brought in a cluster elsewhere answers to its name."""
        try:
            return self._cloud().url(name)
        except NotFound:
            if kubeconfig.own() is None or "." not in name:
                raise
            return Url(f"http://{name}")

    def _kubeconfig(self, cluster: str) -> Path:
        return kubeconfig.own() or kubeconfig.add(self._described(cluster))

    def _described(self, cluster: str) -> dict[str, Any]:
        """The cluster, whose API server answers."""
        from botocore.exceptions import ClientError

        try:
            found: dict[str, Any] = self.client("eks").describe_cluster(name=cluster)["cluster"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            raise NotFound(
                f"There is no cluster {cluster}.",
                "Run the cell that makes it, or lab.start(), which brings what the lab needs.",
            ) from error
        if not found.get("endpoint"):
            raise BackendError(
                f"The cluster {cluster} is {found['status']}, and its API server does not answer yet.",
                f'Wait for it: lab.wait("eks", "cluster_active", name="{cluster}").',
            )
        return found

    @staticmethod
    def _elsewhere() -> str:
        """A line for the learner when Kubernetes is somewhere else; empty otherwise."""
        own = kubeconfig.own()
        return f"Cells with Kubernetes talk to {kubeconfig.describe(own)} ({kubeconfig.VARIABLE})." if own else ""


def _keep_fresh(settings: Any, session: Any, sts: str, cluster: str) -> None:
    """Give a client of the Kubernetes API a token, and another one before it ends."""
    until = 0.0

    def renew(asking: Any) -> None:  # before each request
        nonlocal until
        if time.monotonic() >= until:
            asking.api_key["BearerToken"] = f"Bearer {eks_token.token(session, sts, cluster)}"
            until = time.monotonic() + eks_token.USABLE.total_seconds()

    renew(settings)
    settings.refresh_api_key_hook = renew
