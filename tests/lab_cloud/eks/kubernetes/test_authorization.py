"""Who may do what."""

from typing import Any

import pytest

from lab_cloud.eks.kubernetes.authorization import User
from tests.lab_cloud.eks.kubernetes.server import (
    DEPLOYMENTS,
    MERGE,
    PODS,
    SECRETS,
    Server,
    pod,
)


def test_nobody_comes_in_without_a_token(server: Server) -> None:
    for token in ("", "wrong"):
        code, found = server.ask("GET", PODS, token=token)
        assert (code, found["reason"], found["message"]) == (401, "Unauthorized", "Unauthorized")


def test_who_has_no_role_is_told_so(server: Server) -> None:
    code, found = server.ask("GET", PODS, token="nobody")
    assert (code, found["reason"]) == (403, "Forbidden")
    assert found["message"] == (
        'pods is forbidden: User "nobody" cannot list resource "pods" in API group "" in the namespace "default"'
    )
    assert "at the cluster scope" in server.ask("GET", "/api/v1/nodes", token="nobody")[1]["message"]
    assert server.ask("GET", "/api/v1", token="nobody")[0] == 200


def bind(server: Server, role: str, kind: str, subject: dict[str, Any], namespace: str = "") -> None:
    base = "/apis/rbac.authorization.k8s.io/v1"
    path = f"{base}/namespaces/{namespace}/rolebindings" if namespace else f"{base}/clusterrolebindings"
    server.made(path, {"metadata": {"name": "test"}, "roleRef": {"kind": kind, "name": role}, "subjects": [subject]})


def test_roles_allow_what_they_say_where_they_are_bound(server: Server) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
    server.made(
        "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles", {"metadata": {"name": "reader"}, "rules": rules}
    )
    bind(server, "reader", "Role", {"kind": "User", "name": "nobody"}, "default")
    assert server.ask("GET", PODS, token="nobody")[0] == 200
    assert server.ask("GET", "/api/v1/namespaces/kube-system/pods", token="nobody")[0] == 403
    assert server.ask("POST", PODS, pod(), token="nobody")[0] == 403
    assert server.ask("GET", f"{PODS}/one/status", token="nobody")[0] == 403


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("view", [("GET", PODS), ("GET", DEPLOYMENTS)], [("GET", SECRETS), ("DELETE", f"{PODS}/a")]),
        ("edit", [("DELETE", f"{PODS}/a"), ("GET", SECRETS)], [("GET", "/api/v1/nodes")]),
        ("cluster-admin", [("GET", "/api/v1/nodes"), ("DELETE", "/api/v1/nodes/a")], []),
    ],
)  # fmt: skip
def test_the_roles_of_every_cluster(server: Server, role: str, allowed: Any, refused: Any) -> None:
    server.users["member"] = User("member", ("team",))
    bind(server, role, "ClusterRole", {"kind": "Group", "name": "team"})
    assert [server.ask(*each, token="member")[0] for each in allowed] == [
        404 if each[1].endswith("/a") else 200 for each in allowed
    ]
    assert [server.ask(*each, token="member")[0] for each in refused] == [403] * len(refused)


def test_reviews(server: Server) -> None:
    base = "/apis/authorization.k8s.io/v1"
    asked = {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}
    review = {"spec": asked}
    assert server.ask("POST", f"{base}/selfsubjectaccessreviews", review)[1]["status"] == {"allowed": True}
    found = server.ask("POST", f"{base}/selfsubjectaccessreviews", review, token="nobody")[1]
    assert found["status"] == {"allowed": False}
    other = {"spec": {**asked, "user": "nobody"}}
    assert server.ask("POST", f"{base}/subjectaccessreviews", other)[1]["status"] == {"allowed": False}
    assert server.ask("POST", f"{base}/subjectaccessreviews", review)[0] == 422
    found = server.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})[1]
    assert found["status"]["userInfo"]["username"] == "root"
    found = server.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "nobody"}})[1]
    assert found["status"]["user"]["username"] == "nobody"


def test_speaking_for_somebody_else_needs_the_right_to(server: Server) -> None:
    assert server.ask("GET", PODS, impersonate_user="nobody")[0] == 403
    assert server.ask("GET", PODS, impersonate_user="any", impersonate_group="system:masters")[0] == 200
    found = server.ask("GET", PODS, token="nobody", impersonate_user="root")[1]
    assert 'cannot impersonate resource "users"' in found["message"]
    assert server.ask("GET", PODS, impersonate_group="system:masters")[0] == 400


def grant(verbs: list[str], resources: list[str], groups: tuple[str, ...] = ("",)) -> list[dict[str, Any]]:
    return [{"apiGroups": list(groups), "resources": resources, "verbs": verbs}]


def test_nobody_grants_what_they_lack(server: Server) -> None:
    access = "rbac.authorization.k8s.io"
    roles = f"/apis/{access}/v1/namespaces/default/roles"
    bindings = f"/apis/{access}/v1/namespaces/default/rolebindings"
    server.made(roles, {"metadata": {"name": "strong"}, "rules": grant(["delete"], ["pods"])})
    own = [*grant(["get"], ["pods"]), *grant(["create", "patch", "get"], ["roles", "rolebindings"], (access,))]
    server.made(roles, {"metadata": {"name": "own"}, "rules": own})
    bind(server, "own", "Role", {"kind": "User", "name": "nobody"}, "default")

    def role(name: str, verb: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "rules": grant([verb], ["pods"])}

    assert server.ask("POST", roles, role("mine", "get"), token="nobody")[0] == 201
    code, found = server.ask("POST", roles, role("more", "delete"), token="nobody")
    assert (code, found["reason"]) == (403, "Forbidden")
    assert "attempting to grant RBAC permissions not currently held" in found["message"]
    assert '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}' in found["message"]
    more = {"rules": grant(["delete"], ["pods"])}
    assert server.ask("PATCH", f"{roles}/mine", more, token="nobody", content_type=MERGE)[0] == 403
    assert server.get(f"{roles}/mine")["rules"][0]["verbs"] == ["get"]
    reference = {"kind": "Role", "name": "strong", "apiGroup": access}
    binding = {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [{"kind": "User", "name": "nobody"}]}
    assert server.ask("POST", bindings, binding, token="nobody")[0] == 403
    reference["name"] = "mine"
    assert server.ask("POST", bindings, binding, token="nobody")[0] == 201


def test_who_may_escalate_or_bind_may_grant_everything(server: Server) -> None:
    access = "rbac.authorization.k8s.io"
    roles = f"/apis/{access}/v1/namespaces/default/roles"
    server.made(roles, {"metadata": {"name": "own"}, "rules": grant(["create", "escalate"], ["roles"], (access,))})
    bind(server, "own", "Role", {"kind": "User", "name": "nobody"}, "default")
    body = {"metadata": {"name": "more"}, "rules": grant(["*"], ["*"], ("*",))}
    assert server.ask("POST", roles, body, token="nobody")[0] == 201
