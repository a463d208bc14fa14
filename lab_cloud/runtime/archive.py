"""An image of the store as ``docker load`` reads it; older engines cannot load an OCI layout."""

import io
import json
import tarfile
from pathlib import Path

from lab_cloud.runtime.images import Store, canonical
from lab_cloud.runtime.spec import Image


def write_docker_archive(store: Store, image: Image, name: str, file: Path) -> None:
    """Write one image.

    Parameters
    ----------
    store : Store
        Where it is.
    image : Image
        The image.
    name : str
        ``repository:tag`` that the engine will know it by.
    file : Path
        Where to write.
    """
    config = json.loads(store.read(image.digest))["config"]["digest"]
    with tarfile.open(file, "w") as archive:
        for digest in dict.fromkeys(image.layers):
            archive.add(store.path(digest), f"{digest.partition(':')[2]}.tar", recursive=False)
        _add(archive, f"{config.partition(':')[2]}.json", store.read(config))
        manifest = {
            "Config": f"{config.partition(':')[2]}.json",
            "RepoTags": [name],
            "Layers": [f"{digest.partition(':')[2]}.tar" for digest in image.layers],
        }
        _add(archive, "manifest.json", canonical([manifest]))


def write_context(store: Store, image: Image, base: str, file: Path) -> None:
    """Write what the engine builds an image from whose base is empty in the store: the real base, and its files.

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
