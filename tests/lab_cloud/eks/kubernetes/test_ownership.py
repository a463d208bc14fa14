"""Server-side apply."""

from tests.lab_cloud.eks.kubernetes.server import (
    APPLY,
    CONFIG_MAPS,
    DEPLOYMENTS,
    SERVICES,
    Server,
    config,
    deployment,
)


def test_apply_creates_changes_and_takes_back(server: Server) -> None:
    code, made = server.apply(f"{CONFIG_MAPS}/one", config(a="1", b="2"))
    assert code == 201
    code, found = server.apply(f"{CONFIG_MAPS}/one", config(a="1", b="2"))
    assert (code, found) == (200, made)
    assert server.apply(f"{CONFIG_MAPS}/one", config(a="3"))[1]["data"] == {"a": "3"}


def test_what_others_own_stays_and_conflicts(server: Server) -> None:
    server.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1), "one")
    server.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 3}})
    code, found = server.apply(f"{DEPLOYMENTS}/web", deployment(replicas=1), "one")
    assert (code, found["reason"]) == (409, "Conflict")
    assert found["details"]["causes"][0]["field"] == ".spec.replicas"
    assert found["message"] == (
        'Apply failed with 1 conflict: conflict with "test" with subresource "scale" using apps/v1: .spec.replicas'
    )
    code, found = server.apply(f"{DEPLOYMENTS}/web", deployment(), "one")
    assert (code, found["spec"]["replicas"]) == (200, 3)
    code, found = server.apply(f"{DEPLOYMENTS}/web", deployment(replicas=2), "one", "&force=true")
    assert (code, found["spec"]["replicas"]) == (200, 2)


def test_two_managers_share_what_they_agree_on(server: Server) -> None:
    server.apply(f"{CONFIG_MAPS}/one", config(a="1", b="2"), "first")
    server.apply(f"{CONFIG_MAPS}/one", config(a="1"), "second")
    assert server.apply(f"{CONFIG_MAPS}/one", config(b="2"), "first")[1]["data"] == {"a": "1", "b": "2"}
    assert server.apply(f"{CONFIG_MAPS}/one", config(), "second")[1]["data"] == {"b": "2"}


def test_an_apply_says_who_it_is_and_leaves_ownership_to_the_server(server: Server) -> None:
    assert server.patch(f"{CONFIG_MAPS}/one", config(), APPLY)[0] == 422
    made = config()
    made["metadata"]["managedFields"] = [{"manager": "me"}]
    assert server.apply(f"{CONFIG_MAPS}/one", made)[0] == 400


def test_ports_and_containers_are_applied_by_their_keys(server: Server) -> None:
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "http", "port": 80}]}}
    server.apply(f"{SERVICES}/web", service, "one")
    more = {"metadata": {"name": "web"}, "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP"}]}}
    found = server.apply(f"{SERVICES}/web", more, "two")[1]
    assert [port["port"] for port in found["spec"]["ports"]] == [80, 443]
    found = server.apply(f"{SERVICES}/web", {"metadata": {"name": "web"}, "spec": {}}, "two")[1]
    assert [port["port"] for port in found["spec"]["ports"]] == [80]
