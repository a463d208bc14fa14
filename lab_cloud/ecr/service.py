"""Amazon ECR put together: the API, the HTTP registry, and what runs behind them."""

from ..core import Core
from .access import Access
from .api import EcrApi
from .blobs import BlobStore
from .cache import PullThrough
from .door import RegistryDoor
from .images import Images
from .lifecycle_reconciler import Lifecycles
from .public_api import EcrPublicApi
from .pulling import Pulling
from .scanner import Scanner
from .store import Store
from .sweeper import Sweeper
from .tokens import Tokens


class Ecr:
    """All parts of ECR.

    Parameters
    ----------
    core : Core
        Where it plugs in; its registry is at the API's own address.
    """

    def __init__(self, core: Core) -> None:
        world, host = core.world, f"127.0.0.1:{core.running.port}"
        self.store = Store()
        self.blobs = BlobStore(core.folder / "ecr")
        tokens, access = Tokens(), Access(core.authority)
        scanner = Scanner(self.store, self.blobs, world)
        images = self._images = Images(self.store, self.blobs, world.clock, scanner.pushed, access)
        self.on_tag, self.on_action, self.on_scan = images.on_tag, images.on_action, scanner.on_scan
        self.api = EcrApi(
            self.store, images, tokens, world.lock, world.clock, host, access.principal_of, core.delays, scanner
        )
        cache = PullThrough(images, world.lock, core.runtime.catalog, host)
        self.pulling = Pulling(self.store, images, cache, tokens, world.lock, world.clock, host, core.running.region)
        self.door = RegistryDoor(
            self.store,
            images,
            tokens,
            world.lock,
            world.clock,
            host,
            cache,
            world.wake,
            check_tokens=core.check_signatures,
            region=core.running.region,
        )
        self._sweeper = Sweeper(self.store, images, self.blobs, world)
        world.add(Lifecycles(self.store, images, world, core.delays))
        world.add(self._sweeper)
        core.runtime.catalog.add_remote(self.pulling.host, self.pulling)
        core.dispatcher.own("ecr", self.api)
        core.dispatcher.own("ecr-public", EcrPublicApi(core.runtime.catalog, tokens, world.clock, access.principal_of))
        core.stream_doors.append(self.door)
        core.on_reset.append(self._reset)
        core.on_close.append(self.door.close)

    def _reset(self) -> None:
        """Forget everything; the blobs are swept."""
        for repository in self.store.repositories():
            self._images.drop(repository)
        self.store.registries.clear()
        self._sweeper.soon()
