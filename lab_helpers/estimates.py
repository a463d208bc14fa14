"""The estimates that a `Lab` can make."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .costs import Costs


class Estimates:
    """What `Lab` says of money."""

    if TYPE_CHECKING:

        def client(self, service: str) -> Any:
            """A boto3 client."""

    def costs(self, plan: Mapping[str, Mapping[str, float]] | None = None) -> "Costs":
        """What there is in the account would cost on AWS, by the hour and by the month. An estimate.

        Parameters
        ----------
        plan : mapping, optional
            Instead of what there is: what you plan, as what it is for -> price -> how much. The names of the prices are
            those of ``data/prices.csv``.

        Returns
        -------
        Costs
            A table; ``hourly`` and ``monthly`` are the sums in US dollars, ``frame()`` is a DataFrame.

        Raises
        ------
        NotFound
            When the plan names a price that is not known.

        Examples
        --------
        >>> from lab_helpers import Lab
        >>> lab = Lab(11)
        >>> plan = {"two tasks": {"fargate.vcpu": 0.5, "fargate.gb": 1}, "their addresses": {"ipv4": 2}}
        >>> round(lab.costs(plan).monthly)
        25
        """
        from .costs import planned
        from .costs_found import existing

        return existing(self.client) if plan is None else planned(plan)
