"""Application Auto Scaling as a part of the cloud."""

from ..cloudwatch.part import CloudWatch
from ..core import Core
from ..ecs.part import Ecs
from .api import ScalingApi
from .neighbours import EcsServices
from .reconciler import Scaling
from .store import ScalingStore

POLICIES = r"arn:aws:autoscaling:[^:]*:[^:]*:scalingPolicy:[^:]*:resource/"


class AutoScaling:
    """What changes capacity.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    ecs : Ecs
        Whose services are scaled.
    watch : CloudWatch
        Whose alarms call policies.
    """

    def __init__(self, core: Core, ecs: Ecs, watch: CloudWatch) -> None:
        self.store = ScalingStore()
        services = {"ecs": EcsServices(ecs.store)}
        self.scaling = Scaling(core.clock, self.store, watch.alarms, services, core.world.wake_at)
        watch.evaluation.on_action(POLICIES, self.scaling.on_alarm, repeat=True)
        core.world.add(self.scaling)
        api = ScalingApi(core.clock, self.store, self.scaling, watch.alarms, watch.api, services)
        core.dispatcher.own("application-autoscaling", api)
        core.on_reset.append(self.store.regions.clear)
