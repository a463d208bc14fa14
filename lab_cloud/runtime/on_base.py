"""What a container engine builds an image from whose base is empty in the store: the engine's base, and its files."""

import io
import tarfile
from pathlib import Path

from lab_cloud.runtime.images import Store
from lab_cloud.runtime.spec import Image


def write_context(store: Store, image: Image, base: str, file: Path) -> None:
    """Write the build context as ``docker build`` reads it.

    Parameters
    ----------
    store : Store
        Where it is.
    image : Image
        The image.
    base : str
        The engine's image that its files come upon.
    file : Path
        Where to write.
    """
    with tarfile.open(file, "w") as context:
        root = io.BytesIO()
        with tarfile.open(fileobj=root, mode="w") as files:
            for path in sorted(store.root(image).iterdir()):
                files.add(path, path.name, filter=_owned_by_root)
        _add(context, "root.tar", root.getvalue())
        _add(context, "Dockerfile", f"FROM {base}\nADD root.tar /\n".encode())


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
