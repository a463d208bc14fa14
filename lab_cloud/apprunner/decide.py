"""What happens next to a service: a pure function of what is and of the time.

A deployment pulls the image, starts instances of the new release beside the old ones, waits until all of them pass
their health check, and then gives them all traffic at once; the old ones finish what they have begun. A deployment that
fails leaves the old release where it is.

References
----------
https://docs.aws.amazon.com/apprunner/latest/dg/manage-deploy.html
https://docs.aws.amazon.com/apprunner/latest/dg/manage-autoscaling.html
"""

from dataclasses import dataclass

DEPLOYING = ("CREATE_SERVICE", "UPDATE_SERVICE", "START_DEPLOYMENT", "RESUME_SERVICE")
ENDING = ("PAUSE_SERVICE", "DELETE_SERVICE")


@dataclass(frozen=True)
class InstanceView:
    """One instance.

    Parameters
    ----------
    id : str
        Its id.
    release : int
        The release that it runs.
    state : str
        ``starting``, ``unready`` (it runs, and no health check has passed yet), ``ready``, ``unhealthy`` or ``ended``.
    draining : bool
        Whether it only finishes what it has begun.
    overdue : bool
        Whether it has had all the time that it gets for that.
    in_flight : int
        Requests that it is answering.
    """

    id: str
    release: int
    state: str
    draining: bool = False
    overdue: bool = False
    in_flight: int = 0


@dataclass(frozen=True)
class ServiceView:
    """A service.

    Parameters
    ----------
    operation : str
        The type of the operation in progress; empty when there is none.
    deploys : bool
        Whether that operation needs new instances.
    pull : str
        Of the candidate's image: empty, ``pulling``, ``pulled``, or ``failed``.
    failing : bool
        Whether the operation has failed, and what it made is being taken away.
    active, candidate : int
        The release that has the traffic, and the one that is to get it; 0 for none.
    least, most, concurrency : int
        The auto scaling configuration.
    peak : int
        The most requests at once of late.
    retry_at : float
        No instance of the active release is started before this time, after one has ended by itself.
    """

    operation: str = ""
    deploys: bool = True
    pull: str = ""
    failing: bool = False
    active: int = 0
    candidate: int = 0
    instances: tuple[InstanceView, ...] = ()
    least: int = 1
    most: int = 25
    concurrency: int = 100
    peak: int = 0
    retry_at: float = 0.0


@dataclass(frozen=True)
class Pull:
    """Pull the candidate's image."""


@dataclass(frozen=True)
class Start:
    """Start instances of a release."""

    release: int
    count: int


@dataclass(frozen=True)
class Drain:
    """Send an instance no more requests."""

    id: str


@dataclass(frozen=True)
class Stop:
    """End an instance's container, or forget one that has ended."""

    id: str


@dataclass(frozen=True)
class Route:
    """Give all traffic to the candidate: the deployment has succeeded."""


@dataclass(frozen=True)
class Fail:
    """The operation has failed; `instance` is the one to blame, if any."""

    instance: str = ""


@dataclass(frozen=True)
class Finish:
    """The operation is over."""


Action = Pull | Start | Drain | Stop | Route | Fail | Finish


def wanted(view: ServiceView) -> int:
    """How many instances the requests need: as many as keep each at or below its concurrency, within the bounds.

    >>> wanted(ServiceView(peak=150, concurrency=50, least=1, most=25))
    3
    """
    return min(max(-(-view.peak // view.concurrency), view.least), view.most)


def decide(view: ServiceView, now: float) -> list[Action]:
    """The next steps.

    Parameters
    ----------
    view : ServiceView
        What is.
    now : float
        Epoch seconds.
    """
    actions: list[Action] = []
    if view.operation in ENDING:
        kept: tuple[int, ...] = ()
        if not view.instances:
            return [Finish()]
    else:
        kept = (view.active, view.candidate)
        if view.active:
            actions += _keep(view, now)
        if view.operation:
            actions += _deploy(view)
    for one in view.instances:
        if one.state == "ended":
            if one.release != view.candidate or view.failing:  # of a candidate it is what the deployment fails of
                actions.append(Stop(one.id))
        elif one.draining:
            if one.overdue or (not one.in_flight and one.state != "starting"):
                actions.append(Stop(one.id))
        elif one.release not in kept:
            actions.append(Drain(one.id))
    return actions


def _deploy(view: ServiceView) -> list[Action]:
    if view.failing:
        return [] if any(one.release != view.active for one in view.instances) else [Finish()]
    if not view.deploys:
        return [Finish()]
    if view.pull in ("", "pulling"):
        return [] if view.pull else [Pull()]
    if view.pull == "failed":
        return [Fail()]
    made = [one for one in view.instances if one.release == view.candidate]
    for one in made:
        if one.state in ("ended", "unhealthy"):
            return [Fail(one.id)]
    count = wanted(view)
    if len(made) < count:
        return [Start(view.candidate, count - len(made))]
    return [Route()] if all(one.state == "ready" for one in made) else []


def _keep(view: ServiceView, now: float) -> list[Action]:
    """Keep as many healthy instances of the active release as the requests need."""
    actions: list[Action] = []
    mine = [one for one in view.instances if one.release == view.active and not one.draining and one.state != "ended"]
    fit = [one for one in mine if one.state != "unhealthy"]
    count = wanted(view)
    if len(fit) < count and now >= view.retry_at:
        actions.append(Start(view.active, count - len(fit)))
    if len([one for one in fit if one.state == "ready"]) >= count:
        actions += [Drain(one.id) for one in mine if one.state == "unhealthy"]  # its replacement serves
    surplus = len(fit) - count
    if surplus > 0:
        ranked = sorted(enumerate(fit), key=lambda pair: (pair[1].state == "ready", pair[1].in_flight, -pair[0]))
        actions += [Drain(one.id) for _place, one in ranked[:surplus]]
    return actions
