"""One decision: may this principal do this to that, by these policies? Pure.

Follows https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html within one account,
without organizations: a Deny anywhere wins; a resource policy that names the caller lets it in by itself; else its
own policies must allow, and with them the permissions boundary and the session policy, where there are any.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .conditions import holds
from .document import Context, Document, Malformed, Statement, read
from .principal import Principal

IDENTITY, RESOURCE, BOUNDARY, SESSION = (
    "an identity-based policy",
    "a resource-based policy",
    "a permissions boundary",
    "a session policy",
)


@dataclass(frozen=True)
class Question:
    """What is to be decided.

    Parameters
    ----------
    principal : Principal
        Who.
    action : str
        For example ``s3:PutObject``.
    resource : str
        The ARN; ``*`` for actions without one.
    context : mapping
        Condition keys in small letters, each with its value or values.
    """

    principal: Principal
    action: str
    resource: str = "*"
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)

    def keys(self) -> Context:
        """All condition keys with their values: those of the request, and those of the principal."""
        who = self.principal
        found: dict[str, tuple[str, ...]] = {
            "aws:principaltype": (who.kind,),
            "aws:principalisawsservice": ("true" if who.kind == "Service" else "false",),
        }
        if who.kind == "Service":
            found["aws:principalservicename"] = (who.arn,)
        else:
            found["aws:principalarn"], found["aws:principalaccount"] = (who.owner,), (who.account,)
        if who.kind == "User":
            found["aws:username"] = (who.arn.rpartition("/")[2],)
        for key, value in self.context.items():
            found[key.lower()] = (value,) if isinstance(value, str) else tuple(value)
        return found


@dataclass(frozen=True)
class Policies:
    """The policies that have a say, as JSON texts.

    Parameters
    ----------
    identity : tuple of str
        Of the user or role: managed, inline, and of the user's groups.
    resource : tuple of str
        Of what is asked for.
    boundary : str or None
        The permissions boundary; None when there is none.
    session : tuple of str
        Passed when the role was assumed; empty when there was none.
    """

    identity: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    boundary: str | None = None
    session: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decision:
    """What came of it.

    Parameters
    ----------
    question : Question
        What was asked.
    allowed : bool
        The answer.
    why : str
        Why not, in AWS's words; empty when allowed.
    """

    question: Question
    allowed: bool
    why: str = ""

    @property
    def message(self) -> str:
        """The sentence of AWS's AccessDenied errors."""
        who, asked = self.question.principal, self.question
        return f"User: {who.arn} is not authorized to perform: {asked.action} on resource: {asked.resource} {self.why}"


def decide(question: Question, policies: Policies) -> Decision:
    """Answer a question.

    Parameters
    ----------
    question : Question
        Who wants to do what.
    policies : Policies
        What has a say. The account's root user needs no identity policy.
    """
    keys = question.keys()
    kinds = (
        (IDENTITY, policies.identity),
        (RESOURCE, policies.resource),
        (BOUNDARY, (policies.boundary,) if policies.boundary is not None else ()),
        (SESSION, policies.session),
    )
    allows: dict[str, str] = {}
    for kind, texts in kinds:
        said = _said(texts, question, keys)
        if said == "deny":
            return Decision(question, False, f"with an explicit deny in {kind}")
        allows[kind] = said
    why = _why_not(question, policies, allows)
    return Decision(question, not why, why)


def _why_not(question: Question, policies: Policies, allows: Mapping[str, str]) -> str:
    who, action = question.principal, question.action
    if allows[RESOURCE] == "self" or who.is_root:
        return ""  # a boundary does not limit what a resource's policy gives to the caller itself
    if who.kind == "Service":
        return f"because no resource-based policy allows the {action} action"
    if not allows[IDENTITY] and allows[RESOURCE] != "role":
        return f"because no identity-based policy allows the {action} action"
    if policies.boundary is not None and not allows[BOUNDARY]:
        return f"because no permissions boundary allows the {action} action"
    if policies.session and not allows[SESSION]:
        return f"because no session policy allows the {action} action"
    return ""


def allows_somewhere(action: str, policies: Policies) -> bool:
    """Whether an action is allowed on some resource, under some conditions.

    For what is asked before the resource is known. A Deny counts that holds for every resource at all times; a
    permissions boundary must allow the action somewhere too.
    """
    boundary = (policies.boundary,) if policies.boundary is not None else ()
    wanted = (policies.identity, boundary) if boundary else (policies.identity,)
    found = [_on_action(texts, action.lower()) for texts in wanted]
    denied = any(each.effect == "Deny" and _everywhere(each) for statements in found for each in statements)
    return not denied and all(any(each.effect == "Allow" for each in statements) for statements in found)


def _on_action(texts: Iterable[str], action: str) -> list[Statement]:
    found: list[Statement] = []
    for text in texts:
        try:
            statements = read(text).statements
        except Malformed:
            continue
        found += [each for each in statements if each.actions is None or each.actions.fit(action, {})]
    return found


def _everywhere(statement: Statement) -> bool:
    return not statement.conditions and (statement.resources is None or statement.resources.fit("*", {}))


def said_by(text: str, question: Question) -> str:
    """What one policy says of a question: ``deny``, how it allows (see `Principal.named_by`), or an empty text."""
    return _said((text,), question, question.keys())


def _said(texts: Iterable[str], question: Question, keys: Context) -> str:
    best, action = "", question.action.lower()
    for text in texts:
        try:
            document = read(text)
        except Malformed:
            continue  # a service has taken in what is no policy: it says nothing
        for statement in document.statements:
            if statement.actions is not None and not statement.actions.fit(action, keys):
                continue
            named = _applies(statement, document, question, keys)
            if not named:
                continue
            if statement.effect == "Deny":
                return "deny"
            if statement.effect == "Allow" and (not best or _RANK[named] < _RANK[best]):
                best = named
    return best


_RANK = {"self": 0, "role": 1, "account": 2}


def _applies(statement: Statement, document: Document, question: Question, keys: Context) -> str:
    """How a statement on the action names the principal, when the rest of it fits too; else an empty text."""
    if statement.resources is not None and not statement.resources.fit(question.resource, keys):
        return ""
    named = "self"
    if statement.principals is not None:
        named = question.principal.named_by(statement.principals)
    if not named or not all(holds(each, keys, variables=document.variables) for each in statement.conditions):
        return ""
    return named
