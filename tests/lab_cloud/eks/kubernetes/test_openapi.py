"""Discovery and schemas."""

import json
import re

from tests.lab_cloud.eks.kubernetes.server import (
    Server,
)


def test_discovery_in_pieces_and_in_one(server: Server) -> None:
    groups = [each["name"] for each in server.get("/apis")["groups"]]
    assert groups[0] == "apps"
    found = server.get("/api/v1")["resources"]
    pods = next(each for each in found if each["name"] == "pods")
    assert (pods["shortNames"], pods["categories"], pods["namespaced"]) == (["po"], ["all"], True)
    assert "pods/log" in [each["name"] for each in found]
    together = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    _code, found = server.ask("GET", "/apis", accept=together)
    assert [each["metadata"]["name"] for each in found["items"]] == groups


def test_every_group_has_a_schema_that_is_whole(server: Server) -> None:
    for path in server.get("/openapi/v3")["paths"]:
        found = server.get(f"/openapi/v3/{path}")
        known = found["components"]["schemas"]
        named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(found)))
        assert named <= set(known), path
    definitions = server.get("/openapi/v2")["definitions"]
    assert "description" in definitions["io.k8s.api.core.v1.Pod"]
    packed = server.raw("GET", "/openapi/v2", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
