"""What a runtime and ECS ask of ECR: manifests and blobs, and a password for a task's execution role."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from ..clock import Clock
from ..errors import AwsError
from ..iam.principal import Principal
from ..runtime.remote import PullRefused
from ..wire import ACCOUNT, PARTITION
from . import access, names
from .cache import PullThrough
from .images import Images
from .repository import Repository
from .store import Store
from .tokens import Tokens

T = TypeVar("T")

DENIED = "pull access denied, repository does not exist or may require authorization: "


class Pulling:
    """The cloud's own registry for the cloud's own runtime, without a way over HTTP.

    Parameters
    ----------
    store : Store
        What ECR knows.
    images : Images
        What is done to repositories.
    cache : PullThrough
        What brings images from upstream.
    tokens : Tokens
        Passwords.
    lock : RLock
        The world's.
    clock : Clock
        The time.
    host : str
        The registry's address.
    region : str
        The cloud's default region.
    """

    def __init__(
        self,
        store: Store,
        images: Images,
        cache: PullThrough,
        tokens: Tokens,
        lock: AbstractContextManager[Any],
        clock: Clock,
        host: str,
        region: str,
    ) -> None:
        self._store = store
        self._images = images
        self._cache = cache
        self._tokens = tokens
        self._lock = lock
        self._clock = clock
        self.host = host
        self._region = region

    def has(self, image: str) -> bool:
        """Whether an image lies here."""
        return image.startswith(f"{self.host}/")

    def password(self, region: str, image: str, role: str, session: str) -> str | None:
        """A password for a session of a role, for images that lie here."""
        if not self.has(image):
            return None
        if not role:
            return ""
        arn = f"arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/{session}"
        return self._tokens.login(Principal(arn, ACCOUNT, (role,)), region, self._clock.now())[0]

    def own_password(self, host: str) -> str | None:
        """A password for whoever holds this cloud's key, in the region of its start; None for another registry."""
        if host != self.host:
            return None
        return self._tokens.login(access.ROOT, self._region, self._clock.now())[0]

    def manifest(self, path: str, reference: str, password: str) -> tuple[bytes, str]:
        """A manifest by tag or digest; the pull is noted."""
        digest, tag = (reference, None) if names.DIGEST.fullmatch(reference) else (None, reference)

        def read(repository: Repository, principal: Principal) -> tuple[bytes, str]:
            image = repository.get(digest, tag)
            self._images.pulled(repository, image, principal)
            return image.manifest.data, image.manifest.media_type

        self._fetch(path, reference, password)
        return self._allowed(path, password, "BatchGetImage", read)

    def _fetch(self, path: str, reference: str, password: str) -> None:
        who = self._tokens.read_login(password, self._clock.now()) if password else None
        if who is None:
            return
        registry = self._store.registry(who[1])
        if registry.cache_rules:
            try:
                self._cache.fetch(registry, path, reference, who[0])
            except AwsError as error:
                raise _refusal(error, f"{self.host}/{path}") from None

    def blob(self, path: str, digest: str, password: str) -> Iterator[bytes]:
        """A blob's bytes."""

        def check(repository: Repository, _: Principal) -> None:
            if digest not in repository.layers:
                raise PullRefused(f"{digest}: not found")

        self._allowed(path, password, "GetDownloadUrlForLayer", check)
        try:
            yield from self._images.blobs.read(digest)
        except FileNotFoundError:
            raise PullRefused(f"{digest}: not found") from None

    def _allowed(self, path: str, password: str, operation: str, job: Callable[[Repository, Principal], T]) -> T:
        who = self._tokens.read_login(password, self._clock.now()) if password else None
        if who is None:
            raise PullRefused(
                f"{DENIED}authorization failed: no basic auth credentials",
                "Give the task definition an executionRoleArn: the role with which images are pulled.",
            )
        principal, region = who
        with self._lock:
            try:
                registry = self._store.registry(region)
                repository = registry.get(path)
                self._images.access.allow(registry, repository, principal, operation, repository.arn)
                return job(repository, principal)
            except AwsError as error:
                raise _refusal(error, f"{self.host}/{path}") from None


def _refusal(error: AwsError, name: str) -> PullRefused:
    if error.code == "AccessDeniedException":
        return PullRefused(
            f"{DENIED}authorization failed: {error.message}",
            "Change the repository's policy, or use another execution role.",
        )
    if error.code == "RepositoryNotFoundException":
        return PullRefused(f"{name}: not found: {error.message}", "Create it (ecr.create_repository), then push to it.")
    if error.code == "ImageNotFoundException":
        return PullRefused(f"{name}: not found: {error.message}", "Push it, or use a tag that ecr.list_images shows.")
    return PullRefused(error.message)
