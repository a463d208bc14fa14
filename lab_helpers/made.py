"""What the labs have made on this machine and not in the account: containers by themselves, images, named volumes.

Images and volumes outlive the cloud, so their names are kept in `.lab/made.json`. Containers carry a label.
"""

import contextlib
from collections.abc import Collection, Sequence

from . import home
from .containers import Containers
from .errors import LabError
from .images import Images
from .inventory import Thing
from .store import Store
from .table import short

KINDS = ("container", "volume", "image")
"""In the order in which they can be removed."""


class Made:
    """Knows which lab has made which of these.

    Parameters
    ----------
    lab : int
        The lab in whose name new ones are noted.
    """

    def __init__(self, lab: int) -> None:
        self._lab = lab
        self._store = Store(home.home() / "made.json")

    def note(self, kind: str, name: str) -> None:
        """Something is about to be made, or was made."""
        content = self._store.read()
        kept = content.get(kind, {})
        if kept.get(name) != self._lab:
            self._store.write({**content, kind: {**kept, name: self._lab}})

    def find(self, labs: Collection[int] | None = None) -> list[Thing]:
        """What is there of those labs; of all labs when none are given."""
        content = self._store.read()
        things: list[Thing] = []
        if content.get("container"):
            things += [
                Thing("container", each.name, each.id, int(number))
                for each in Containers().ps()
                if (number := each.labels.get("lab", "")).isdigit()
            ]
        for kind, there in (("volume", Containers().volumes), ("image", _image_names)):
            kept = content.get(kind) or {}
            here = set(there()) if kept else set()
            things += [Thing(kind, short(name), name, int(lab)) for name, lab in sorted(kept.items()) if name in here]
        return [thing for thing in things if labs is None or thing.lab in labs]

    def delete(self, things: Sequence[Thing]) -> None:
        """Remove what `find` has found, and forget it."""
        for thing in sorted((each for each in things if each.kind in KINDS), key=lambda each: KINDS.index(each.kind)):
            with contextlib.suppress(LabError):  # gone already; whoever looks again sees what is left
                if thing.kind == "container":
                    Containers().get(thing.id).rm(force=True)
                elif thing.kind == "volume":
                    Containers().remove_volume(thing.id)
                else:
                    Images().remove(thing.id)
        content = self._store.read()
        gone = {(thing.kind, thing.id) for thing in things}
        left = {
            kind: {name: lab for name, lab in kept.items() if (kind, name) not in gone}
            for kind, kept in content.items()
        }
        if left != content:
            self._store.write(left)


def _image_names() -> list[str]:
    return [image.name for image in Images().list()]
