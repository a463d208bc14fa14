"""The HTTP registry of ECR, as ``docker``, ``skopeo``, ``podman`` and ``oras`` speak to it.

Follows the OCI Distribution Specification 1.1, on the same port as the API. The user is ``AWS`` and the password what
GetAuthorizationToken gives; the policies of the principal that asked for it apply.
"""

import asyncio
import base64
import binascii
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ..clock import Clock
from ..errors import AwsError
from ..iam.principal import Principal
from . import access, names
from .cache import PullThrough
from .door_blobs import BlobRoutes
from .door_manifests import ManifestRoutes
from .http import (
    Answer,
    HttpRequest,
    Message,
    Receive,
    RegistryError,
    Send,
    as_registry_error,
    error_answer,
    request_of,
    respond,
)
from .images import Images
from .layers_api import DOWNLOADS
from .repository import Repository
from .store import Registry, Store
from .tokens import Tokens

log = logging.getLogger(__name__)

T = TypeVar("T")

PREFIX = "/v2"
THREADS = 4
ROUTE = re.compile(
    r"/v2/(?P<name>.+?)/(?:(?P<tags>tags/list)|manifests/(?P<manifest>[^/]+)|referrers/(?P<referrers>[^/]+)"
    r"|blobs/uploads/?(?P<upload>[^/]*)|blobs/(?P<blob>[^/]+))"
)


class RegistryDoor(BlobRoutes, ManifestRoutes):
    """Answers ``/v2/`` and the addresses of GetDownloadUrlForLayer.

    Parameters
    ----------
    store : Store
        What ECR knows.
    images : Images
        What is done to repositories.
    tokens : Tokens
        Who may come in.
    lock : RLock
        The world's, held for moments only.
    clock : Clock
        The time.
    host : str
        The registry's address.
    cache : PullThrough
        What brings images from upstream.
    changed : callable
        Called after something has changed.
    check_tokens : bool
        False only under ``LAB_AUTH=off``.
    region : str
        The region of callers without a token, under ``LAB_AUTH=off``.
    """

    def __init__(
        self,
        store: Store,
        images: Images,
        tokens: Tokens,
        lock: AbstractContextManager[Any],
        clock: Clock,
        host: str,
        cache: PullThrough,
        changed: Callable[[], None],
        *,
        check_tokens: bool = True,
        region: str = "us-east-1",
    ) -> None:
        self._store = store
        self._images = images
        self._blobs = images.blobs
        self._tokens = tokens
        self._lock = lock
        self._clock = clock
        self._host = host
        self._cache = cache
        self._changed = changed
        self._check_tokens = check_tokens
        self._region = region
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="registry")

    def matches(self, path: str, headers: dict[str, str]) -> bool:
        """Whether a request is for this door; ``/v2/`` is also where some AWS services have their paths."""
        if path.startswith(DOWNLOADS):
            return True
        signed = headers.get("authorization", "").startswith("AWS4-")
        return not signed and (path == PREFIX or path.startswith(PREFIX + "/"))

    async def __call__(self, scope: Message, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = request_of(scope, headers, receive)
        self._clock.touch()
        try:
            answer = await self._answer(request)
        except RegistryError as error:
            answer = error_answer(error)
        except AwsError as error:
            answer = error_answer(as_registry_error(error))
        except ConnectionResetError:
            return
        except Exception as bug:
            log.exception("%s %s failed", request.method, request.path)
            text = f"The embedded cloud has a bug: {type(bug).__name__}: {bug}"
            answer = error_answer(RegistryError(500, "UNKNOWN", text))
        await respond(send, answer, request.method, self._threads)

    async def _answer(self, request: HttpRequest) -> Answer:
        if request.path.startswith(DOWNLOADS):
            return await self._download(request)
        principal, region = self._who(request)
        if request.path.rstrip("/") == PREFIX:
            return Answer(200, {"Content-Type": "application/json"}, b"{}")
        if request.path == f"{PREFIX}/_catalog":
            return await self._locked(lambda: self._catalog(request, principal, region))
        found = ROUTE.fullmatch(request.path)
        if found is None:
            raise RegistryError(404, "UNSUPPORTED", "The registry has no such address.")
        if not names.NAME.fullmatch(found["name"]) or not 2 <= len(found["name"]) <= 256:
            raise RegistryError(400, "NAME_INVALID", f"{found['name']!r} is not a repository's name.")
        registry = self._store.registry(region)
        if found["tags"]:
            return await self._tags(request, registry, found["name"], principal)
        if found["manifest"]:
            return await self._manifest(request, registry, found["name"], found["manifest"], principal)
        if found["referrers"]:
            return await self._referrers(request, registry, found["name"], found["referrers"], principal)
        if found["blob"]:
            return await self._blob(request, registry, found["name"], found["blob"], principal)
        return await self._upload(request, registry, found["name"], found["upload"], principal)

    def _who(self, request: HttpRequest) -> tuple[Principal, str]:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        password = given
        if kind.lower() == "basic":
            try:
                user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
                password = password if user == "AWS" else ""
            except (binascii.Error, UnicodeDecodeError):
                password = ""
        found = self._tokens.read_login(password, self._clock.now()) if password else None
        if found is None and not self._check_tokens:
            return access.ROOT, self._region
        if found is None:
            why = "Your authorization token has expired or is invalid. Reauthenticate and try again."
            raise RegistryError(
                401,
                "UNAUTHORIZED",
                why if password else "Not Authorized: log in as AWS, with the password of GetAuthorizationToken.",
                {"WWW-Authenticate": f'Basic realm="http://{self._host}/",service="ecr.amazonaws.com"'},
            )
        return found

    async def _download(self, request: HttpRequest) -> Answer:
        digest = self._tokens.read_download(request.path.removeprefix(DOWNLOADS), self._clock.now())
        if digest is None:
            raise RegistryError(403, "DENIED", "This address has expired, or was never given out.")
        return self._file(request, digest)

    def _catalog(self, request: HttpRequest, principal: Principal, region: str) -> Answer:
        registry = self._store.registry(region)
        self._images.access.allow(registry, None, principal, "DescribeRepositories", "*")
        return self._listing(request, "repositories", sorted(registry.repositories), {})

    async def _locked(self, job: Callable[[], T]) -> T:
        """Run a quick function under the world's lock, on a thread."""

        def run() -> T:
            with self._lock:
                return job()

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

    def _repository(self, registry: Registry, name: str, principal: Principal, operation: str) -> Repository:
        """A repository, if its policy and the registry's do not forbid this; under the lock."""
        repository = registry.get(name)
        self._images.access.allow(registry, repository, principal, operation, repository.arn)
        return repository

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)
