"""Load moto, lean: only the regions that the course uses, and AWS's models read once.

moto's EC2 lists what is on sale in every region three times over while it is imported, and asks boto3 for all regions
of all partitions; together that costs a second and 90 MB. The cloud offers two regions, so only those are read, by
`moto_lean`.
Importing happens once, on a background thread, after the cloud already answers.
"""

import importlib
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import model
from .call import ACCOUNT
from .moto_lean import REGIONS, pack_policies, small_tables

WARM = (
    "moto.moto_server.werkzeug_app",
    "moto.iam.responses",
    "moto.sts.responses",
    "moto.ec2.responses",
    "moto.elbv2.responses",
)
"""What lab 03 touches, in the order in which a learner meets it."""
LATER = ("moto.logs.responses",)
"""What it touches last; it brings in S3, a quarter of a second for which the first EC2 call need not wait."""

_once = threading.Lock()
_ready = threading.Event()


class Regions:
    """Stands where moto makes a boto3 session only to ask for names of regions and services."""

    def get_available_partitions(self) -> list[str]:
        """The partitions; the embedded cloud has one."""
        return ["aws"]

    def get_available_regions(self, service: str, partition_name: str = "aws", **_: Any) -> list[str]:
        """The regions of a partition."""
        return list(REGIONS) if partition_name == "aws" else []

    def get_available_services(self) -> list[str]:
        """botocore's names of all services."""
        return sorted(folder.name for folder in model.data_folder().iterdir() if folder.is_dir())


def load() -> None:
    """Import moto; later calls return at once, a call from another thread waits until it is there."""
    if _ready.is_set():
        return
    with _once:
        if not _ready.is_set():
            _import()
            _ready.set()


def load_rest() -> None:
    """Import what can wait; under the world's lock, so that nobody meets a module that is half there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in LATER:
            importlib.import_module(name)


def loaded() -> bool:
    """Whether moto is there, so that nothing has to wait."""
    return _ready.is_set()


def _import() -> None:
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    os.environ.setdefault("MOTO_ACM_VALIDATION_WAIT", "1")  # the proof that a domain is yours is not asked for
    os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")
    # one account; else moto looks for the caller's key in every partition, and makes an IAM of 8 MB for each
    os.environ.setdefault("MOTO_ACCOUNT_ID", ACCOUNT)
    with warnings.catch_warnings(), _no_sessions(), small_tables():
        warnings.simplefilter("ignore")
        _share_models()
        _forget_what_is_deleted()
        for name in WARM:
            importlib.import_module(name)
        pack_policies()


def _forget_what_is_deleted() -> None:
    # moto keeps every object that it has ever made, for its dashboard; what is deleted would never be freed
    base: Any = importlib.import_module("moto.core.common_models").BaseModel
    base.__new__ = lambda cls, *_some, **_others: object.__new__(cls)


def _share_models() -> None:
    # moto reads the same files again; one copy of each in memory is enough
    utils: Any = importlib.import_module("moto.core.utils")
    merge = importlib.import_module("botocore.utils").deep_merge
    original = utils._load_service_model
    extras = importlib.import_module("moto.core.loaders").create_loader()

    def load_service_model(service: str, kind: str) -> dict[str, Any]:
        if kind != "service-2":
            loaded_model: dict[str, Any] = original(service, kind)
            return loaded_model
        raw = model.load(service).raw
        for extra in extras._find_extras(service, kind, raw["metadata"]["apiVersion"]):
            merge(raw, extra.get("merge", {}))
        return raw

    utils._load_service_model = load_service_model


@contextmanager
def _no_sessions() -> Iterator[None]:
    # modules of moto that are imported meanwhile keep the small class under the name Session
    boto3: Any = importlib.import_module("boto3")
    original = boto3.Session
    boto3.Session = Regions
    try:
        yield
    finally:
        boto3.Session = original
