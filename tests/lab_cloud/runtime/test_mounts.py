from pathlib import Path

import pytest

from lab_cloud.errors import CannotStart
from lab_cloud.runtime.command import Mapper
from lab_cloud.runtime.mounts import check_mounts, clear_mount_points, link_mounts
from lab_cloud.runtime.spec import Mount


def test_the_same_place_twice(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="duplicate mount point: /data"):
        check_mounts([Mount(tmp_path, "/data"), Mount(tmp_path, "/data/")])


def test_paths_are_mapped_into_the_innermost_mount(tmp_path: Path) -> None:
    outer, inner, root = tmp_path / "outer", tmp_path / "inner", tmp_path / "root"
    mapper = Mapper(root, (), (Mount(outer, "/data"), Mount(inner, "/data/in")))
    assert mapper.path("/data/new.txt") == str(outer / "new.txt")
    assert mapper.path("/data") == str(outer)
    assert mapper.path("/data/in/x") == str(inner / "x")
    assert mapper.path("/database") == "/database"
    assert mapper.script("cat /data/in/x > /data/y") == f"cat {inner / 'x'} > {outer / 'y'}"
    assert mapper.value("/data:/data/in") == f"{outer}:{inner}"


def test_a_link_hides_what_the_image_has_there(tmp_path: Path) -> None:
    root, source = tmp_path / "root", tmp_path / "source"
    (root / "srv" / "old").mkdir(parents=True)
    (source / "in").mkdir(parents=True)
    link_mounts(root, [Mount(source, "/srv"), Mount(tmp_path, "/srv/in"), Mount(source, "/deep/er")])
    assert (root / "srv").readlink() == source
    assert (source / "in").is_dir()
    assert not (source / "in").is_symlink()
    assert (root / "deep" / "er" / "in").is_dir()


def test_a_mount_point_is_not_led_elsewhere(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "data").symlink_to("etc")
    clear_mount_points(root, [Mount(tmp_path, "/data/x")])
    assert (root / "data" / "x").is_dir()
    assert not (root / "data").is_symlink()
    assert list((root / "etc").iterdir()) == []
    (root / "file").write_text("")
    with pytest.raises(CannotStart, match="the image has a file"):
        clear_mount_points(root, [Mount(tmp_path, "/file")])
