from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.iam.evaluate import Policies, allows_somewhere
from lab_cloud.iam.principal import Principal

from .asking import ACCOUNT, EVENTS, ROLE, ROOT, SESSION, USER, allow, asked, deny, document, fits


@pytest.mark.parametrize(
    ("principal", "who", "applies"),
    [
        ("*", USER, True),
        ("*", EVENTS, True),
        ({"AWS": "*"}, USER, True),
        ({"AWS": "*"}, EVENTS, False),
        ({"AWS": USER.arn}, USER, True),
        ({"AWS": [ROLE, USER.arn]}, USER, True),
        ({"AWS": ROLE}, USER, False),
        ({"AWS": ROLE}, SESSION, True),
        ({"AWS": SESSION.arn}, SESSION, True),
        ({"AWS": ACCOUNT}, USER, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, USER, True),
        ({"AWS": "arn:aws:iam::210987654321:root"}, USER, False),
        ({"Service": "ecs.amazonaws.com"}, USER, False),
        ({"Service": "events.amazonaws.com"}, EVENTS, True),
        ({"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}, EVENTS, True),
    ],
)
def test_principals(principal: Any, who: Principal, applies: bool) -> None:
    assert fits({"Principal": principal}, who) == applies
    assert fits({"NotPrincipal": principal}, who) != applies


@pytest.mark.parametrize(
    ("action", "applies"),
    [
        ("*", True),
        ("s3:*", True),
        ("s3:Get*", True),
        ("s3:getobject", True),
        ("s3:GetObjec?", True),
        ("s3:Put*", False),
    ],
)
def test_actions(action: str, applies: bool) -> None:
    assert fits({"Action": action}) == applies
    assert fits({"Action": None, "NotAction": [action]}) != applies


@pytest.mark.parametrize(
    ("resource", "applies"),
    [
        ("*", True),
        ("arn:aws:s3:::photos/2026/cat.jpg", True),
        ("arn:aws:s3:::photos/*", True),
        ("arn:aws:s3:::photos", False),
        ("arn:aws:s3:::photos/2026/cat.jp?", True),
        ("arn:aws:s3:::photos/[2]026/*", False),
        ("arn:aws:s3:::${aws:username}/*", False),
        (["arn:aws:s3:::others/*", "arn:aws:s3:::photos/*"], True),
    ],
)
def test_resources(resource: Any, applies: bool) -> None:
    assert fits({"Resource": resource}) == applies
    assert fits({"Resource": None, "NotResource": resource}) != applies


def test_the_words_of_each_refusal() -> None:
    user = f"User: {USER.arn} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::photos/2026/cat.jpg "
    yes, no = document(allow()), document(deny())
    named = document({**deny(), "Principal": "*"})
    for policies, why in [
        (Policies(), "because no identity-based policy allows the s3:GetObject action"),
        (Policies((yes, no)), "with an explicit deny in an identity-based policy"),
        (Policies((yes,), (named,)), "with an explicit deny in a resource-based policy"),
        (Policies((yes,), boundary="{}"), "because no permissions boundary allows the s3:GetObject action"),
        (Policies((yes,), boundary=no), "with an explicit deny in a permissions boundary"),
        (Policies((yes,), session=("{}",)), "because no session policy allows the s3:GetObject action"),
        (Policies((yes,), session=(no,)), "with an explicit deny in a session policy"),
    ]:
        assert asked(policies).message == user + why
    assert asked(Policies((yes,), boundary=yes, session=(yes,))).allowed


def test_root_needs_no_policy_but_obeys_a_deny() -> None:
    assert asked(Policies(), ROOT).allowed
    assert not asked(Policies(resource=(document({**deny(), "Principal": "*"}),)), ROOT).allowed


def test_what_a_resource_policy_gives() -> None:
    def by(principal: Any) -> tuple[str, ...]:
        return (document({**allow(), "Principal": principal}),)

    assert asked(Policies(resource=by({"AWS": USER.arn}))).allowed
    assert asked(Policies(resource=by("*")), EVENTS).allowed
    assert asked(Policies(resource=by({"AWS": USER.arn}), boundary="{}")).allowed  # of no concern to the boundary
    assert not asked(Policies(resource=by({"AWS": ACCOUNT}))).allowed  # leaves it to the identity's own policies
    assert asked(Policies((document(allow()),), by({"AWS": ACCOUNT}))).allowed
    assert asked(Policies(resource=by({"AWS": ROLE})), SESSION).allowed
    assert not asked(Policies(resource=by({"AWS": ROLE}), boundary="{}"), SESSION).allowed
    assert asked(Policies(resource=by({"AWS": SESSION.arn}), boundary="{}"), SESSION).allowed
    why = asked(Policies(), EVENTS, "sqs:SendMessage").why
    assert why == "because no resource-based policy allows the sqs:SendMessage action"


def test_what_is_allowed_somewhere() -> None:
    def somewhere(*identity: dict[str, Any], boundary: dict[str, Any] | None = None) -> bool:
        texts = tuple(map(document, identity))
        policies = Policies(texts, boundary=document(boundary) if boundary is not None else None)
        return allows_somewhere("s3:GetObject", policies)

    tagged = {"StringEquals": {"aws:ResourceTag/team": "blue"}}
    assert somewhere(allow())
    assert somewhere({**allow(), "Condition": tagged})
    assert not somewhere({**allow(), "Action": "s3:Put*"})
    assert not somewhere(allow(), {**deny(), "Resource": "*"})
    assert somewhere(allow(), {**deny(), "Resource": "arn:aws:s3:::others/*"})
    assert somewhere(allow(), {**deny(), "Resource": "*", "Condition": tagged})
    assert somewhere(allow(), boundary=allow())
    assert not somewhere(allow(), boundary={**allow(), "Action": "sqs:*"})
    assert not allows_somewhere("s3:GetObject", Policies(("{",)))


def test_what_is_no_policy_says_nothing() -> None:
    for text in ("", "{", "[]", '"*"', '{"Statement": 3}', '{"Statement": [{"Effect": "Allow"}]}'):
        asked(Policies((text,), (text,), text, (text,)))
    assert not asked(Policies(("{",))).allowed


effects = st.sampled_from(["Allow", "Deny"])
statements = st.fixed_dictionaries(
    {
        "Effect": effects,
        "Action": st.sampled_from(["*", "s3:GetObject", "s3:Put*", ["s3:*", "sqs:*"]]),
        "Resource": st.sampled_from(
            ["*", "arn:aws:s3:::photos/*", "arn:aws:s3:::other", "arn:aws:s3:::${aws:username}"]
        ),
        "Condition": st.sampled_from([{}, {"Bool": {"aws:SecureTransport": "true"}}, {"Null": {"aws:none": "true"}}]),
    }
)
documents = st.lists(statements, max_size=4).map(lambda some: document(*some))


@given(st.lists(documents, max_size=3), documents, st.sampled_from([USER, SESSION]))
def test_a_deny_wins_and_more_policies_never_take_away_otherwise(some: list[str], one: str, who: Principal) -> None:
    before, alone = asked(Policies(tuple(some)), who), asked(Policies((one,)), who)
    both, turned = asked(Policies((*some, one)), who), asked(Policies((one, *reversed(some))), who)
    assert (both.allowed, both.why) == (turned.allowed, turned.why)
    denied = [each for each in (before, alone) if each.why.startswith("with an explicit deny")]
    assert both.allowed == ((before.allowed or alone.allowed) and not denied)


@given(documents, documents)
def test_a_boundary_only_takes_away(own: str, boundary: str) -> None:
    if asked(Policies((own,), boundary=boundary)).allowed:
        assert asked(Policies((own,))).allowed
        assert asked(Policies((boundary,))).allowed
