"""Amazon ECR put together: the API, the HTTP registry, and what runs behind them."""

from pathlib import Path

from ..world import World
from . import access
from .api import EcrApi
from .blobs import BlobStore
from .door import RegistryDoor
from .image import Image
from .images import Images
from .pulling import Pulling
from .repository import Repository
from .store import Store
from .tokens import Tokens


class Ecr:
    """All parts of ECR.

    Parameters
    ----------
    world : World
        The lock, the time, and the workers.
    folder : Path
        The folder `.lab/`.
    host : str
        The registry's address, for example ``127.0.0.1:4566``.
    region : str
        The region of callers without a token, under ``LAB_AUTH=off``.
    check_tokens : bool
        False only under ``LAB_AUTH=off``.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        host: str,
        *,
        region: str,
        check_tokens: bool,
    ) -> None:
        self._world = world
        self.store = Store()
        self.blobs = BlobStore(folder / "ecr")
        tokens = Tokens()
        images = Images(self.store, self.blobs, world.clock, self._pushed)
        self.api = EcrApi(self.store, images, tokens, world.lock, world.clock, host, access.principal_of)
        self.pulling = Pulling(self.store, images, tokens, world.lock, world.clock, host)
        self.door = RegistryDoor(
            self.store,
            images,
            tokens,
            world.lock,
            world.clock,
            host,
            world.wake,
            check_tokens=check_tokens,
            region=region,
        )

    def _pushed(self, repository: Repository, image: Image) -> None:
        """A new image is there."""

    def reset(self) -> None:
        """Forget everything; the blobs are swept."""
        self.store.registries.clear()

    def close(self) -> None:
        """Let go of the threads."""
        self.door.close()
