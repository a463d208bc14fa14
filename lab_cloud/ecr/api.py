"""Amazon ECR, as its clients see it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from ..clock import Clock
from ..delays import Delays
from ..iam.principal import Principal
from .cache_api import CacheOperations
from .images import Images
from .images_api import ImageOperations
from .layers_api import LayerOperations
from .lifecycle_api import LifecycleOperations
from .policies_api import PolicyOperations
from .registry_api import RegistryOperations
from .repositories_api import RepositoryOperations
from .scanner import Scanner
from .scanning_api import ScanningOperations
from .store import Store
from .tokens import Tokens


class EcrApi(
    RepositoryOperations,
    LayerOperations,
    ImageOperations,
    PolicyOperations,
    LifecycleOperations,
    ScanningOperations,
    RegistryOperations,
    CacheOperations,
):
    """All operations of ECR.

    Parameters
    ----------
    store : Store
        What ECR knows.
    images : Images
        What is done to repositories.
    tokens : Tokens
        Passwords and addresses.
    lock : RLock
        The world's; for what is called without it.
    clock : Clock
        The time.
    host : str
        The registry's address, for example ``127.0.0.1:4566``.
    principal_of : callable
        From an access key to whose it is.
    delays : Delays
        How long AWS's own steps take.
    scanner : Scanner
        What scans images.
    """

    UNLOCKED = frozenset({"UploadLayerPart"})
    """Operations that take the world's lock themselves, since they do slow work."""

    def __init__(
        self,
        store: Store,
        images: Images,
        tokens: Tokens,
        lock: AbstractContextManager[Any],
        clock: Clock,
        host: str,
        principal_of: Callable[[str], Principal],
        delays: Delays,
        scanner: Scanner,
    ) -> None:
        self._store = store
        self._images = images
        self._tokens = tokens
        self._lock = lock
        self._clock = clock
        self._host = host
        self._principal_of = principal_of
        self._delays = delays
        self._scanner = scanner
