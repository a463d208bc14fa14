"""AWS App Runner, as its clients see it."""

from ..clock import Clock
from .connections_api import ConnectionOperations
from .domains_api import DomainOperations
from .observability_api import ObservabilityOperations
from .reconciler import Services
from .roles import Roles
from .scaling_api import ScalingOperations
from .services_api import ServiceOperations
from .store import Store
from .tags_api import TagOperations
from .vpc_api import Networks, VpcOperations


class AppRunnerApi(
    ServiceOperations,
    ScalingOperations,
    ConnectionOperations,
    VpcOperations,
    ObservabilityOperations,
    DomainOperations,
    TagOperations,
):
    """All operations of App Runner.

    Parameters
    ----------
    store : Store
        What App Runner knows.
    clock : Clock
        The time.
    services : Services
        What keeps services as they should be.
    roles : Roles
        Who may hand roles to App Runner.
    networks : Networks
        Where VPC connectors find subnets.
    host : str
        The address of the cloud's own registry.
    """

    free_text = ("sourceConfiguration.imageRepository.imageIdentifier",)

    def __init__(
        self, store: Store, clock: Clock, services: Services, roles: Roles, networks: Networks, host: str
    ) -> None:
        self._store = store
        self._clock = clock
        self._services = services
        self._roles = roles
        self._networks = networks
        self._host = host
