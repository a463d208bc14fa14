"""Lab 12: a small system of the learner's own. The checks look at what it does, not at what its parts are called."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet, trials
from lab_helpers.exercises.solutions_12 import BILL, CLOCK, MANAGED, WEB, WORK
from lab_helpers.exercises.trials import MissingError

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab
    from lab_helpers.system import Queue, Service, Timer

BUDGET = {"Express": 120, "EKS": 240}
"""US dollars a month for the whole account, by the managed choice."""

LOOKS = 12
"""How often the bill is looked at, twice a second, before it counts as too high."""

Part = TypeVar("Part")


def web(lab: "Lab") -> "Outcome":
    """A page behind an Application Load Balancer goes on while a task is stopped."""
    found = lab.read_system().webs
    if not found:
        return NotAttempted("There is no service behind a load balancer of your own yet.")
    return _best(found, lambda one: _web(lab, one))


def _web(lab: "Lab", one: "Service") -> str:
    assert one.door is not None
    missing = []
    if one.door.kind != "Application Load Balancer":
        missing.append(f"an Application Load Balancer: yours is a {one.door.kind}")
    if not one.own:
        missing.append(f"an image of your own, from a repository in your account: it runs {', '.join(one.images)}")
    if one.desired < 2:
        missing.append("at least 2 tasks: with one, the page is away while another starts")
    elif one.running < one.desired:
        missing.append(f"{one.desired} tasks that run: {one.running} run so far; wait a moment and check again")
    if missing:
        raise MissingError(*missing)
    trials.stands_a_loss(lab, one, trials.page(lab, one.name, one.door.address, one.door.path))
    return "A task was stopped while visitors came. Each of them got an answer, and another task took its place."


def work(lab: "Lab") -> "Outcome":
    """Orders in a queue are done, also while a worker is stopped; what nobody can read is laid aside."""
    found = lab.read_system().queues
    if not found:
        return NotAttempted("There is no queue yet.")
    return _best(found, lambda one: _work(lab, one))


def _work(lab: "Lab", one: "Queue") -> str:
    if not one.grave:
        raise MissingError(f"a dead-letter queue for {one.name}: what nobody can read would come back for ever")
    return f"{trials.does_orders(lab, one)}. What nobody can read lay in {one.grave}."


def clock(lab: "Lab") -> "Outcome":
    """A schedule starts a task that ends well."""
    found = lab.read_system().timers
    if not found:
        return NotAttempted("No schedule starts a task of ECS yet.")
    return _best(found, lambda one: _clock(lab, one))


def _clock(lab: "Lab", one: "Timer") -> str:
    if not one.enabled:
        raise MissingError(f"a schedule that is turned on: {one.name} is not")
    trials.fires(lab, one)
    return f"{one.name} has started a task of {one.family}, and it has ended with exit code 0."


def managed(lab: "Lab") -> "Outcome":
    """A service of Express Mode, or a Service of a Kubernetes cluster, answers."""
    system = lab.read_system()
    if not (system.managed or system.kubernetes):
        return NotAttempted("There is no service of Express Mode yet, and no EKS cluster.")
    express = _best(system.managed, lambda one: _managed(lab, one))
    if isinstance(express, Done) or not system.kubernetes:
        return express
    return _best(system.kubernetes, lambda one: _kubernetes(lab, one))


def _managed(lab: "Lab", one: "Service") -> str:
    if one.door is None or one.running < 1:
        raise MissingError(f"a task of {one.name} that runs: wait a moment and check again; its events say more")
    trials.stands_visitors(lab, trials.page(lab, one.name, one.door.address))
    return f"{one.name} answers every visitor, and one call has made all of it."


def _kubernetes(lab: "Lab", cluster: str) -> str:
    doors = trials.kubernetes_doors(lab, cluster)
    for name, address in doors:
        trials.stands_visitors(lab, trials.page(lab, name, address))
    return f"{doors[0][0]} answers every visitor, and Kubernetes looks after its pods."


def bill(lab: "Lab") -> "Outcome":
    """The whole system is there, within the budget."""
    system = lab.read_system()
    if system.empty:
        return NotAttempted("There is nothing to pay for yet.")
    missing = [
        f"{name}: exercise {exercise}"
        for there, name, exercise in (
            (system.webs, "a web service", "12a"),
            (system.queues and system.workers, "a queue with workers", "12b"),
            (system.timers, "a schedule", "12c"),
            (system.managed or system.kubernetes, "the managed choice", "12d"),
        )
        if not there
    ]
    short = [one for one in system.services if one.running < one.desired]
    missing += [f"{one.desired} tasks of {one.name} that run: {one.running} run so far" for one in short]
    budget = BUDGET["EKS" if system.kubernetes else "Express"]
    monthly = _monthly(lab, budget)
    if monthly > budget:
        missing.append(
            f"at most {budget} USD a month: it would be {monthly:.0f}; lab.costs() shows for what. Tasks that are just "
            "ending count too, so check again in a moment"
        )
    if missing:
        return NotYet(missing=missing)
    return Done(f"Everything is there, and it stays below {budget} USD a month.")


def _monthly(lab: "Lab", enough: float) -> float:
    """The bill without what only passes by, such as a report that runs for a minute: the least of a few looks."""
    least = lab.costs().monthly
    for _ in range(LOOKS):
        if least <= enough:
            break
        time.sleep(0.5)
        least = min(least, lab.costs().monthly)
    return least


def _best(candidates: Iterable[Part], trial: Callable[[Part], str]) -> "Outcome":
    """Done when one of them passes; else what the last one lacks."""
    missing: tuple[str, ...] = ()
    for one in candidates:
        try:
            return Done(trial(one))
        except MissingError as error:
            missing = error.missing
    return NotYet(missing=missing)


EXERCISES: dict[str, Exercise] = {
    "12a": Exercise(
        id="12a",
        title="A page that does not go away",
        check=web,
        hints=(
            "It is lab 03 with an image of your own. What must be there before a service can be made?",
            "Build and push the image first (lab 08). Then: role, log group, task definition, load balancer, service.",
            "Two tasks, a target group of the type ip, and a listener on port 80. The name of the image begins with "
            "repositoryUri. The program needs QUEUE_URL in its environment, so make the queue too.",
        ),
        solution=WEB,
    ),
    "12b": Exercise(
        id="12b",
        title="Orders that are never lost",
        check=work,
        hints=(
            "A worker is a service without a load balancer. The same image can do it with another command.",
            "The queue needs a RedrivePolicy, and its VisibilityTimeout decides how soon a lost order comes back.",
            "Watch the log of the worker. It needs the permissions sqs:ReceiveMessage and sqs:DeleteMessage in its "
            "task role, and a log group that is there.",
        ),
        solution=WORK,
    ),
    "12c": Exercise(
        id="12c",
        title="Something that starts by the clock",
        check=clock,
        hints=(
            "Lab 07 has done it: a schedule does not run anything itself. It calls ECS, and needs a role for that.",
            "The role trusts scheduler.amazonaws.com. It may call ecs:RunTask, and iam:PassRole for the task's roles.",
            "rate(10 minutes) fires at once and then every ten AWS minutes. A task with exit code 1 says why in its "
            "log.",
        ),
        solution=CLOCK,
    ),
    "12d": Exercise(
        id="12d",
        title="The managed choice",
        check=managed,
        hints=(
            "Express Mode is less work than EKS. Section 6 of lab 11 has made such a service. It needs two roles, and "
            "now a task role, too.",
            "create_express_gateway_service takes primaryContainer with image, containerPort and environment.",
            "Wait with services_stable in the cluster default. The page needs a moment more.",
        ),
        solution=MANAGED,
    ),
    "12e": Exercise(
        id="12e",
        title="The bill",
        check=bill,
        hints=(
            "Sort lab.costs() in your head: what costs most? It is not the CPU.",
            "Which part may be interrupted for a moment, since its work comes back by itself?",
            "Fargate Spot is a capacity provider. update_service takes a capacityProviderStrategy, together with "
            "forceNewDeployment.",
        ),
        solution=BILL,
    ),
}
