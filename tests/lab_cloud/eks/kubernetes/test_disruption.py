"""What PodDisruptionBudgets allow."""

from typing import Any

import pytest

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.disruption import Budgets
from lab_cloud.eks.controllers.runner import Controllers
from lab_cloud.eks.kubernetes.disruption import status_of
from tests.lab_cloud.eks.kubernetes.server import PODS, Server, pod
from tests.waiting import until

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "one"}}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def budget(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"app": "web"}}, **spec}}


def running(server: Server, *names: str) -> None:
    for name in names:
        server.made(PODS, pod(name))
        server.patch(f"{PODS}/{name}/status", {"status": READY})


@pytest.mark.parametrize(
    ("spec", "allowed"),
    [
        ({"minAvailable": 2}, 1),
        ({"minAvailable": "50%"}, 1),
        ({"minAvailable": "100%"}, 0),
        ({"maxUnavailable": 1}, 0),
        ({"maxUnavailable": 2}, 1),
        ({"maxUnavailable": "50%"}, 1),
    ],
)
def test_how_many_may_go(spec: dict[str, Any], allowed: int) -> None:
    owner = [{"uid": "r", "controller": True}]
    pods = [{"metadata": {"ownerReferences": owner}, "status": READY} for _ in range(3)]
    found = status_of(budget(**spec), pods, {"r": 4})
    assert found["disruptionsAllowed"] == allowed
    assert found["currentHealthy"] == 3


def test_an_eviction_that_would_break_a_budget_is_refused(server: Server) -> None:
    running(server, "one", "two")
    server.made(BUDGETS, budget(minAvailable=2))
    code, found = server.ask("POST", f"{PODS}/one/eviction", EVICTION)
    assert (code, found["reason"]) == (429, "TooManyRequests")
    told = "The disruption budget web needs 2 healthy pods and has 2 currently"
    assert found["details"]["causes"] == [{"reason": "DisruptionBudget", "message": told}]
    server.patch(f"{BUDGETS}/web", {"spec": {"minAvailable": 1}})
    assert server.ask("POST", f"{PODS}/one/eviction", EVICTION)[0] == 201
    assert server.ask("GET", f"{PODS}/two")[0] == 200


def test_who_does_not_run_may_always_go(server: Server) -> None:
    server.made(PODS, pod("one"))
    server.made(BUDGETS, budget(minAvailable=1))
    assert server.ask("POST", f"{PODS}/one/eviction", EVICTION)[0] == 201


def test_a_budget_tells_what_it_allows(server: Server) -> None:
    client = Loopback(server.api, "disruption-controller")
    controllers = Controllers(client, [Budgets(client)])
    controllers.start()
    running(server, "one", "two")
    server.made(BUDGETS, budget(minAvailable=1))
    until(lambda: server.get(f"{BUDGETS}/web").get("status", {}).get("disruptionsAllowed") == 1)
    controllers.close()
    both = server.ask("POST", BUDGETS, {**budget(minAvailable=1, maxUnavailable=1), "metadata": {"name": "both"}})
    assert both[0] == 422
