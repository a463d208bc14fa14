"""What of an API server is no resource: its health, its version, discovery and OpenAPI."""

import gzip
from dataclasses import replace
from typing import Any

from . import openapi, resources, status
from .answers import MADE, Answer, as_json
from .requests import Request

HEALTH = ("/healthz", "/livez", "/readyz")
PROBE_PATHS = (*HEALTH, "/version")
OPENAPI_PROTOBUF = "application/com.github.proto-openapi.spec.v2"


def answer(request: Request, version: str) -> Answer:
    """Answer a request for what is no resource.

    Parameters
    ----------
    request : Request
        What arrived.
    version : str
        Of Kubernetes, for example ``1.36``.

    Raises
    ------
    ApiError
        404 or 405.
    """
    path = request.path.rstrip("/") or "/"
    if request.method not in ("GET", "HEAD"):
        raise status.method_not_allowed()
    if path in HEALTH:
        return Answer(200, b"ok", {"content-type": "text/plain; charset=utf-8"})
    if path == "/version":
        return as_json(_version(version))
    found = _discovery(path, request.headers.get("accept", ""))
    if found is None:
        raise status.no_such_path()
    return found if "gzip" in request.headers.get("accept-encoding", "") else _unpacked(found)


def _version(version: str) -> dict[str, Any]:
    major, _, minor = version.partition(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": minor,
        "gitVersion": f"v{version}.0-eks-simulated",
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none: simulated by the embedded cloud",
        "compiler": "none",
        "platform": "linux/amd64",
    }


def _discovery(path: str, accept: str) -> Answer | None:
    steps = path.strip("/").split("/")
    together = "g=apidiscovery.k8s.io" in accept and "v=v2;" in accept.replace(" ", "") + ";"
    if path in ("/api", "/apis") and together:
        found = resources.aggregated(core_group=path == "/api")
        return as_json(found, headers={"content-type": resources.AGGREGATED})
    if path == "/":
        paths = ["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
        return as_json({"paths": [*paths, *(f"/apis/{one}" for one in resources.group_versions() if "/" in one)]})
    if path == "/api":
        return as_json(resources.api_versions())
    if path == "/apis":
        return as_json(resources.api_groups())
    if steps[0] == "openapi":
        return _openapi(steps, accept)
    named: dict[str, Any] | None = None
    if steps[0] == "api" and len(steps) == 2:
        named = resources.resource_list(steps[1])
    elif steps[0] == "apis" and len(steps) == 2:
        named = resources.api_group(steps[1])
    elif steps[0] == "apis" and len(steps) == 3:
        named = resources.resource_list(f"{steps[1]}/{steps[2]}")
    return as_json(named) if named is not None else None


def _openapi(steps: list[str], accept: str) -> Answer | None:
    if steps[1:] == ["v3"]:
        return as_json(openapi.index())
    packed = openapi.v2() if steps[1:] == ["v2"] else None
    if steps[1:2] == ["v3"] and len(steps) > 3:
        packed = openapi.v3("/".join(steps[3:]))
    if packed is None:
        return None
    if accept and "json" not in accept and "*" not in accept:
        if steps[1:] == ["v2"] and OPENAPI_PROTOBUF in accept:
            return Answer(200, openapi.v2_protobuf(), {"content-type": f"{OPENAPI_PROTOBUF}.v1.0+protobuf"})
        raise status.ApiError(406, "NotAcceptable", "only JSON is to be had here")
    return Answer(200, packed, {**MADE, "content-encoding": "gzip"})


def _unpacked(answer: Answer) -> Answer:
    if "content-encoding" not in answer.headers:
        return answer
    headers = {name: value for name, value in answer.headers.items() if name != "content-encoding"}
    return replace(answer, body=gzip.decompress(answer.body), headers=headers)
