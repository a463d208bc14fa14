"""What depends on other objects."""

from tests.lab_cloud.eks.kubernetes.server import (
    PODS,
    SERVICES,
    TABLE,
    Server,
    pod,
)


def test_services_get_addresses_and_ports_of_their_own(server: Server) -> None:
    kinds = ["ClusterIP", "NodePort", "LoadBalancer"]
    made = [
        server.made(SERVICES, {"metadata": {"name": kind.lower()}, "spec": {"type": kind, "ports": [{"port": 80}]}})
        for kind in kinds
    ]
    assert len({each["spec"]["clusterIP"] for each in made}) == 3
    assert all(each["spec"]["clusterIP"].startswith("10.100.") for each in made)
    ports = [each["spec"]["ports"][0].get("nodePort") for each in made]
    assert ports[0] is None
    assert ports[1] != ports[2]
    taken = {"metadata": {"name": "x"}, "spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": ports[1]}]}}
    assert "already allocated" in server.ask("POST", SERVICES, taken)[1]["message"]
    outside = {"metadata": {"name": "x"}, "spec": {"clusterIP": "10.1.2.3", "ports": [{"port": 1}]}}
    assert server.ask("POST", SERVICES, outside)[0] == 422


def test_a_claim_gets_the_default_class(server: Server) -> None:
    marked = {"storageclass.kubernetes.io/is-default-class": "true"}
    classes = "/apis/storage.k8s.io/v1/storageclasses"
    server.made(classes, {"metadata": {"name": "gp3", "annotations": marked}, "provisioner": "ebs.csi.aws.com"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    made = server.made("/api/v1/namespaces/default/persistentvolumeclaims", {"metadata": {"name": "a"}, "spec": spec})
    assert made["spec"]["storageClassName"] == "gp3"
    assert made["status"]["phase"] == "Pending"
    _code, found = server.ask("GET", classes, accept=TABLE)
    assert found["rows"][0]["cells"][0] == "gp3 (default)"


def test_a_pod_needs_an_account_that_is_there(server: Server) -> None:
    code, found = server.ask("POST", PODS, pod(serviceAccountName="none"))
    assert (code, 'serviceaccount "none" not found' in found["message"]) == (403, True)
