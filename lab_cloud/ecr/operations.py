"""What every group of ECR's operations starts from: the repository that a call is about, if its caller may."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .. import paging
from ..clock import Clock
from ..iam.principal import Principal
from ..wire import Call
from .images import Images
from .repository import Repository
from .store import Registry, Store, check_registry

T = TypeVar("T")


def page(items: Sequence[T], params: dict[str, Any], default: int = 100) -> tuple[list[T], str | None]:
    """One page by ``maxResults`` and ``nextToken``, and the token of the next."""
    size = params.get("maxResults") or default
    return paging.page(items, params.get("nextToken"), size, "InvalidParameterException")


class Operations:
    """Parts that all operations share; `EcrApi` fills them in."""

    _store: Store
    _images: Images
    _clock: Clock
    _principal_of: Callable[[str], Principal]

    def _registry(self, call: Call, params: dict[str, Any], arn: str = "*") -> Registry:
        """The region's registry, if its policy does not forbid the call."""
        check_registry(params)
        registry = self._store.registry(call.region)
        self._images.access.allow(registry, None, self._principal_of(call.access_key), call.operation, arn)
        return registry

    def _repository(self, call: Call, params: dict[str, Any]) -> Repository:
        """The repository that is named, if no policy forbids the call."""
        check_registry(params)
        registry = self._store.registry(call.region)
        repository = registry.get(params["repositoryName"])
        self._images.access.allow(
            registry, repository, self._principal_of(call.access_key), call.operation, repository.arn
        )
        return repository
