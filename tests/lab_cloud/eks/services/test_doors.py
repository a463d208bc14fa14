"""Which doors Services need, and by which variables pods find them."""

from typing import Any

from lab_cloud.eks.services.doors import ANSWERS_AT, answers_at, decide, environment, loopback_ports, targets_of


def service(name: str = "web", namespace: str = "default", address: str = "10.100.0.5", **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": namespace}
    return {"metadata": metadata, "spec": {"clusterIP": address, "ports": [{"port": 80}], **spec}}


def endpoints(*addresses: str, name: str = "web", **conditions: bool) -> dict[str, Any]:
    metadata = {"namespace": "default", "labels": {"kubernetes.io/service-name": name}}
    found = [{"addresses": [address], "conditions": conditions} for address in addresses]
    return {"metadata": metadata, "ports": [{"name": "", "port": 8080}], "endpoints": found}


def test_each_port_has_a_door_to_the_pods_that_are_ready() -> None:
    found = decide(
        [
            service(sessionAffinity="ClientIP", ports=[{"port": 80, "nodePort": 30001}]),
            service("headless", address="None"),
            service("outside", address=""),
            service("udp", ports=[{"port": 53, "protocol": "UDP"}]),
            service("empty"),
        ],
        [endpoints("a", "b", ready=True), endpoints("c", ready=False)],
    )
    assert set(found) == {("default", "web", 80), ("default", "empty", 80)}
    assert found["default", "web", 80].targets == (("a", 8080), ("b", 8080))
    assert (found["default", "web", 80].node_port, found["default", "web", 80].sticky) == (30001, True)
    assert found["default", "empty", 80].targets == ()


def test_pods_that_end_serve_while_there_are_no_others() -> None:
    ending = endpoints("c", ready=False, serving=True, terminating=True)
    assert targets_of([ending, endpoints("a", ready=True)], "") == (("a", 8080),)
    assert targets_of([ending], "") == (("c", 8080),)
    assert targets_of([ending], "other") == ()


def test_the_annotation_can_be_read_back() -> None:
    found = service()
    found["metadata"]["annotations"] = {ANSWERS_AT: answers_at({80: 40001, 443: 40002})}
    assert loopback_ports(found) == {80: 40001, 443: 40002}
    assert loopback_ports(service()) == {}


def told(name: str, namespace: str, ports: list[dict[str, Any]], known: dict[int, int]) -> dict[str, Any]:
    found = service(name, namespace, ports=ports)
    found["metadata"]["annotations"] = {ANSWERS_AT: answers_at(known)}
    return found


def test_variables_of_a_pod() -> None:
    services = [
        told("my-web", "default", [{"port": 80, "name": "http"}, {"port": 81}], {80: 40001, 81: 40002}),
        told("other", "elsewhere", [{"port": 80}], {80: 40003}),
        told("kubernetes", "default", [{"port": 443, "name": "https"}], {443: 40004}),
    ]
    found = environment(services, "default")
    assert found["MY_WEB_SERVICE_HOST"] == "127.0.0.1"
    assert found["MY_WEB_SERVICE_PORT"] == found["MY_WEB_SERVICE_PORT_HTTP"] == "40001"
    assert found["MY_WEB_PORT"] == found["MY_WEB_PORT_80_TCP"] == "tcp://127.0.0.1:40001"
    assert found["MY_WEB_PORT_81_TCP_PORT"] == "40002"
    assert "OTHER_SERVICE_HOST" not in found
    assert environment(services, "elsewhere")["KUBERNETES_SERVICE_PORT"] == "40004"
    alone = environment(services, "default", links=False)
    assert {name.partition("_")[0] for name in alone} == {"KUBERNETES"}
