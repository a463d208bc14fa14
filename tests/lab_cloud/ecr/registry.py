"""Plain HTTP to the registry, and images to push, for tests."""

import base64
import gzip
import hashlib
import http.client
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.stage import RunningCloud

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        return str(self.json["errors"][0]["code"])


@dataclass
class Registry:
    """A client of ``/v2/`` with a token."""

    cloud: RunningCloud
    password: str = ""
    user: str = "AWS"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.password:
            self.password = login(self.cloud.client("ecr"))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.cloud.state['port']}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        sent = {"Authorization": f"Basic {secret}", **self.headers}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return plain(self.cloud, method, path, body, sent)

    def push_blob(self, name: str, data: bytes) -> str:
        digest = digest_of(data)
        started = self.ask("POST", f"/v2/{name}/blobs/uploads/")
        assert started.status == 202, started.body
        done = self.ask("PUT", f"{started.headers['location']}?digest={digest}", data)
        assert done.status == 201, done.body
        return digest

    def push(self, name: str, image: "Picture", tag: str) -> str:
        for blob in (image.config, *image.layers):
            self.push_blob(name, blob)
        done = self.ask("PUT", f"/v2/{name}/manifests/{tag}", image.manifest, Content_Type=OCI)
        assert done.status == 201, done.body
        return done.headers["docker-content-digest"]


def plain(cloud: RunningCloud, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.state["port"], timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, found, answer.read())
    finally:
        connection.close()


def login(ecr: Any) -> str:
    data = ecr.get_authorization_token()["authorizationData"][0]
    return base64.b64decode(data["authorizationToken"]).decode().partition(":")[2]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass
class Picture:
    """An image in memory."""

    config: bytes
    layers: list[bytes]
    manifest: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.manifest)


def layer(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o755
            archive.addfile(member, io.BytesIO(data))
    return gzip.compress(buffer.getvalue(), mtime=0)


def picture(*layers: bytes, cmd: list[str] | None = None, **more: Any) -> Picture:
    """An image of these layers; `more` goes into its manifest."""
    diffs = [digest_of(gzip.decompress(each)) for each in layers]
    config = json.dumps(
        {
            "architecture": "amd64", "os": "linux", "config": {"Cmd": cmd or ["python", "-c", "print('hello')"]},
            "rootfs": {"type": "layers", "diff_ids": diffs},
        }
    ).encode()  # fmt: skip
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
        "layers": [{"mediaType": LAYER, "digest": digest_of(each), "size": len(each)} for each in layers],
        **more,
    }
    return Picture(config, list(layers), json.dumps(manifest).encode())


def small(text: str = "x", **more: Any) -> Picture:
    """An image whose one file holds a text."""
    return picture(layer({"text": text.encode()}), **more)
