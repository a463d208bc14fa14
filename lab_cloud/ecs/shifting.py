"""Shifts the traffic of canary deployments: observe, ask `canary.decide`, apply.

An alarm that rings already when a deployment begins is not watched, so that a deployment can mend what it rings for.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
"""

from dataclasses import replace

from ..world import World
from . import canary
from .outside import AlarmStates, LoadBalancing
from .scheduler import Decision, ServiceView, Stop, decide
from .service import Deployment, Service
from .store import Region


class Shifting:
    """What a canary deployment does beside starting and stopping tasks.

    Parameters
    ----------
    world : World
        The time.
    load_balancing : LoadBalancing
        Whose rules have weights.
    alarms : AlarmStates
        What stops a deployment.
    """

    def __init__(self, world: World, load_balancing: LoadBalancing, alarms: AlarmStates) -> None:
        self._world = world
        self._load_balancing = load_balancing
        self._alarms = alarms

    def step(self, region: Region, service: Service, *, ready: bool, now: float) -> tuple[str, ...]:
        """Move the primary deployment on.

        Parameters
        ----------
        region, service
            Whose.
        ready : bool
            Whether all its tasks are there and healthy.
        now : float
            Epoch seconds.

        Returns
        -------
        tuple of str
            The alarms for which it is to be rolled back; none as long as all is well.
        """
        deployment, shift = service.primary, canary.Shift.of(service.configuration)
        if deployment.rollout == "FAILED":
            return ()  # it failed, and nobody asked to roll back: it stays as it is
        ringing = self._ringing(region, service)
        if not deployment.stage:
            deployment.unwatched = bool(ringing)
            if ringing:
                told = f"(deployment {deployment.id}) alarms are not watched: {', '.join(ringing)} rang already."
                service.tell(told, now)
        elapsed = (now - deployment.stage_since) / self._world.clock.real(1.0)
        view = canary.View(deployment.stage, elapsed, deployment.percent, ready)
        if not deployment.unwatched:
            view = replace(view, ringing=ringing, clear=self._clear(region, service, shift))
        step = canary.decide(view, shift)
        if step.alarms:
            deployment.ringing = step.alarms
            return step.alarms
        if step.percent != deployment.percent:
            service.tell(f"(deployment {deployment.id}) gets {step.percent:g} % of the traffic.", now)
        if step.stage != deployment.stage:
            deployment.stage, deployment.stage_since, deployment.updated_at = step.stage, now, now
            self._world.wake()
        deployment.percent = step.percent
        if step.due is not None:
            self._world.wake_at(now + self._world.clock.real(step.due))
        return ()

    def weigh(self, region: Region, service: Service, now: float) -> None:
        """Let the listener rules give each revision its share."""
        if not service.canary:
            return
        primary, before = service.primary, service.shifting_from
        old, new = canary.weights(primary.percent if before is not None else canary.WHOLE)
        for balancer in primary.load_balancers:
            advanced = balancer["advancedConfiguration"]
            first, second = (old, new) if primary.alternate else (new, old)
            wanted = {balancer["targetGroupArn"]: first, advanced["alternateTargetGroupArn"]: second}
            rule = advanced["productionListenerRule"]
            if service.weights.get(rule) == wanted:
                continue
            service.weights[rule] = wanted
            why = self._load_balancing.weigh(region.name, rule, wanted)
            if why:
                service.tell(f"was unable to shift traffic: {why}.", now)
            self._world.wake()

    def _ringing(self, region: Region, service: Service) -> tuple[str, ...]:
        return self._alarms.ringing(region.name, _watched(service))

    def _clear(self, region: Region, service: Service, shift: canary.Shift) -> bool:
        """Whether the alarms have nothing to say any more about the phase that the primary deployment is in."""
        lasts = {canary.SHIFT: shift.canary_seconds, canary.BAKE: shift.bake_seconds}.get(service.primary.stage, 0.0)
        if not lasts:
            return True
        start = service.primary.stage_since
        return self._alarms.clear(region.name, _watched(service), start, start + self._world.clock.real(lasts))


def _watched(service: Service) -> tuple[str, ...]:
    alarms = service.configuration.get("alarms") or {}
    return tuple(alarms.get("alarmNames", ())) if alarms.get("enable") else ()


def sides(
    view: ServiceView, new: Deployment, old: Deployment, now: float
) -> tuple[Decision, Decision, tuple[Stop, ...]]:
    """What the new and the old revision need while both of them run in full, and the tasks of others, which go.

    Parameters
    ----------
    view : ServiceView
        The whole service.
    new, old : Deployment
        The two revisions.
    now : float
        Epoch seconds.
    """

    def of(deployment: Deployment) -> ServiceView:
        own = tuple(task for task in view.tasks if task.deployment == deployment.id)
        known = tuple(each for each in view.deployments if each.id == deployment.id)
        if deployment is old:
            known = tuple(replace(each, in_progress=False, failed=False) for each in known)
        return replace(view, deployments=known, tasks=own, zones=())

    others = [task for task in view.tasks if task.deployment not in (new.id, old.id)]
    present = any(each.id == old.id for each in view.deployments)
    kept = decide(of(old), now) if present else Decision()
    return decide(of(new), now), kept, tuple(Stop(task.id) for task in others)
