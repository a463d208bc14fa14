"""All that EKS knows, by region, and the look-ups that raise AWS's errors."""

from dataclasses import dataclass, field

from ..errors import AwsError
from .cluster import ACTIVE, Cluster


@dataclass
class Region:
    """EKS in one region."""

    name: str
    clusters: dict[str, Cluster] = field(default_factory=dict)

    def find(self, name: str) -> Cluster:
        """A cluster.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException``.
        """
        found = self.clusters.get(name)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"No cluster found for name: {name}.", clusterName=name)
        return found

    def usable(self, name: str) -> Cluster:
        """A cluster that can be changed now.

        Raises
        ------
        AwsError
            ``ResourceNotFoundException``, ``ResourceInUseException``.
        """
        found = self.find(name)
        if found.status != ACTIVE:
            message = f"Cluster {name} is {found.status}: wait until it is ACTIVE, and try again."
            raise AwsError("ResourceInUseException", message, clusterName=name)
        return found


@dataclass
class Store:
    """EKS in all regions."""

    regions: dict[str, Region] = field(default_factory=dict)

    def region(self, name: str) -> Region:
        """One region, made when first asked for."""
        return self.regions.setdefault(name, Region(name))

    def clusters(self) -> list[Cluster]:
        """The clusters of all regions."""
        return [each for region in self.regions.values() for each in region.clusters.values()]
