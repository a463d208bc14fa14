"""An API server without its port, and short ways to ask it."""

import json
from typing import Any

from lab_cloud.eks.kubernetes.answers import Answer, Watching
from lab_cloud.eks.kubernetes.api import ApiServer
from lab_cloud.eks.kubernetes.authorization import MASTERS, User
from lab_cloud.eks.kubernetes.reading import Change, Watch
from lab_cloud.eks.kubernetes.requests import Request

MASTER = User("root", (MASTERS,))
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
PODS = "/api/v1/namespaces/default/pods"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/api/v1/namespaces/default/services"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SECRETS = "/api/v1/namespaces/default/secrets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
REPLICA_SETS = "/apis/apps/v1/namespaces/default/replicasets"


class Server:
    """The API server, its clock, and who has which token."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.users = {"master": MASTER, "nobody": User("nobody")}
        self.api = ApiServer("1.36", self.users.get, lambda _asked: False, lambda: self.now)

    def ask(
        self, method: str, path: str, body: Any = None, query: str = "", *, token: str = "master", **headers: str
    ) -> tuple[int, Any]:
        """The status and the object of an answer."""
        answer = self.raw(method, path, body, query, token=token, **headers)
        return answer.code, json.loads(answer.body)

    def raw(
        self, method: str, path: str, body: Any = None, query: str = "", *, token: str = "master", **headers: str
    ) -> Answer:
        sent = {"authorization": f"Bearer {token}", "user-agent": "test/1", "content-type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self.api.answer(Request(method, path, query, sent, data))
        assert isinstance(answer, Answer), answer
        return answer

    def made(self, path: str, body: Any) -> dict[str, Any]:
        code, found = self.ask("POST", path, body)
        assert code == 201, found
        assert isinstance(found, dict)
        return found

    def get(self, path: str) -> dict[str, Any]:
        code, found = self.ask("GET", path)
        assert code == 200, found
        assert isinstance(found, dict)
        return found

    def patch(self, path: str, body: Any, kind: str = MERGE, query: str = "") -> tuple[int, Any]:
        return self.ask("PATCH", path, body, query, content_type=kind)

    def apply(self, path: str, body: Any, manager: str = "me", query: str = "") -> tuple[int, Any]:
        return self.patch(path, body, APPLY, f"fieldManager={manager}{query}")

    def watch(self, path: str, query: str = "") -> list[Change]:
        """What a watch is told, from now on too."""
        headers = {"authorization": "Bearer master"}
        found = self.api.answer(Request("GET", path, f"watch=1&{query}", headers))
        assert isinstance(found, Watching)
        told: list[Change] = []
        Watch(self.api.store, found.info, told.append).begin()
        return told


def pod(name: str = "one", **spec: Any) -> dict[str, Any]:
    containers = [{"name": "web", "image": "nginx"}]
    return {"metadata": {"name": name, "labels": {"app": "web"}}, "spec": {"containers": containers, **spec}}


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def config(name: str = "one", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
