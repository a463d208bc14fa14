import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.network.model import Rule, SecurityGroup, Subnet
from lab_cloud.network.reach import INTERNET, Source, admits, can_pull, holds_learner, listener_open, rule_admits

BALANCER = Source("the load balancer Demo", ("172.31.0.9", "172.31.16.9"), ("sg-alb",))


def group(*rules: Rule) -> SecurityGroup:
    return SecurityGroup("sg-1", "web", "vpc-1", rules)


def known(*groups: SecurityGroup) -> dict[str, SecurityGroup]:
    return {one.id: one for one in groups}


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (Rule("tcp", 80, 80, "0.0.0.0/0"), True),
        (Rule("tcp", 0, 65535, "0.0.0.0/0"), True),
        (Rule("-1", None, None, "0.0.0.0/0"), True),
        (Rule("tcp", 80, 80, "127.0.0.1/32"), True),
        (Rule("tcp", 80, 80, "8.8.8.8/32"), True),  # "my IP", as a learner types it
        (Rule("tcp", 80, 80, "203.0.113.0/24"), False),  # documentation range: somebody else
        (Rule("tcp", 80, 80, "10.0.0.0/16"), False),
        (Rule("tcp", 443, 443, "0.0.0.0/0"), False),
        (Rule("udp", 80, 80, "0.0.0.0/0"), False),
        (Rule("tcp", 80, 80, None, "sg-1"), False),
        (Rule("tcp", 80, 80, "::/0"), False),
    ],
)
def test_the_internet_passes_only_where_a_rule_lets_it(rule: Rule, allowed: bool) -> None:
    assert admits(["sg-1"], INTERNET, 80, known(group(rule))).allowed is allowed


@pytest.mark.parametrize(
    ("rule", "allowed"),
    [
        (Rule("tcp", 80, 80, None, "sg-alb"), True),
        (Rule("-1", None, None, None, "sg-alb"), True),
        (Rule("tcp", 80, 80, "172.31.0.0/16"), True),
        (Rule("tcp", 80, 80, "172.31.16.9/32"), True),
        (Rule("tcp", 80, 80, "172.31.32.0/20"), False),
        (Rule("tcp", 80, 80, None, "sg-other"), False),
        (Rule("tcp", 8080, 8080, None, "sg-alb"), False),
    ],
)
def test_a_group_reference_lets_its_members_in(rule: Rule, allowed: bool) -> None:
    assert admits(["sg-1"], BALANCER, 80, known(group(rule))).allowed is allowed


def test_members_of_a_group_that_names_itself_reach_each_other() -> None:
    default = SecurityGroup("sg-d", "default", "vpc-1", (Rule("-1", group="sg-d"),), default=True)
    assert admits(["sg-d"], Source("a task", ("10.0.0.4",), ("sg-d",)), 8080, known(default)).allowed
    assert not admits(["sg-d"], INTERNET, 8080, known(default)).allowed


def test_a_new_group_lets_nothing_in_and_the_refusal_names_the_missing_rule() -> None:
    answer = admits(["sg-1"], INTERNET, 80, known(group()))
    assert answer.reason == "Security group sg-1 (web) has no inbound rule that lets TCP port 80 in from your address."


def test_a_refusal_names_the_sources_that_do_pass() -> None:
    balancers = SecurityGroup("sg-alb", "alb", "vpc-1")
    answer = admits(["sg-1"], BALANCER, 80, known(group(Rule("tcp", 80, 80, "10.1.0.0/16")), balancers))
    assert "from the load balancer Demo (security group sg-alb (alb))" in answer.reason
    assert answer.reason.endswith("It lets that port in only from 10.1.0.0/16.")


def test_without_any_group_nothing_filters() -> None:
    assert admits([], INTERNET, 80, {}).allowed


def test_a_group_that_was_deleted_lets_nothing_in() -> None:
    assert not admits(["sg-gone"], INTERNET, 80, {}).allowed


def test_an_internal_load_balancer_is_out_of_reach_whatever_its_groups_say() -> None:
    web = group(Rule("tcp", 80, 80, "0.0.0.0/0"))
    assert listener_open(["sg-1"], 80, known(web)).allowed
    answer = listener_open(["sg-1"], 80, known(web), internal=True, name="Inner")
    assert not answer.allowed
    assert "internal" in answer.reason


@pytest.mark.parametrize(
    ("route", "endpoints", "public", "allowed"),
    [
        ("internet-gateway", frozenset(), True, True),
        ("internet-gateway", frozenset(), False, False),
        ("nat", frozenset(), False, True),
        ("none", frozenset(), False, False),
        ("none", frozenset(), True, False),
        ("none", frozenset({"ecr.api", "ecr.dkr", "s3"}), False, True),
        ("none", frozenset({"ecr.api", "ecr.dkr"}), False, False),
    ],
)
def test_an_image_is_pulled_where_a_route_leads_out(
    route: str, endpoints: frozenset[str], public: bool, allowed: bool
) -> None:
    subnet = Subnet("subnet-1", "vpc-1", "us-east-1a", "10.0.0.0/24", route, endpoints)  # type: ignore[arg-type]
    answer = can_pull(subnet, public)
    assert answer.allowed is allowed
    assert allowed or "subnet-1" in answer.reason


rules = st.builds(
    Rule,
    st.sampled_from(["tcp", "udp", "-1"]),
    st.integers(0, 300),
    st.integers(0, 300),
    st.none() | st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "172.31.0.0/16", "127.0.0.1/32"]),
    st.none() | st.sampled_from(["sg-alb", "sg-1"]),
)


@given(st.lists(rules), rules, st.integers(0, 300), st.sampled_from([INTERNET, BALANCER]))
def test_a_further_rule_never_closes_what_was_open(some: list[Rule], more: Rule, port: int, source: Source) -> None:
    before = admits(["sg-1"], source, port, known(group(*some)))
    after = admits(["sg-1"], source, port, known(group(*some, more)))
    assert after.allowed or not before.allowed
    assert after.allowed == (before.allowed or rule_admits(more, source, port))
    assert bool(after.reason) is not after.allowed


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_every_block_that_holds_all_addresses_holds_the_learner(address: int, prefix: int) -> None:
    from ipaddress import IPv4Network

    block = IPv4Network((address, prefix), strict=False)
    if prefix == 0 or block.supernet_of(IPv4Network("127.0.0.1/32")):
        assert holds_learner(str(block))
