"""Amazon ECS, as its clients see it."""

from ..clock import Clock
from .agents import Agents
from .capacity_api import CapacityOperations
from .clusters_api import ClusterOperations
from .definitions_api import DefinitionOperations
from .deployments_api import DeploymentOperations
from .exec_api import ExecOperations
from .exec_door import ExecDoor
from .express.api import Express
from .express.surroundings import Surroundings
from .express_api import ExpressOperations
from .instances_api import InstanceOperations
from .outside import AutoScaling, Hosts, LoadBalancing, Networks, Registries
from .protection_api import ProtectionOperations
from .refused import REFUSED
from .roles import Roles
from .services_api import ServiceOperations
from .settings_api import SettingOperations
from .store import Store
from .tags_api import TagOperations
from .tasks_api import TaskOperations


class EcsApi(
    ClusterOperations,
    CapacityOperations,
    DefinitionOperations,
    TaskOperations,
    ExecOperations,
    ServiceOperations,
    DeploymentOperations,
    TagOperations,
    ProtectionOperations,
    SettingOperations,
    InstanceOperations,
    ExpressOperations,
):
    """All operations of ECS that the embedded cloud has; those in `refused` answer ``UnsupportedOperation``.

    Parameters
    ----------
    store : Store
        What ECS knows.
    clock : Clock
        The time.
    networks : Networks
        Where tasks get their interfaces.
    load_balancing : LoadBalancing
        Where services find target groups.
    auto_scaling : AutoScaling
        Where capacity providers find Auto Scaling groups.
    hosts : Hosts
        Where container instances find EC2 instances.
    agents : Agents
        What lets instances join.
    registries : Registries
        What knows the images of ECR.
    surroundings : Surroundings
        What Express Mode makes around its services.
    roles : Roles
        What knows the roles of tasks.
    exec_door : ExecDoor
        Where sessions of ECS Exec are opened.
    """

    refused = REFUSED

    def __init__(
        self,
        store: Store,
        clock: Clock,
        networks: Networks,
        load_balancing: LoadBalancing,
        auto_scaling: AutoScaling,
        hosts: Hosts,
        agents: Agents,
        registries: Registries,
        surroundings: Surroundings,
        roles: Roles,
        exec_door: ExecDoor,
    ) -> None:
        self._store = store
        self._clock = clock
        self._networks = networks
        self._load_balancing = load_balancing
        self._auto_scaling = auto_scaling
        self._hosts = hosts
        self._agents = agents
        self._registries = registries
        self._roles = roles
        self._exec = exec_door
        self._express = self.express = Express(store, clock, networks, surroundings, self, roles)
