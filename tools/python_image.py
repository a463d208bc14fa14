"""A stand-in for the ``python`` image, made of this machine's own Python, for a container engine without a registry.

::

    python tools/python_image.py --load        into the engine that the docker runtime finds
    python tools/python_image.py | docker load

The image holds this machine's Python with its standard library, a shell, the usual small tools, and the shared
libraries that they need. It is tagged as ``python:3.12-alpine`` (or as the arguments say), although it is neither
Alpine nor, perhaps, 3.12: its label `stand-in` says so. For tests only; where a registry can be reached, pull the
real image.
"""

import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab_cloud.runtime.command import TOOLS
from lab_cloud.runtime.layers import Entry, pack

DEFAULT_TAGS = ("python:3.12-alpine",)
LEFT_OUT = {
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "site-packages",
    "dist-packages",
    "ensurepip",
}
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x[0-9a-f]+\)")


def libraries(programs: Iterable[Path]) -> dict[str, Path]:
    """The shared libraries that programs need, by the path where they look for them."""
    found: dict[str, Path] = {}
    for program in programs:
        done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
        for path in _LIBRARY.findall(done.stdout):
            found[path.lstrip("/")] = Path(path)
    return found


def files() -> dict[str, Entry]:
    """Everything that is in the image."""
    base = Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    entries = {f"usr/local/bin/{version}": _file(base, 0o755)}
    entries |= {f"usr/local/bin/{name}": Entry(link=version, mode=0o777) for name in ("python", "python3")}
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix, "base": sys.base_prefix}))
    programs = [base]
    for path in sorted(library.rglob("*")):
        inside = path.relative_to(library)
        if LEFT_OUT & set(inside.parts) or inside.parts[0].startswith("config-") or not path.is_file():
            continue
        entries[f"usr/local/lib/{version}/{inside.as_posix()}"] = _file(path)
        if path.suffix == ".so":
            programs.append(path)
    for tool in sorted(TOOLS):
        place = shutil.which(tool)
        if place is not None:
            real = Path(os.path.realpath(place))
            entries[f"bin/{tool}"] = _file(real, 0o755)
            programs.append(real)
    for name, real in libraries(programs).items():
        entries[name] = _file(real, 0o755)
    entries |= {f"usr/bin/{tool}": Entry(link=f"/bin/{tool}", mode=0o777) for tool in ("env", "sh")}
    entries["etc/passwd"] = Entry(
        data=b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n", mode=0o644
    )
    entries["etc/group"] = Entry(data=b"root:x:0:\nnogroup:x:65534:\n", mode=0o644)
    entries |= {"root": Entry(mode=0o755), "tmp": Entry(mode=0o1777)}
    return entries


def _file(path: Path, mode: int = 0o644) -> Entry:
    return Entry(data=path.read_bytes(), mode=mode)


def archive(tags: Iterable[str]) -> bytes:
    """The image as ``docker load`` reads it."""
    layer = pack(files())
    config = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"],
            "Cmd": ["python3"],
            "Labels": {
                "stand-in": f"Python {platform.python_version()} of the machine that made it, not the real image"
            },
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": list(tags), "Layers": ["layer.tar"]}]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as whole:
        for name, data in (
            ("layer.tar", layer),
            ("config.json", json.dumps(config).encode()),
            ("manifest.json", json.dumps(manifest).encode()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            whole.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def main(arguments: list[str]) -> None:
    """Write the image, or load it; further arguments are its tags."""
    tags = [word for word in arguments if word != "--load"] or list(DEFAULT_TAGS)
    if "--load" not in arguments:
        sys.stdout.buffer.write(archive(tags))
        return
    from lab_cloud.runtime.engine import connect

    api = connect()
    api.load_image(archive(tags))
    api.close()
    print(f"Loaded a stand-in for {', '.join(tags)}")


if __name__ == "__main__":
    main(sys.argv[1:])
