"""The backend `aws`: a real account. Nothing is made in it until the learner has said yes."""

import os
from collections.abc import Callable
from typing import Any

from .. import kinds_apprunner
from ..address import Url
from ..elsewhere import Elsewhere, dns_name
from ..errors import BackendError, LabError, NotConfirmed, NotFound
from .guard import Guard, reads

ALWAYS_TLS = (".awsapprunner.com", ".on.aws")
YES = "yes"


class Aws(Elsewhere):
    """A real account.

    Parameters
    ----------
    cost : float, optional
        What the lab costs while its things are there, in US dollars an hour.
    confirm : str
        The learner's yes, where nobody types: ``yes`` or the account's number; empty when it was not given.
    """

    name = "aws"
    delay: float | None = None
    speed = 1.0

    def __init__(self, cost: float | None = None, confirm: str = "") -> None:
        self.cost = cost
        self.confirm = confirm
        self.guard = Guard()
        self._session: Any = None
        self._who: dict[str, str] = {}
        self._region = ""
        self._yes_for = ("", "")

    @property
    def confirmed(self) -> bool:
        """Whether the learner has said yes to this account and region."""
        return bool(self._region) and self._yes_for == (self._who.get("Account"), self._region)

    def start(self, speed: float | None) -> str:
        """Show account, region, identity and cost, and ask.

        Raises
        ------
        BackendError
            When AWS does not know you, or no region is set.
        NotConfirmed
            When the answer is not yes; nothing was made.
        """
        import botocore.exceptions

        if speed is not None:
            raise BackendError("AWS has its own speed.", "Call lab.start() without one.")
        try:
            session = self.session(lambda **_: None)
            if not session.region_name:
                raise BackendError("No region is set.", "Set AWS_REGION, for example to us-east-1.")
            self._who = session.client("sts").get_caller_identity()
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            raise BackendError(
                f"AWS does not know you: {error}", "Sign in first: aws configure, or aws sso login."
            ) from error
        self._session, self._region = session, session.region_name
        if not self.confirmed:
            print("\n".join(self.banner()))
            self._ask()
        self.guard.forget()
        return ""

    def client(self, service: str, hook: Callable[..., Any]) -> Any:
        """A client of your own AWS configuration, as it was at the start."""
        if self._session is None:
            self._session = self.session(lambda **_: None)
        client = self._session.client(service)
        client.meta.events.register("provide-client-params", hook)
        return client

    def session(self, hook: Callable[..., Any]) -> Any:
        """A session of your own AWS configuration: it only reads until you have confirmed, and then obeys the guard."""
        import boto3
        import botocore.session

        core = botocore.session.Session()
        core.register("provide-client-params", self._only_reads_before_yes)
        core.register("provide-client-params", hook)
        # After the hooks above, so that it sees the tags that they have added.
        core.register("before-parameter-build", self._judge)
        core.register("after-call", self.guard.count)
        # boto3 itself reads only AWS_DEFAULT_REGION; the other tools of AWS read AWS_REGION.
        return boto3.Session(botocore_session=core, region_name=os.environ.get("AWS_REGION"))

    def url(self, name: str) -> Url:
        """The load balancer's DNS name, an App Runner service's, or the endpoint of an Express service."""
        try:
            host = dns_name(self.client("elbv2", lambda **_: None), name.removeprefix("https://").rstrip("/"))
        except NotFound:
            host = kinds_apprunner.host_of(self.client("apprunner", lambda **_: None), name)
            if not host:
                raise
        return Url(f"{'https' if host.endswith(ALWAYS_TLS) else 'http'}://{host}")

    def describe(self) -> str:
        """Account and region."""
        return f"AWS account {self._who.get('Account', '')}, region {self._region}"

    def banner(self) -> list[str]:
        """What must be known before the yes: whose account, where, as whom, and what it costs."""
        lab = "unknown" if self.cost is None else f"about {self.cost:.2f} US dollars an hour while its things are there"
        lines = [
            f"This lab will make things in a real account: {self.describe()}.",
            f"  identity      {self._who.get('Arn', '')}",
            f"  this lab      {lab} (an estimate)",
            f"  there now     {self._standing()}",
            "  at the end    lab.teardown() deletes what the labs have made; lab.teardown(dry_run=True) shows it first",
        ]
        if self._who.get("Arn", "").endswith(":root"):
            lines.append("  warning       you are signed in as root, which AWS advises against: use a role or a user")
        return lines

    def _standing(self) -> str:
        """What everything in the account and region costs now, the labs' and other things."""
        from ..costs_found import existing

        try:
            found = existing(lambda service: self.client(service, lambda **_: None))
        except Exception as error:  # an estimate that cannot be made must not hide the question
            return f"unknown ({type(error).__name__})"
        more = f"; not counted: {', '.join((*found.unpriced, *found.unseen))}" if found.unpriced or found.unseen else ""
        return f"about {found.hourly:.2f} US dollars an hour for all that is in this region (an estimate{more})"

    def _ask(self) -> None:
        account = self._who["Account"]
        answer = self.confirm or os.environ.get("LAB_CONFIRM", "")
        remedy = f"To go on, run lab.start() again and type yes, or set LAB_CONFIRM={account}."
        if not answer:
            try:
                answer = input("Type yes, or the number of the account, to go on: ").strip()
            except Exception as error:  # no keyboard: each front end raises its own error
                raise NotConfirmed("Nothing was made: nobody is here to say yes.", remedy) from error
        if answer.isdigit() and answer != account:
            raise NotConfirmed(f"Nothing was made: you said yes to account {answer}, and this is {account}.", remedy)
        if answer.lower() not in (YES, account):
            raise NotConfirmed("Nothing was made.", remedy)
        self._yes_for = (account, self._region)

    def _only_reads_before_yes(self, model: Any, **_: Any) -> None:
        if not self.confirmed and not reads(model.name):
            raise NotConfirmed(
                f"{model.name} would change your AWS account, and you have not confirmed.", "Run lab.start() first."
            )

    def _judge(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        refusal: LabError | None = self.guard.judge(model, params)
        if refusal is not None:
            raise refusal
