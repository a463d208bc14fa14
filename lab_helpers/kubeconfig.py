"""The kubeconfig through which notebooks and kubectl find a cluster: one in `.lab/`, or the one that you name.

``LAB_KUBECONFIG`` names a file of your own, for a cluster of your own (kind, minikube, a real EKS). Then the cells that
speak to Kubernetes run there, and your own settings in the home folder are never read or changed.

References
----------
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import home
from .errors import BackendError

VARIABLE = "LAB_KUBECONFIG"
PLUGIN = "client.authentication.k8s.io/v1"
PASSED = ("LAB_HOME", "LAB_BACKEND", "LOCALSTACK_HOST", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION")
"""What the program that makes tokens must know, wherever kubectl is started."""


def own() -> Path | None:
    """The file that ``LAB_KUBECONFIG`` names; None when it is not set.

    Raises
    ------
    BackendError
        When there is no such file.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser()
    if not path.is_file():
        raise BackendError(f"{VARIABLE} names {named}, and there is no such file.", "Set it to a kubeconfig.")
    return path


def describe(path: Path) -> str:
    """The cluster that a kubeconfig leads to, in a few words.

    Raises
    ------
    BackendError
        When the file is no kubeconfig, or leads nowhere.
    """
    content = _read(path)
    context = str(content.get("current-context") or "")
    chosen = _named(content, "contexts", context).get("context") or {}
    cluster = _named(content, "clusters", str(chosen.get("cluster"))).get("cluster") or {}
    if not cluster.get("server"):
        raise BackendError(f"The kubeconfig {path.name} has no current context with a server.",
                           "Choose one: kubectl config use-context NAME.")  # fmt: skip
    return f"the cluster of the context {context}, at {cluster['server']}"


def add(cluster: Mapping[str, Any]) -> Path:
    """Add a cluster to the kubeconfig in `.lab/`, and make it the current one.

    Parameters
    ----------
    cluster : mapping
        As DescribeCluster shows it.

    Returns
    -------
    Path
        The file, which only its owner may read.
    """
    import yaml

    path = home.home() / "kubeconfig"
    content = _read(path) if path.is_file() else {}
    arn, name = str(cluster["arn"]), str(cluster["name"])
    server = {"server": cluster["endpoint"], "certificate-authority-data": cluster["certificateAuthority"]["data"]}
    _put(content, "clusters", {"name": arn, "cluster": server})
    _put(content, "users", {"name": arn, "user": {"exec": _plugin(name)}})
    _put(content, "contexts", {"name": arn, "context": {"cluster": arn, "user": arn}})
    whole = {"apiVersion": "v1", "kind": "Config", "preferences": {}, **content, "current-context": arn}
    _write_private(path, yaml.safe_dump(whole, sort_keys=False))
    return path


def _plugin(cluster: str) -> dict[str, Any]:
    """How kubectl gets a token: by the program that makes them here, in this very environment."""
    known = {name: os.environ[name] for name in PASSED if name in os.environ} | {"LAB_HOME": str(home.home())}
    root = str(Path(__file__).resolve().parent.parent)
    known["PYTHONPATH"] = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {
        "apiVersion": PLUGIN,
        "interactiveMode": "Never",
        "command": sys.executable,
        "args": ["-m", "lab_helpers.eks_get_token", cluster],
        "env": [{"name": name, "value": value} for name, value in known.items()],
    }


def _read(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise BackendError(f"The kubeconfig {path} cannot be read: {error}", "Mend it, or delete it.") from error
    if not isinstance(content, dict):
        raise BackendError(f"The file {path} is no kubeconfig.", "Mend it, or delete it.")
    return content


def _named(content: Mapping[str, Any], part: str, name: str) -> Mapping[str, Any]:
    return next((one for one in content.get(part) or () if one.get("name") == name), {})


def _put(content: dict[str, Any], part: str, entry: Mapping[str, Any]) -> None:
    others = [one for one in content.get(part) or () if one.get("name") != entry["name"]]
    content[part] = [*others, entry]


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(beside).replace(path)
