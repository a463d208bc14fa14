"""The container engine, as tests look at it."""

import contextlib
from pathlib import Path

from lab_cloud.errors import RuntimeUnavailable
from lab_cloud.runtime.engine import HOME, connect


def check_engine() -> None:
    """Raise when no engine answers, or it has no Python image: tests pull nothing."""
    with contextlib.closing(connect()) as api:
        if not api.images("python"):
            raise RuntimeUnavailable(
                "The container engine has no python image.", "python tools/python_image.py | docker load"
            )


def containers_of(home: Path) -> list[str]:
    """Containers that a cloud with this home has left."""
    with contextlib.closing(connect()) as api:
        return [each["Id"] for each in api.containers(all=True, filters={"label": f"{HOME}={home.absolute()}"})]
