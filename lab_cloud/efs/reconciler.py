"""Moves file systems, mount targets and access points through their states, and measures what the files hold."""

import os
from pathlib import Path

from ..delays import Delays
from ..runtime.mounts import remove_folder
from ..wire import moto_ec2
from ..world import World
from .file_system import AVAILABLE, CREATING, DELETING, EMPTY_BYTES, UPDATING, FileSystem
from .store import EfsStore, Region

MEASURED_EVERY = 5.0
"""Real seconds; AWS meters within the hour."""
BLOCK = 4096


def due(state: str, since: float, now: float, delay: float) -> bool:
    """Whether something leaves a state that does not last. Pure."""
    return state in (CREATING, UPDATING, DELETING) and now - since >= delay


class FileSystems:
    """What AWS does with them in its own time.

    Parameters
    ----------
    store : EfsStore
        What EFS knows.
    world : World
        The time, and the workers.
    delays : Delays
        How long AWS takes.
    """

    def __init__(self, store: EfsStore, world: World, delays: Delays) -> None:
        self._store = store
        self._world = world
        self._delays = delays

    def tick(self, now: float) -> None:
        """Move what is due."""
        for region in self._store.regions.values():
            self._targets(region, now)
            for point in region.points.values():
                if due(point.state, point.since, now, self._delays.real("efs.access-point")):
                    point.state = AVAILABLE
            self._systems(region, now)

    def _targets(self, region: Region, now: float) -> None:
        delay = self._delays.real("efs.mount-target")
        for target in list(region.targets.values()):
            if not due(target.state, target.since, now, delay):
                continue
            if target.state == DELETING:
                moto_ec2.delete_eni(region.name, target.interface)
                del region.targets[target.id]
            else:
                target.state = AVAILABLE

    def _systems(self, region: Region, now: float) -> None:
        delay = self._delays.real("efs.file-system")
        for system in list(region.systems.values()):
            if due(system.state, system.since, now, delay):
                if system.state == DELETING:
                    del region.systems[system.id]
                    place = self._store.place(region.name, system.id)
                    self._world.work(lambda place=place: remove_folder(place))  # type: ignore[misc]
                    continue
                system.state = AVAILABLE
            if now - system.measured >= MEASURED_EVERY:
                system.measured = now
                self._measure(region, system)

    def _measure(self, region: Region, system: FileSystem) -> None:
        place = self._store.place(region.name, system.id)

        def work() -> None:
            size = size_of(place)
            self._world.post(lambda: setattr(system, "size", size))

        self._world.work(work)


def size_of(place: Path) -> int:
    """Bytes of a folder as EFS meters them: files and folders in blocks of 4 KiB; slow."""
    total = EMPTY_BYTES
    for folder, names, files in os.walk(place):
        total += BLOCK * len(names)
        for name in files:
            try:
                size = Path(folder, name).lstat().st_size
            except OSError:
                continue  # it is gone already
            total += -(-max(size, 1) // BLOCK) * BLOCK
    return total
