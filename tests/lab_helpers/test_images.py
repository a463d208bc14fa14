import time
from pathlib import Path

import pytest

from lab_helpers import Lab, cloud, images
from lab_helpers.errors import BackendError, BuildFailed, CloudUnavailable, ImageProblem

DOCKERFILE = """\
FROM python:3.12-alpine
COPY main.py /app/
RUN python -c "print('from the build'); open('/app/<made>', 'w')"
CMD ["python", "/app/main.py"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.py").write_text("print('hello')\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


@pytest.mark.usefixtures("cloud")
def test_build_look_and_move(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(1)
    built = lab.images.build(folder, "helped:1", args={"UNUSED": "1"})
    assert built.names == ("docker.io/library/helped:1",)
    assert built.cached == (True, False, False, False)
    assert built.steps[2].output == ("from the build",)
    assert "2/4   COPY main.py /app/" in repr(built)
    assert "Note: --build-arg UNUSED" in repr(built)
    assert "&lt;made&gt;" in built._repr_html_()
    assert "<made>" not in built._repr_html_()
    again = lab.images.build(folder, ["helped:1", "helped:2"])
    assert again.cached == (True,) * 4
    assert again.digest == built.digest
    assert repr(again).count("CACHED") == 4
    assert not any(lab.images.build(folder, cache=False).cached[1:])
    assert capsys.readouterr().out == ""  # quick builds only show what came out

    listed = {image.name: image for image in lab.images.list()}
    assert listed["docker.io/library/helped:2"].mine
    assert "helped:2" in repr(lab.images.list())
    assert "<td" in lab.images.list()._repr_html_()
    image = lab.images.layers("helped:1")
    assert [layer.created_by.split()[0] for layer in image.layers] == ["COPY", "RUN"]
    assert "docker.io/library/helped:2" in image.layers[0].shared_with
    assert image.layers[0].digest == built.steps[1].layer
    assert "Shared with" in repr(image)
    assert "helped:2" in image._repr_html_()
    assert lab.images.history(built.digest[:15]).rows[0][0].startswith("CMD")

    assert lab.images.tag("helped:1", "helped:3") == "docker.io/library/helped:3"
    saved = lab.images.save("helped:3", folder / "helped.tar")
    for name in ("helped:2", "helped:3"):
        lab.images.remove(name)
    assert lab.images.load(saved) == ("docker.io/library/helped:3",)
    assert lab.images.load(saved, "helped:4") == ("docker.io/library/helped:4",)
    assert lab.images.layers("helped:4").digest == built.digest


@pytest.mark.usefixtures("cloud")
def test_what_is_wrong_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lab = Lab(1)
    (folder / "Dockerfile").write_text("FROM python\nRUN python -c 'print(1); raise SystemExit(3)'\n")
    with pytest.raises(BuildFailed) as caught:
        lab.images.build(folder)
    assert caught.value.message.startswith("Dockerfile line 2: the command ended with exit code 3")
    assert "    1\n" in capsys.readouterr().out  # its own words, which the remedy speaks of
    with pytest.raises(ImageProblem, match="There is no image nothing:1"):
        lab.images.layers("nothing:1")
    with pytest.raises(ImageProblem, match="no file"):
        lab.images.load(folder / "nothing.tar")


@pytest.mark.usefixtures("home")
def test_without_a_cloud(folder: Path) -> None:
    with pytest.raises(CloudUnavailable) as caught:
        Lab(1).images.build(folder)
    assert caught.value.remedy == "Run lab.start() first."


def test_on_another_cloud_docker_does_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_BACKEND", "aws")
    with pytest.raises(BackendError, match="Only the embedded cloud"):
        _ = Lab(1).images


def test_a_long_build_tells_how_far_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = iter([0.0, 1.0, 3.0, 4.0])
    told = [{"line": "one"}, {"line": "two"}, {"line": "three"}, {"result": {"name": "x"}}]
    monkeypatch.setattr(cloud, "answers", lambda *words: iter(told))
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    assert images.Images().tag("a", "b") == "x"
    assert capsys.readouterr().out == "one\ntwo\nthree\n"
