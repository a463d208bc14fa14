import pytest

from lab_cloud.errors import ImageNotFound
from lab_cloud.runtime.references import parse

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("nginxdemos/hello", "docker.io/nginxdemos/hello:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("public.ecr.aws/nginx/nginx:latest", "public.ecr.aws/nginx/nginx:latest"),
        ("127.0.0.1:4510/web", "127.0.0.1:4510/web:latest"),
        ("127.0.0.1:4510/team/web:v1", "127.0.0.1:4510/team/web:v1"),
        ("localhost/web", "localhost/web:latest"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}"),
        (f"nginx:1@{DIGEST}", f"docker.io/library/nginx:1@{DIGEST}"),
    ],
)
def test_a_short_name_is_read_as_docker_reads_it(text: str, full: str) -> None:
    assert str(parse(text)) == full
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Nginx",
        "nginx:",
        "nginx::1",
        "../etc",
        "a//b",
        "nginx@sha256:12",
        "nginx@",
        "a b",
        "a:-x",
        "http://x/y",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ImageNotFound, match="invalid reference format"):
        parse(text)
