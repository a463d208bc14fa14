"""Lets capacity providers act: their scaling policy and its metric, protection of busy instances, and draining.

References
----------
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-scaling-behavior.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-termination-protection.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-instance-draining.html
"""

from collections.abc import Iterator

from ..cloudwatch.metric import MetricId
from ..cloudwatch.sampler import Slices
from ..world import World
from .capacity_provider import CapacityProvider
from .container_instance import ContainerInstance
from .managed_scaling import METRIC, NAMESPACE, ProviderView, reservation, wanted
from .outside import AutoScaling, ScalingGroup
from .placement import instances_needed
from .placer import empty_instance, need_of, tasks_on
from .store import Region, Store

LONGEST_DRAINING = 48 * 3600.0
"""AWS seconds that an instance waits for its tasks at most."""


class Providers:
    """The reconciler of capacity providers, and the collector of their metric.

    Parameters
    ----------
    store : Store
        What ECS knows.
    world : World
        The lock and the time.
    scaling : AutoScaling
        The Auto Scaling groups.
    """

    def __init__(self, store: Store, world: World, scaling: AutoScaling) -> None:
        self._store = store
        self._world = world
        self._scaling = scaling

    def tick(self, now: float) -> None:
        """Keep policies and protection as the providers want them."""
        for region in self._store.regions.values():
            for provider in region.providers.values():
                if provider.group_arn:
                    self._follow(region, provider)

    def _follow(self, region: Region, provider: CapacityProvider) -> None:
        group = self._scaling.group(region.name, provider.group_arn)
        provider.groupless = group is None
        provider.launches = self._scaling.type_of(region.name, group) if group is not None else ""
        cluster = _cluster(region, provider)
        acts = provider.status == "ACTIVE" and provider.scales and bool(cluster) and group is not None
        target = provider.scaling["targetCapacity"] if acts else 0
        if group is not None and target != provider.policy_target:
            if target:
                self._scaling.put_policy(region.name, group, provider.policy, target, _dimensions(cluster, provider))
            else:
                self._scaling.delete_policy(region.name, group, provider.policy)
        provider.policy_target = target if group is not None else 0
        if group is not None and acts and provider.termination_protection == "ENABLED":
            busy = {one.host for one in _instances(region, provider) if _busy(region, one)}
            self._scaling.protect(region.name, group, {host: host in busy for host in group.serving})

    # -- managed scaling ---------------------------------------------------------------------------------------------

    def collect(self, into: Slices) -> None:
        """Put the metric of every provider that scales."""
        with self._world.lock:
            found = [
                (region.name, _dimensions(cluster, provider), reservation(view))
                for region in self._store.regions.values()
                for cluster, provider, view in self._views(region)
            ]
        for region_name, dimensions, value in found:
            into.gauge(region_name, MetricId.of(NAMESPACE, METRIC, dimensions), [value], "Percent")

    def wish(self, region_name: str, policy: str, direction: str) -> int | None:
        """The capacity that a provider's policy asks for; None for a policy that is no provider's."""
        region = self._store.region(region_name)
        for _cluster_name, provider, view in self._views(region):
            if provider.policy == policy:
                return wanted(view, direction)
        return None

    def _views(self, region: Region) -> Iterator[tuple[str, CapacityProvider, ProviderView]]:
        for provider in region.providers.values():
            cluster = _cluster(region, provider)
            group = self._scaling.group(region.name, provider.group_arn) if provider.group_arn else None
            if cluster and group is not None and provider.scales and provider.status == "ACTIVE":
                yield cluster, provider, self._view(region, cluster, provider, group)

    def _view(self, region: Region, cluster: str, provider: CapacityProvider, group: ScalingGroup) -> ProviderView:
        joined = [one for one in _instances(region, provider) if one.host in group.counted]
        waiting = [
            need_of(task.definition, task.overrides)
            for task in region.tasks.values()
            if task.capacity_provider == provider.name
            and task.cluster == cluster
            and not task.placed
            and task.desired == "RUNNING"
        ]
        return ProviderView(
            size=max(group.desired, len(group.counted)),
            busy=sum(_busy(region, one) for one in joined),
            coming=max(group.desired, len(group.counted)) - len(joined),
            waiting=instances_needed(waiting, empty_instance(provider.launches)),
            least_step=provider.scaling["minimumScalingStepSize"],
            most_step=provider.scaling["maximumScalingStepSize"],
            target=provider.scaling["targetCapacity"],
        )

    # -- managed draining --------------------------------------------------------------------------------------------

    def drains(self, region_name: str, host: str, since: float) -> bool:
        """Whether an instance that is to be terminated has to wait until its tasks have gone elsewhere."""
        region = self._store.region(region_name)
        instance = next((one for one in region.instances.values() if one.host == host and one.ended is None), None)
        if instance is None or not instance.provider or region.providers[instance.provider].draining != "ENABLED":
            return False
        if instance.status == "ACTIVE":
            instance.status, instance.version = "DRAINING", instance.version + 1
            self._world.wake()
        patient = self._world.clock.now() - since < self._world.clock.real(LONGEST_DRAINING)
        return patient and _busy(region, instance)


def _cluster(region: Region, provider: CapacityProvider) -> str:
    """The cluster that a provider is associated with; empty when there is none."""
    return next(
        (
            cluster.name
            for cluster in region.clusters.values()
            if cluster.status == "ACTIVE" and provider.name in cluster.capacity_providers
        ),
        "",
    )


def _dimensions(cluster: str, provider: CapacityProvider) -> dict[str, str]:
    return {"CapacityProviderName": provider.name, "ClusterName": cluster}


def _instances(region: Region, provider: CapacityProvider) -> list[ContainerInstance]:
    return [one for one in region.instances.values() if one.provider == provider.name and one.ended is None]


def _busy(region: Region, instance: ContainerInstance) -> bool:
    """Whether an instance runs a task that is not a daemon's."""
    for task in tasks_on(region, instance):
        service = region.services.get((task.cluster, task.service)) if task.service else None
        if service is None or service.settings["schedulingStrategy"] != "DAEMON":
            return True
    return False
