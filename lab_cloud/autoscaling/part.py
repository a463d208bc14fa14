"""EC2 Auto Scaling as a part of the cloud."""

from ..cloudwatch.part import CloudWatch
from ..core import Core
from ..elb.reconciler import Elb
from .acting import Acting
from .api import AutoScalingApi
from .collector import GroupCollector
from .neighbours import ElbTargets
from .reconciler import Groups
from .store import GroupStore

POLICIES = r"arn:aws:autoscaling:[^:]*:[^:]*:scalingPolicy:[^:]*:autoScalingGroupName/"


class Ec2AutoScaling:
    """Groups of instances.

    Parameters
    ----------
    core : Core
        Where it plugs in.
    elb : Elb
        Whose target groups instances join.
    watch : CloudWatch
        Whose alarms call policies.
    """

    def __init__(self, core: Core, elb: Elb, watch: CloudWatch) -> None:
        self.store = GroupStore()
        balancing = ElbTargets(elb.targets)
        self.acting = Acting(core.clock, self.store, watch.alarms, core.world.wake_at)
        self.groups = Groups(self.store, core.world, core.delays, balancing)
        watch.evaluation.on_action(POLICIES, self.acting.on_alarm, repeat=True)
        core.world.add(self.acting)
        core.world.add(self.groups)
        self.api = AutoScalingApi(core.clock, self.store, self.groups, self.acting, balancing, watch.alarms, watch.api)
        core.dispatcher.own("autoscaling", self.api)
        watch.sampler.add(GroupCollector(self.store, core.world.lock))
        core.on_reset.append(self.store.regions.clear)
