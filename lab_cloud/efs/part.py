"""EFS as a part of the cloud."""

from ..core import Core
from ..runtime.mounts import remove_folder
from .api import EfsApi
from .mounting import Mounting
from .reconciler import FileSystems
from .store import EfsStore


class Efs:
    """File systems, and the way to their files.

    Parameters
    ----------
    core : Core
        Where it plugs in.

    Attributes
    ----------
    store : EfsStore
        ``store.folder(region, id)`` is where the files of a file system are.
    mounting : Mounting
        ``mounting.mount(…)`` is the same for a client, by the rules of EFS.
    """

    def __init__(self, core: Core) -> None:
        self.store = EfsStore(core.folder / "efs")
        self.mounting = Mounting(self.store, core.authority)
        core.world.add(FileSystems(self.store, core.world, core.delays))
        core.dispatcher.own("efs", EfsApi(self.store, core.clock))
        core.on_start.append(self._clear)  # file systems live as long as the cloud that knows them
        core.on_reset.append(self._reset)
        core.on_close.append(self._clear)

    def _reset(self) -> None:
        self.store.regions.clear()
        self._clear()

    def _clear(self) -> None:
        remove_folder(self.store.root)
