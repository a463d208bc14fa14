"""Tokens of service accounts: good as long as what they are bound to."""

from lab_cloud.eks.kubernetes.accounts import LEAST_SECONDS
from tests.lab_cloud.eks.kubernetes.server import PODS, Server, pod

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"


def test_a_pod_may_do_what_its_account_may() -> None:
    server = Server()
    made = server.made(PODS, pod())
    token = server.api.accounts.issue(made)
    assert server.ask("GET", PODS, token=token)[0] == 403
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    server.made(f"{ROLES}/roles", {"metadata": {"name": "reader"}, "rules": rules})
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
    role = {"kind": "Role", "name": "reader", "apiGroup": "rbac.authorization.k8s.io"}
    server.made(f"{ROLES}/rolebindings", {"metadata": {"name": "reader"}, "subjects": [subject], "roleRef": role})
    assert server.ask("GET", PODS, token=token)[0] == 200
    assert server.ask("GET", PODS, token=token[:-2])[0] == 401
    server.now += LEAST_SECONDS - 1
    assert server.ask("GET", PODS, token=token)[0] == 200
    server.ask("DELETE", f"{PODS}/one")
    assert server.ask("GET", PODS, token=token)[0] == 401, "its pod has gone"


def test_a_token_ends() -> None:
    server = Server()
    made = server.made(PODS, pod())
    token = server.api.accounts.issue(made, seconds=LEAST_SECONDS)
    other = server.api.accounts.issue(made, audiences=("vault",))
    assert server.api.accounts.user_of(other) is None, "it is for somebody else"
    found = server.api.accounts.user_of(token)
    assert found is not None
    assert found.name == "system:serviceaccount:default:default"
    server.now += LEAST_SECONDS
    assert server.api.accounts.user_of(token) is None
