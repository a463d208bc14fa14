"""Where pods go: rules by example, and properties that hold for any cluster."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.eks.controllers.cluster_view import ClusterView, amount, requests, view_of
from lab_cloud.eks.controllers.scheduler import NO_NODES, Placement, decide, order

ZONE = "topology.kubernetes.io/zone"


class NoClaims:
    def blocked(self, pod: Any) -> str:
        return "it has a claim" if pod["spec"].get("volumes") else ""

    def refusal(self, pod: Any, node: Any) -> str:
        return ""

    def bind(self, pod: Any, node: Any) -> bool:
        return True


CLAIMS = NoClaims()


def node(name: str, cpu: str = "2", memory: str = "4Gi", pods: str = "10", **spec: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, **spec.pop("labels", {})}
    allocatable = {"cpu": cpu, "memory": memory, "pods": pods}
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": allocatable},
    }


def pod(name: str, cpu: str = "", on: str = "", labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    asked = {"requests": {"cpu": cpu}} if cpu else {}
    made = {"containers": [{"name": "main", "resources": asked}], **spec}
    if on:
        made["nodeName"] = on
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "labels": labels or {"app": "web"}}
    return {"kind": "Pod", "metadata": metadata, "spec": made}


def place(wanted: dict[str, Any], *nodes: dict[str, Any], there: tuple[dict[str, Any], ...] = ()) -> Placement:
    return decide(wanted, view_of(nodes, there), CLAIMS)


def reasons(found: Placement) -> str:
    return found.message.partition(" preemption:")[0]


def term(key: str = "kubernetes.io/hostname", **labels: str) -> dict[str, Any]:
    return {"topologyKey": key, "labelSelector": {"matchLabels": labels}}


def required(kind: str, *terms: dict[str, Any]) -> dict[str, Any]:
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}


def test_without_nodes_it_says_so() -> None:
    assert place(pod("a")) == Placement("", NO_NODES)


def test_the_reasons_are_counted_in_kubernetes_words() -> None:
    taint = {"key": "gpu", "value": "true", "effect": "NoSchedule"}
    found = place(
        pod("a", "1500m"),
        node("one", "1"),
        node("two", "2", taints=[taint]),
        node("three", "2", unschedulable=True),
        node("four", "1"),
    )
    assert found.message == (
        "0/4 nodes are available: 1 node(s) had untolerated taint {gpu: true}, 1 node(s) were unschedulable, "
        "2 Insufficient cpu. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    )


def test_a_node_may_lack_several_things_and_pods_count() -> None:
    full = node("one", "1", "1Mi", "1")
    wanted = pod("a", "2")
    wanted["spec"]["containers"][0]["resources"]["requests"]["memory"] = "2Mi"
    found = place(wanted, full, there=(pod("b", on="one"),))
    assert reasons(found) == "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 Too many pods."


def test_what_could_be_had_by_ending_pods_is_told_apart() -> None:
    found = place(pod("a", "1500m"), node("one"), there=(pod("b", "1", on="one"),))
    assert found.message.endswith(
        "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
    )


def test_selectors_and_affinity_choose_nodes() -> None:
    nodes = node("one", labels={"disk": "hdd"}), node("two", labels={"disk": "ssd", "size": "5"})
    assert place(pod("a", nodeSelector={"disk": "ssd"}), *nodes).node == "two"
    assert reasons(place(pod("a", nodeSelector={"disk": "tape"}), *nodes)) == (
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
    )
    expression = {"key": "size", "operator": "Gt", "values": ["4"]}
    wanted = {
        "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    }
    assert place(pod("a", affinity={"nodeAffinity": wanted}), *nodes).node == "two"
    liked = {"weight": 10, "preference": {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}}
    preferred = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [liked]}}
    assert place(pod("a", affinity=preferred), *nodes).node == "two"


def test_taints_are_borne_by_those_who_say_so() -> None:
    tainted = node("one", taints=[{"key": "gpu", "value": "true", "effect": "NoSchedule"}])
    assert place(pod("a", tolerations=[{"key": "gpu", "operator": "Exists"}]), tainted).node == "one"
    assert place(pod("a", tolerations=[{"key": "gpu", "value": "true", "effect": "NoSchedule"}]), tainted).node == "one"
    assert not place(pod("a", tolerations=[{"key": "gpu", "value": "no"}]), tainted).node
    assert place(pod("a", tolerations=[{"operator": "Exists"}]), node("two", unschedulable=True)).node == "two"
    soft = node("a-first", taints=[{"key": "old", "effect": "PreferNoSchedule"}])
    assert place(pod("a"), soft, node("b-second")).node == "b-second"


def test_neighbours_that_must_be_apart_or_together() -> None:
    nodes = node("one", labels={ZONE: "a"}), node("two", labels={ZONE: "b"})
    there = (pod("b", on="one"),)
    apart = pod("a", affinity=required("podAntiAffinity", term(app="web")))
    assert place(apart, *nodes, there=there).node == "two"
    both = (*there, pod("c", on="two"))
    assert reasons(place(apart, *nodes, there=both)) == (
        "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules."
    )
    together = pod("a", affinity=required("podAffinity", term(ZONE, app="web")))
    assert place(together, *nodes, there=there).node == "one"
    assert place(together, *nodes).node, "the first of a group finds nobody, and may be anywhere"
    stranger = pod("a", affinity=required("podAffinity", term(ZONE, app="db")))
    assert reasons(place(stranger, *nodes)) == "0/2 nodes are available: 2 node(s) didn't match pod affinity rules."
    shy = pod("b", on="one", labels={"app": "shy"}, affinity=required("podAntiAffinity", term(ZONE, app="web")))
    assert place(pod("a"), *nodes, there=(shy,)).node == "two"


def test_pods_are_spread_within_the_skew() -> None:
    nodes = node("one", labels={ZONE: "a"}), node("two", labels={ZONE: "b"})
    rule = {"maxSkew": 1, "topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}}
    wanted = pod("a", topologySpreadConstraints=[{**rule, "whenUnsatisfiable": "DoNotSchedule"}])
    assert place(wanted, *nodes, there=(pod("b", on="one"),)).node == "two"
    closed = node("two", labels={ZONE: "b"}, unschedulable=True)
    found = place(wanted, nodes[0], closed, there=(pod("b", on="one"),))
    assert "1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable" in found.message
    soft = pod("a", topologySpreadConstraints=[{**rule, "whenUnsatisfiable": "ScheduleAnyway"}])
    assert place(soft, nodes[0], closed, there=(pod("b", on="one"),)).node == "one"


def test_ports_of_a_node_are_given_once() -> None:
    wanted = pod("a", containers=[{"name": "main", "ports": [{"containerPort": 80, "hostPort": 80}]}])
    there = {
        **wanted,
        "metadata": {**wanted["metadata"], "uid": "other"},
        "spec": {**wanted["spec"], "nodeName": "one"},
    }
    assert reasons(place(wanted, node("one"), there=(there,))) == (
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."
    )


def test_a_claim_waits_and_a_volume_may_forbid_a_node() -> None:
    wanted = pod("a", volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}])
    assert reasons(place(wanted, node("one"))) == "0/1 nodes are available: it has a claim."

    class Zonal(NoClaims):
        def blocked(self, pod: Any) -> str:
            return ""

        def refusal(self, pod: Any, node: Any) -> str:
            return "" if node.labels.get(ZONE) == "b" else "node(s) had volume node affinity conflict"

    view = view_of([node("one", labels={ZONE: "a"}), node("two", labels={ZONE: "b"})], [])
    assert decide(wanted, view, Zonal()).node == "two"


def test_what_a_pod_asks_for_counts_its_init_containers() -> None:
    found = pod("a", "100m")
    found["spec"]["initContainers"] = [
        {"name": "side", "restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}},
        {"name": "init", "resources": {"requests": {"cpu": "1"}}},
    ]
    assert requests(found)["cpu"] == 1050
    assert amount("memory", "1Mi") == 1024**2


def test_the_more_important_pod_comes_first() -> None:
    young, old = pod("young", priority=1), pod("old")
    assert sorted([old, young], key=order) == [young, old]


# -- properties -------------------------------------------------------------------------------------------------------

NODES = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 5), st.sampled_from("abc"), st.booleans()), min_size=1, max_size=6
)
PODS = st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["web", "db"]), st.booleans()), max_size=20)


def cluster(found: list[tuple[int, int, str, bool]]) -> ClusterView:
    return view_of(
        [
            node(f"n{i}", str(cpu), pods=str(pods), labels={ZONE: zone}, unschedulable=closed)
            for i, (cpu, pods, zone, closed) in enumerate(found)
        ],
        [],
    )


def fill(view: ClusterView, wanted: list[tuple[int, str, bool]]) -> list[tuple[dict[str, Any], Placement]]:
    done = []
    for i, (milli, app, alone) in enumerate(wanted):
        made = pod(f"p{i}", f"{milli}m" if milli else "", labels={"app": app})
        if alone:
            made["spec"]["affinity"] = required("podAntiAffinity", term(app=app))
        found = decide(made, view, CLAIMS)
        done.append((made, found))
        next(iter(each.add(made) for each in view.nodes if each.name == found.node), None)
    return done


@given(NODES, PODS)
def test_no_node_is_ever_given_more_than_it_has(nodes: list[Any], pods: list[Any]) -> None:
    view = cluster(nodes)
    fill(view, pods)
    for each in view.nodes:
        assert each.requested.get("cpu", 0) <= each.allocatable["cpu"]
        assert len(each.pods) <= each.allocatable["pods"]
        assert not (each.pods and each.node["spec"]["unschedulable"])


@given(NODES, PODS)
def test_a_pod_waits_only_when_no_node_can_take_it(nodes: list[Any], pods: list[Any]) -> None:
    view = cluster(nodes)
    for made, found in fill(view, [(milli, app, False) for milli, app, _ in pods]):
        if not found.node:
            wanted = requests(made).get("cpu", 0)
            assert not any(
                not each.node["spec"]["unschedulable"]
                and len(each.pods) < each.allocatable["pods"]
                and each.allocatable["cpu"] - each.requested.get("cpu", 0) >= wanted
                for each in view.nodes
            )
            assert found.message.startswith(f"0/{len(view.nodes)} nodes are available: ")


@given(NODES, PODS)
def test_those_that_must_be_apart_are_apart(nodes: list[Any], pods: list[Any]) -> None:
    view = cluster(nodes)
    done = fill(view, pods)
    homes = {made["metadata"]["name"]: found.node for made, found in done if found.node}
    for made, found in done:
        if found.node and "affinity" in made["spec"]:
            app = made["metadata"]["labels"]
            twins = [each for each, _ in done if each["metadata"]["labels"] == app and each is not made]
            assert all(homes.get(each["metadata"]["name"]) != found.node for each in twins)


@given(NODES, PODS)
def test_the_same_question_has_the_same_answer(nodes: list[Any], pods: list[Any]) -> None:
    assert fill(cluster(nodes), pods) == fill(cluster(nodes), pods)
