"""All that App Runner knows, by region, and the look-ups that raise AWS's errors."""

from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from .resources import Connection, Ingress, Revision
from .service import Service

SCALING, OBSERVABILITY, CONNECTOR = "autoscalingconfiguration", "observabilityconfiguration", "vpcconnector"
DEFAULT = "DefaultConfiguration"
FIRST_ID = "0" * 31 + "1"
NOT_FOUND = "ResourceNotFoundException"
INVALID = "InvalidRequestException"
"""The code also for something that is not there, in operations that do not have `NOT_FOUND`."""
KEPT_SECONDS = 3600.0
"""Real seconds for which a deleted service can still be described."""


@dataclass
class Region:
    """App Runner in one region.

    Parameters
    ----------
    name : str
        For example ``us-east-1``.
    """

    name: str
    services: dict[str, Service] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)
    ingresses: dict[str, Ingress] = field(default_factory=dict)
    domains: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    default_scaling: str = ""

    def __post_init__(self) -> None:
        values = {"MaxConcurrency": 100, "MinSize": 1, "MaxSize": 25}
        first = Revision(self.name, SCALING, DEFAULT, 1, values, 0.0, FIRST_ID)
        self.revisions[first.arn] = first
        self.default_scaling = first.arn

    def service(self, arn: str, code: str = NOT_FOUND) -> Service:
        """A service, also one that has been deleted.

        Raises
        ------
        AwsError
            With this code, when there is none.
        """
        found = self.services.get(arn)
        if found is None:
            raise missing("Service", arn, code)
        return found

    def living(self) -> list[Service]:
        """The services that have not been deleted, in the order of their creation."""
        return [one for one in self.services.values() if one.status != "DELETED"]

    def of_kind(self, kind: str, *, inactive: bool = False) -> list[Revision]:
        """All revisions of a kind."""
        return [one for one in self.revisions.values() if one.kind == kind and (one.active or inactive)]

    def revision(self, kind: str, arn: str, words: str, code: str = NOT_FOUND, *, inactive: bool = False) -> Revision:
        """One revision by its ARN, or the newest by an ARN that ends with the name or the revision's number.

        Raises
        ------
        AwsError
            With this code, when there is none.
        """
        exact = self.revisions.get(arn)
        if exact is not None and exact.kind == kind and (exact.active or inactive):
            return exact
        known = self.of_kind(kind, inactive=inactive)
        for one in sorted(known, key=lambda one: -one.number):
            whole = one.arn.split("/")
            if arn in ("/".join(whole[:2]), "/".join(whole[:3])):
                return one
        raise missing(words, arn, code)

    def users_of(self, scaling: str) -> list[Service]:
        """The services with this auto scaling configuration."""
        return [one for one in self.living() if one.settings.scaling == scaling]

    def scaling_of(self, service: Service) -> Revision:
        """A service's auto scaling configuration."""
        return self.revisions[service.settings.scaling]

    def forget(self, now: float) -> None:
        """Let go of services that were deleted long ago."""
        for arn, one in list(self.services.items()):
            if one.deleted is not None and now - one.deleted > KEPT_SECONDS:
                del self.services[arn]


@dataclass
class Store:
    """App Runner in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """One region; made when it is first asked for."""
        return self.regions.setdefault(name, Region(name))

    def services(self) -> list[Service]:
        """All services that have not been deleted."""
        return [one for region in self.regions.values() for one in region.living()]


def missing(kind: str, arn: str, code: str = NOT_FOUND) -> AwsError:
    """The answer when nothing has this ARN."""
    return AwsError(code, f"{kind} with arn {arn} is not found.")


def invalid(message: str) -> AwsError:
    """The answer to input that cannot be."""
    return AwsError(INVALID, message)


def quota(message: str) -> AwsError:
    """The answer to one too many."""
    return AwsError("ServiceQuotaExceededException", message)
