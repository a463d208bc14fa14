"""Amazon ECR Public, as far as the course needs it: a token, and the images of the public gallery that are here.

On AWS these operations describe the account's own public registry, and the gallery is a web site; here they describe
the course's own editions of gallery images. Everything else is refused.
"""

from collections.abc import Callable
from typing import Any

from .. import paging
from ..clock import Clock
from ..errors import AwsError
from ..iam.principal import Principal
from ..runtime.catalog import Catalog
from ..wire import ACCOUNT, PARTITION, Call
from . import names
from .tokens import Tokens

HOST = "public.ecr.aws"


class EcrPublicApi:
    """The operations of ECR Public that the embedded cloud has.

    Parameters
    ----------
    catalog : Catalog
        The course's images.
    tokens : Tokens
        Passwords.
    clock : Clock
        The time.
    principal_of : callable
        From an access key to whose it is.
    """

    UNLOCKED = frozenset({"DescribeImages", "DescribeImageTags"})
    """An image of the course is built when it is first asked for."""

    def __init__(
        self, catalog: Catalog, tokens: Tokens, clock: Clock, principal_of: Callable[[str], Principal]
    ) -> None:
        self._catalog = catalog
        self._tokens = tokens
        self._clock = clock
        self._principal_of = principal_of
        self._started = clock.now()

    def get_authorization_token(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetAuthorizationToken."""
        import base64

        password, until = self._tokens.login(self._principal_of(call.access_key), call.region, self._clock.now())
        token = base64.b64encode(f"AWS:{password}".encode()).decode()
        return {"authorizationData": {"authorizationToken": token, "expiresAt": names.moment(until)}}

    def describe_registries(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeRegistries."""
        registry = {
            "registryId": ACCOUNT,
            "registryArn": f"arn:{PARTITION}:ecr-public::{ACCOUNT}:registry/{ACCOUNT}",
            "registryUri": HOST,
            "verified": False,
            "aliases": [],
        }
        return {"registries": [registry]}

    def describe_repositories(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeRepositories: those of the gallery of which the course has images."""
        every = [name.removeprefix(f"{HOST}/") for name in self._catalog.repositories() if name.startswith(f"{HOST}/")]
        wanted = params.get("repositoryNames")
        chosen = [self._known(name, every) for name in wanted] if wanted else every
        found, token = self._page(chosen, params)
        return {"repositories": [self._repository(name) for name in found], "nextToken": token}

    def _repository(self, name: str) -> dict[str, Any]:
        return {
            "repositoryArn": f"arn:{PARTITION}:ecr-public::{ACCOUNT}:repository/{name}",
            "registryId": ACCOUNT,
            "repositoryName": name,
            "repositoryUri": f"{HOST}/{name}",
            "createdAt": names.moment(self._started),
        }

    def describe_images(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeImages."""
        by_digest: dict[str, dict[str, Any]] = {}
        for each in self._details(params["repositoryName"]):
            tag = each.pop("imageTag")
            by_digest.setdefault(each["imageDigest"], {**each, "imageTags": []})["imageTags"].append(tag)
        found, token = self._page(list(by_digest.values()), params)
        return {"imageDetails": found, "nextToken": token}

    def describe_image_tags(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeImageTags."""
        every = []
        for each in self._details(params["repositoryName"]):
            detail = {key: each[key] for key in each if key not in ("imageTag", "registryId", "repositoryName")}
            every.append(
                {"imageTag": each["imageTag"], "createdAt": names.moment(self._started), "imageDetail": detail}
            )
        found, token = self._page(every, params)
        return {"imageTagDetails": found, "nextToken": token}

    def _details(self, name: str) -> list[dict[str, Any]]:
        full = f"{HOST}/{name}"
        self._known(full, self._catalog.repositories())
        found = []
        for tag in self._catalog.tags(full):
            image = self._catalog.pull(f"{full}:{tag}")
            found.append(
                {
                    "registryId": ACCOUNT,
                    "repositoryName": name,
                    "imageTag": tag,
                    "imageDigest": image.digest,
                    "imageSizeInBytes": image.size,
                    "imagePushedAt": names.moment(self._started),
                    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
                    "artifactMediaType": "application/vnd.oci.image.config.v1+json",
                }
            )
        return found

    def _known(self, name: str, every: list[str]) -> str:
        if name not in every:
            raise AwsError(
                "RepositoryNotFoundException",
                f"The repository with name '{name.removeprefix(HOST + '/')}' is not among the images of the public "
                "gallery that the course has.",
            )
        return name

    def _page(self, every: list[Any], params: dict[str, Any]) -> tuple[list[Any], str | None]:
        return paging.page(every, params.get("nextToken"), params.get("maxResults") or 100, "InvalidParameterException")
