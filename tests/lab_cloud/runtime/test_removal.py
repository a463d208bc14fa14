from pathlib import Path

from lab_cloud.runtime.removal import prune, remove
from tests.lab_cloud.runtime.build.making import Bench


def test_only_what_nothing_needs_goes(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.file("shared", "s")
    bench.file("own", "o" * 1000)
    one = bench.build("FROM scratch\nCOPY shared /\nCOPY own /\n", "one:1", "one:2")
    two = bench.build("FROM scratch\nCOPY shared /\n", "two:1")
    shared, own = (step.layer for step in one.steps if step.layer)
    assert remove(bench.store, "docker.io/library/one:1") == 0  # it has another name
    assert bench.store.has(one.digest)
    with bench.store.building():
        assert remove(bench.store, "docker.io/library/nothing:1") == 0
    kept = bench.builder.cache.layers()
    assert remove(bench.store, "docker.io/library/one:2", kept) > 0
    assert not bench.store.has(one.digest)
    assert bench.store.has(own)  # the cache still has it
    bench.builder.cache.clear()
    bench.build("FROM scratch\nCOPY shared /\nCOPY own /\n", "one:3")
    assert remove(bench.store, "docker.io/library/one:3") > 1000
    assert not bench.store.has(own)
    assert bench.store.has(shared)
    assert bench.catalog.pull("two:1").digest == two.digest


def test_during_a_build_only_the_name_goes(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.file("a", "a")
    built = bench.build("FROM scratch\nCOPY a /\n", "a:1")
    with bench.store.building():
        assert remove(bench.store, "docker.io/library/a:1") == 0
    assert bench.store.has(built.digest)
    assert bench.store.names() == {}


def test_prune_keeps_what_has_a_name(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.file("a", "a")
    bench.file("b", "b" * 1000)
    kept = bench.build("FROM scratch\nCOPY a /\n", "kept:1")
    gone = bench.build("FROM scratch\nCOPY a /\nCOPY b /\n")
    for name in ("kept:1", bench.tag(gone, "gone:1")):
        bench.store.root(bench.catalog.pull(name))
    bench.store.untag("docker.io/library/gone:1")
    with bench.store.building():
        assert prune(bench.store) == 0
    assert prune(bench.store) > 1000
    assert not bench.store.has(gone.digest)
    image = bench.catalog.pull("kept:1")
    assert image.digest == kept.digest
    assert [path.name for path in (bench.store.folder / "unpacked").iterdir()] == [kept.digest.partition(":")[2]]
    assert prune(bench.store) == 0
