"""Pull through: an image that is not here yet comes from the upstream registry of a rule, and stays.

The upstream of this cloud is the course's own set of images; it downloads nothing.
"""

import json
from contextlib import AbstractContextManager
from typing import Any

from ..errors import AwsError, ImageNotFound
from ..iam.principal import Principal
from ..runtime.catalog import Catalog
from . import names
from .images import Images
from .manifest import parse
from .repository import Repository
from .store import Registry

HOSTS = {"ecr-public": "public.ecr.aws", "docker-hub": "docker.io"}
ROOT = "ROOT"


class PullThrough:
    """Fetches what rules allow.

    Parameters
    ----------
    images : Images
        What is done to repositories.
    lock : RLock
        The world's.
    catalog : Catalog
        The upstream.
    host : str
        This registry's address.
    """

    def __init__(self, images: Images, lock: AbstractContextManager[Any], catalog: Catalog, host: str) -> None:
        self._images = images
        self._lock = lock
        self._catalog = catalog
        self._host = host

    def fetch(self, registry: Registry, name: str, reference: str, principal: Principal) -> None:
        """Bring an image here, if a rule leads to it and it is not here yet; slow, without the lock.

        Parameters
        ----------
        registry : Registry
            Whose rules count.
        name : str
            The repository.
        reference : str
            A tag; what is asked by digest was pulled by its tag before.
        principal : Principal
            Who pulls.
        """
        with self._lock:
            there = registry.repositories.get(name)
            upstream = "" if there and reference in there.by_tag else _upstream(registry, name)
            if not upstream or names.DIGEST.fullmatch(reference):
                return
            for operation in ("BatchImportUpstreamImage", *(() if there else ("CreateRepository",))):
                self._images.access.allow(
                    registry, there, principal, operation, names.arn(registry.region, f"repository/{name}")
                )
        try:
            image = self._catalog.pull(f"{upstream}:{reference}")
        except ImageNotFound:
            return
        data = self._catalog.store.read(self._catalog.store.descriptor(image.digest).digest)
        with self._lock:
            repository = self._images.create(registry, name, self._host, "PULL_THROUGH_CACHE")
        content = json.loads(data)
        for blob in (content["config"], *content["layers"]):
            self._copy(repository, blob["digest"])
        with self._lock:
            try:
                self._images.put(repository, parse(data), reference)
            except AwsError as error:
                if error.code != "ImageAlreadyExistsException":  # another pull was faster
                    raise

    def _copy(self, repository: Repository, digest: str) -> None:
        with self._lock:
            if digest in repository.layers:
                return
            upload = self._images.begin(repository)
        with self._catalog.store.path(digest).open("rb") as file:
            while piece := file.read(1 << 20):
                upload.write(piece)
        with self._lock:
            self._images.complete(repository, upload, [digest])


def _upstream(registry: Registry, name: str) -> str:
    """Where a repository's images come from; empty when no rule says."""
    fitting = [
        (prefix, rule)
        for prefix, rule in registry.cache_rules.items()
        if rule["upstreamRegistry"] in HOSTS and (prefix == ROOT or name.startswith(f"{prefix}/"))
    ]
    if not fitting:
        return ""
    prefix, rule = max(fitting, key=lambda each: (each[0] != ROOT, len(each[0])))
    rest = name if prefix == ROOT else name.removeprefix(f"{prefix}/")
    above = rule["upstreamRepositoryPrefix"]
    return "/".join([HOSTS[rule["upstreamRegistry"]], *([] if above == ROOT else [above]), rest])
