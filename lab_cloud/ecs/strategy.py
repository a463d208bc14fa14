"""Capacity provider strategies: which provider gets the next task. Pure.

Follows CapacityProviderStrategyItem of the Amazon ECS API Reference: the base is filled first, then tasks are spread by
weight; a provider of weight 0 gets only its base.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import AwsError
from . import names

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
MOST_ITEMS = 20

Strategy = Sequence[Mapping[str, Any]]


def strategy_of(asked: Strategy) -> list[dict[str, Any]]:
    """A strategy as it is kept and shown: names instead of ARNs, weights and bases filled in."""
    return [
        {
            "capacityProvider": names.last_part(item["capacityProvider"]),
            "weight": item.get("weight", 0),
            "base": item.get("base", 0),
        }
        for item in asked
    ]


def next_provider(strategy: Strategy, counts: Mapping[str, int]) -> str:
    """The provider of the next task.

    Parameters
    ----------
    strategy : sequence of dict
        Items with ``capacityProvider``, ``weight`` and ``base``; checked by `check_strategy`.
    counts : dict
        Tasks that each provider has already.
    """
    for item in strategy:
        if counts.get(_name(item), 0) < item.get("base", 0):
            return _name(item)
    weighted = [item for item in strategy if item.get("weight", 0) > 0] or strategy[:1]

    def share(item: Mapping[str, Any]) -> float:
        # how full it would be with one more; a lone provider needs no weight
        return float(counts.get(_name(item), 0) - item.get("base", 0) + 1) / (item.get("weight") or 1)

    return _name(min(weighted, key=share))


def spread(strategy: Strategy, count: int) -> list[str]:
    """The providers of this many new tasks, in the order in which they are placed; none without a strategy."""
    if not strategy:
        return [""] * count
    counts: dict[str, int] = {}
    chosen = []
    for _ in range(count):
        name = next_provider(strategy, counts)
        counts[name] = counts.get(name, 0) + 1
        chosen.append(name)
    return chosen


def is_fargate(strategy: Strategy) -> bool:
    """Whether tasks of this strategy run on Fargate."""
    return all(_name(item) in FARGATE_PROVIDERS for item in strategy)


def check_strategy(strategy: Strategy, associated: Sequence[str]) -> None:
    """Refuse a strategy that AWS refuses.

    Parameters
    ----------
    strategy : sequence of dict
        What the caller asked for.
    associated : sequence of str
        The capacity providers of the cluster.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    seen = [_name(item) for item in strategy]
    if len(seen) > MOST_ITEMS:
        raise _invalid(f"A capacity provider strategy has at most {MOST_ITEMS} capacity providers.")
    if len(set(seen)) < len(seen):
        raise _invalid("The specified capacity provider strategy names a capacity provider twice.")
    for name in seen:
        if name not in associated:
            raise _invalid(
                "The specified capacity provider strategy cannot contain a capacity provider that is not associated "
                f"with the cluster. Associate the capacity provider '{name}' with the cluster and try again."
            )
    if len({name in FARGATE_PROVIDERS for name in seen}) > 1:
        raise _invalid(
            "The specified capacity provider strategy cannot mix Fargate capacity providers with others. Name only "
            "FARGATE and FARGATE_SPOT, or only providers of Auto Scaling groups."
        )
    if sum(bool(item.get("base")) for item in strategy) > 1:
        raise _invalid("Only one capacity provider in a capacity provider strategy can have a base defined.")
    if len(seen) > 1 and not any(item.get("weight") for item in strategy):
        raise _invalid("At least one capacity provider of the strategy must have a weight greater than 0.")


def _name(item: Mapping[str, Any]) -> str:
    return str(item["capacityProvider"])


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
