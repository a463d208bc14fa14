import pytest

from lab_cloud.elb.model import Action, Balancing, Listener, LoadBalancer, TargetGroup
from lab_cloud.elb.plan import decide
from lab_cloud.network.model import Network, Rule, SecurityGroup

FORWARD = Action("forward", (("tg", 1),))


def balancer(*listeners: Listener, **more: object) -> LoadBalancer:
    settings = {"groups": ("sg-alb",), "addresses": ("10.0.0.4",), "listeners": listeners} | more
    return LoadBalancer("lb", "demo", "demo.elb", **settings)  # type: ignore[arg-type]


def network(task_rule: Rule | None = None, alb_rule: Rule | None = None) -> dict[str, Network]:
    groups = {
        "sg-alb": SecurityGroup("sg-alb", "alb", "vpc", (alb_rule or Rule("tcp", 80, 80, "0.0.0.0/0"),)),
        "sg-task": SecurityGroup("sg-task", "task", "vpc", (task_rule,) if task_rule else ()),
    }
    return {"us-east-1": Network(groups, {"10.0.0.9": ("sg-task",)})}


def test_each_listener_gets_a_door_that_is_open_where_its_group_says() -> None:
    plan = decide(
        Balancing((balancer(Listener("a", "HTTP", 80, FORWARD, ("tg",)), Listener("b", "HTTP", 81, FORWARD)),)),
        network(),
        [],
    )
    assert plan.doors["us-east-1/demo/80"].refusal == ""
    assert "port 81" in plan.doors["us-east-1/demo/81"].refusal
    assert plan.in_use == {"tg"}


@pytest.mark.parametrize(
    ("rule", "traffic", "check"),
    [
        (None, True, True),
        (Rule("tcp", 80, 80, group="sg-alb"), False, True),
        (Rule("tcp", 9000, 9000, group="sg-alb"), True, False),
        (Rule("tcp", 0, 65535, "10.0.0.0/16"), False, False),
    ],
)
def test_barriers_on_the_port_of_traffic_and_on_that_of_checks(rule: Rule | None, traffic: bool, check: bool) -> None:
    balancing = Balancing((balancer(Listener("a", "HTTP", 80, FORWARD, ("tg",))),), {"tg": TargetGroup("tg", "tg")})
    plan = decide(balancing, network(rule), [("tg", "10.0.0.9", 80, 9000)])
    found = plan.barriers.get(("tg", "10.0.0.9", 80), ("", ""))
    assert (bool(found[0]), bool(found[1])) == (traffic, check)


def test_nothing_is_held_against_an_address_that_is_not_known() -> None:
    balancing = Balancing((balancer(Listener("a", "HTTP", 80, FORWARD, ("tg",))),))
    assert decide(balancing, network(), [("tg", "192.168.1.1", 80, 80)]).barriers == {}


@pytest.mark.parametrize(
    ("more", "protocol", "word"),
    [
        ({"kind": "network"}, "UDP", "UDP"),
        ({"kind": "gateway"}, "GENEVE", "Gateway"),
        ({}, "TLS", "TLS"),
        ({"internal": True}, "HTTP", "internal"),
    ],
)
def test_what_is_not_served_says_so(more: dict[str, object], protocol: str, word: str) -> None:
    plan = decide(Balancing((balancer(Listener("a", protocol, 80, FORWARD), **more),)), network(), [])
    assert word in plan.doors["us-east-1/demo/80"].refusal
