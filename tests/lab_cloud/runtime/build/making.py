"""A small place to build in."""

from pathlib import Path

from lab_cloud.runtime.build.builder import Builder, Request
from lab_cloud.runtime.build.files import Files
from lab_cloud.runtime.build.steps import Built
from lab_cloud.runtime.catalog import Catalog
from lab_cloud.runtime.contents import Contents, contents, plain_layers
from lab_cloud.runtime.images import Store


class Bench:
    """A store, a build context, and a builder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "context"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(folder / "images")
        self.catalog = Catalog(self.store)
        self.builder = Builder(self.store, self.catalog.pull)
        self.lines: list[str] = []

    def write(self, **files: str) -> None:
        """Write files of the context; ``__`` in a name is a slash, ``_`` a dot."""
        for name, text in files.items():
            self.file(name.replace("__", "/").replace("_", "."), text)

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def build(self, text: str = "", *tags: str, **options: object) -> Built:
        if text:
            self.file("Dockerfile", text)
        self.lines = []
        return self.builder.build(Request(self.folder, tags=tags, **options), self.lines.append)  # type: ignore[arg-type]

    def image(self, built: Built) -> Contents:
        return contents(self.store, self.store.descriptor(built.digest))

    def files(self, built: Built) -> Files:
        return Files.of(plain_layers(self.store, self.image(built)))

    def texts(self, built: Built) -> dict[str, str]:
        """Every file and link of an image with its content; folders with ``/`` at the end are left out."""
        return {
            name: f"->{entry.link}" if entry.link is not None else b"".join(entry.chunks()).decode("utf-8", "replace")
            for name, entry in self.files(built).entries.items()
            if not entry.is_folder
        }

    def config(self, built: Built) -> dict[str, object]:
        return dict(self.image(built).configuration["config"])

    def cached(self, built: Built) -> list[bool]:
        return [step.cached for step in built.steps]

    def tag(self, built: Built, name: str = "built:1") -> str:
        self.store.tag(f"docker.io/library/{name}", self.store.descriptor(built.digest), mine=True)
        return name
