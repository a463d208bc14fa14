"""A build that is killed at any moment leaves the store as if it had not been."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from lab_cloud.runtime.build.builder import Builder, Request
from lab_cloud.runtime.catalog import Catalog
from lab_cloud.runtime.images import Store
from tests.lab_cloud.runtime.build.making import Bench
from tests.stage import ROOT

TEXT = """\
FROM python:3.12
COPY large /large
RUN python -c "open('/one', 'w').write('1')" && rm /large
COPY --chmod=755 large /again
CMD ["python"]
"""
CHILD = """\
import sys
from pathlib import Path
from lab_cloud.runtime.build.builder import Builder, Request
from lab_cloud.runtime.catalog import Catalog
from lab_cloud.runtime.images import Store
store = Store(Path(sys.argv[1]))
while True:
    Builder(store, Catalog(store).pull).build(
        Request(Path(sys.argv[2]), tags=("killed:1",), use_cache=False), lambda line: print(line, flush=True)
    )
"""


@pytest.mark.parametrize("lines", [1, 2, 3, 4, 5, 6, 7, 9, 11])
def test_killed(tmp_path: Path, lines: int) -> None:
    bench = Bench(tmp_path / "whole")
    bench.file("large", bytes(range(256)) * (1 << 14))
    wanted = bench.build(TEXT).digest
    images = tmp_path / "images"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(images), str(bench.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        for _ in range(lines):
            assert child.stdout.readline()
        child.kill()
        child.wait(30)
    store = Store(images)
    assert list(store.incoming.iterdir()) == []
    for blob in (images / "blobs" / "sha256").iterdir():
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    for name, manifest in store.names().items():
        store.root(store.image(name, manifest))
    again = Builder(store, Catalog(store).pull).build(Request(bench.folder))
    assert again.digest == wanted
