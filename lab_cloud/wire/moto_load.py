"""Load moto, lean: only the regions that the course uses, and one shared botocore session.

moto's EC2 lists what is on sale in every region three times over while it is imported; that costs a second and 50 MB. The cloud offers
two regions, so only those are read. Importing happens once, on a background thread, after the cloud already answers.
"""

import importlib
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REGIONS = ("us-east-1", "eu-west-1")
"""The regions in which EC2 sells instances; other services answer in all regions."""

WARM = (
    "moto.moto_server.werkzeug_app",
    "moto.iam.responses",
    "moto.sts.responses",
    "moto.ec2.responses",
    "moto.elbv2.responses",
    "moto.logs.responses",
)
"""What lab 03 touches, in the order in which a learner meets it."""

_once = threading.Lock()
_ready = threading.Event()


def load() -> None:
    """Import moto; later calls return at once, a call from another thread waits until it is there."""
    if _ready.is_set():
        return
    with _once:
        if not _ready.is_set():
            _import()
            _ready.set()


def loaded() -> bool:
    """Whether moto is there, so that nothing has to wait."""
    return _ready.is_set()


def _import() -> None:
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    with warnings.catch_warnings(), _two_regions(), _one_session():
        warnings.simplefilter("ignore")
        for name in WARM:
            importlib.import_module(name)


@contextmanager
def _two_regions() -> Iterator[None]:
    resources = importlib.import_module("moto.utilities.utils")
    original = resources.load_resource

    def load_resource(resource: str) -> Any:
        if "instance_type_offerings" in str(resource) and not any(region in str(resource) for region in REGIONS):
            return []
        return original(resource)

    resources.load_resource = load_resource
    try:
        yield
    finally:
        resources.load_resource = original


@contextmanager
def _one_session() -> Iterator[None]:
    boto3 = importlib.import_module("boto3")
    original = boto3.Session
    shared = original()

    def session(*args: Any, **options: Any) -> Any:
        return original(*args, **options) if args or options else shared

    boto3.Session = session
    try:
        yield
    finally:
        boto3.Session = original
