"""Which pods Fargate takes, how large they are, and what it refuses; without a cloud."""

from typing import Any

import pytest

from lab_cloud.eks.fargate import (
    CAPACITY,
    DYNAMIC,
    LABEL,
    SCHEDULER,
    Profile,
    Selector,
    assign,
    profile_of,
    refusal,
    size_of,
)


def pod(cpu: str = "", memory: str = "", **spec: Any) -> dict[str, Any]:
    asked = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    container = {"name": "web", "image": "nginx", "resources": {"requests": asked}}
    return {"metadata": {"name": "web", "namespace": "default", "labels": {"app": "web"}},
            "spec": {"containers": [container], **spec}}  # fmt: skip


def profile(name: str, *selectors: Selector) -> Profile:
    return Profile(name, "demo", "us-east-1", "role", ("subnet-1",), selectors, 0.0, 0.0)


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        ("", "", (0.25, 0.5)),
        ("250m", "256Mi", (0.25, 0.5)),
        ("250m", "512Mi", (0.25, 1)),
        ("250m", "1792Mi", (0.25, 2)),
        ("250m", "2Gi", (0.5, 3)),
        ("1", "8Gi", (2, 9)),
        ("1500m", "1Gi", (2, 4)),
        ("5", "", (8, 16)),
        ("16", "119Gi", (16, 120)),
        ("17", "", None),
        ("1", "120Gi", None),
    ],
)
def test_a_pod_gets_the_next_size(cpu: str, memory: str, size: tuple[float, float] | None) -> None:
    assert size_of(pod(cpu, memory)) == size


def test_a_profile_takes_pods_by_namespace_and_labels() -> None:
    web = profile("web", Selector("default", (("app", "w*"),)))
    every = profile("all", Selector("*"))
    assert profile_of(pod(), [web]) is web
    assert profile_of(pod(), [web, every]) is every  # the first by name
    named = pod()
    named["metadata"]["labels"][LABEL] = "web"
    assert profile_of(named, [every, web]) is web
    other = pod()
    other["metadata"]["labels"] = {"app": "api"}
    assert profile_of(other, [web]) is None
    daemon = pod()
    daemon["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "controller": True}]
    assert profile_of(daemon, [every]) is None


def test_a_pod_is_assigned() -> None:
    made = pod("250m", "1Gi")
    assign(made, profile("web", Selector("default")))
    assert made["spec"]["schedulerName"] == SCHEDULER
    assert made["metadata"]["annotations"][CAPACITY] == "0.25vCPU 2GB"
    assert made["metadata"]["labels"] == {"app": "web", LABEL: "web"}


def test_what_fargate_does_not_run() -> None:
    assert refusal(pod(), {}) == ""
    bad = pod(hostNetwork=True)
    bad["spec"]["containers"][0] |= {"securityContext": {"privileged": True}, "ports": [{"hostPort": 80}]}
    assert refusal(bad, {}) == (
        "Pod not supported on Fargate: fields not supported: HostNetwork, HostPort, SecurityContext.Privileged"
    )
    assert "is of an unsupported volume Type" in refusal(pod(volumes=[{"name": "a", "hostPath": {"path": "/"}}]), {})
    claim = pod(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "mine"}}])
    assert "PVC mine not bound" in refusal(claim, {})
    assert "ebs.csi.aws.com is not efs.csi.aws.com" in refusal(claim, {"mine": "ebs.csi.aws.com"})
    assert refusal(claim, {"mine": "efs.csi.aws.com"}) == ""
    assert "PVC mine was provisioned dynamically" in refusal(claim, {"mine": "efs.csi.aws.com" + DYNAMIC})
    assert "16 vCPU" in refusal(pod("20"), {})
