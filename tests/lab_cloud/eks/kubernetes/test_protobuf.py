"""Bodies as kubectl sends them."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from tests.lab_cloud.eks.kubernetes.server import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    SERVICES,
    Server,
)

# What kubectl 1.33 sends for `create configmap a --from-literal=x=y`, `create service clusterip s --tcp=80:8080` and
# `create deployment web --image=nginx:1 --replicas=2 --port=80`.
PROTOBUF = "application/vnd.kubernetes.protobuf"
CONFIG_MAP = base64.b64decode("azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhsKEQoBYRIAGgAiACoAMgA4AEIAEgYKAXgSAXkaACIA")
SERVICE = base64.b64decode(
    "azhzAAoNCgJ2MRIHU2VydmljZRJjChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSQAobCgc4MC04MDgwEgNUQ1AYUCIHCAAQkD8aACgAEggK"
    "A2FwcBIBcxoAIglDbHVzdGVySVA6AEIAUgBaAGAAaAAaAgoAGgAiAA=="
)
DEPLOYMENT = base64.b64decode(
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EroBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEogBCAISDAoKCgNhcHASA3dlYhpu"
    "ChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEk4SMAoFbmdpbngSB25naW54OjEqADIKCgAQABhQIgAqAEIAagByAIABAIgBAJABAKIBABoA"
    "MgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoAKAA4ABoMCAAQABgAIAAoADgAGgAiAA=="
)


def test_protobuf_bodies_are_understood(server: Server) -> None:
    for path, body in ((CONFIG_MAPS, CONFIG_MAP), (SERVICES, SERVICE), (DEPLOYMENTS, DEPLOYMENT)):
        answer = server.raw("POST", path, body, "fieldValidation=Strict", content_type=PROTOBUF)
        assert answer.code == 201, answer.body
    assert server.get(f"{CONFIG_MAPS}/a")["data"] == {"x": "y"}
    port = server.get(f"{SERVICES}/s")["spec"]["ports"][0]
    assert (port["port"], port["targetPort"], port["protocol"]) == (80, 8080, "TCP")
    found = server.get(f"{DEPLOYMENTS}/web")
    assert (found["spec"]["replicas"], found["metadata"]["labels"]) == (2, {"app": "web"})
    container = found["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["ports"][0]["containerPort"]) == ("nginx:1", 80)


SHARED = Server()


@given(st.binary(max_size=60))
def test_no_protobuf_body_breaks_the_server(rest: bytes) -> None:
    for start in (CONFIG_MAP[:4], CONFIG_MAP[:26]):
        assert SHARED.raw("POST", CONFIG_MAPS, start + rest, "dryRun=All").code < 500
