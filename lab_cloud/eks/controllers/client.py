"""The Kubernetes API as controllers use it; here without the way over a port."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from ..kubernetes.answers import Answer, Watching
from ..kubernetes.authorization import MASTERS, User
from ..kubernetes.reading import Change, Watch
from ..kubernetes.requests import Request
from ..kubernetes.status import ApiError

if TYPE_CHECKING:  # loaded with the first cluster
    from ..kubernetes.api import ApiServer

MERGE_PATCH = "application/merge-patch+json"
Object = dict[str, Any]


class Client(Protocol):
    """What a controller needs of an API server, whichever it is."""

    def get(self, path: str) -> Object:
        """GET; raises ApiError."""

    def create(self, path: str, body: Object) -> Object:
        """POST; raises ApiError."""

    def merge(self, path: str, patch: Object) -> Object:
        """PATCH with a merge patch; raises ApiError."""

    def delete(self, path: str, options: Object | None = None) -> None:
        """DELETE, with DeleteOptions if given; raises ApiError."""

    def watch(self, path: str, deliver: Callable[[str, Object], None], fields: str = "") -> Callable[[], None]:
        """Tell what is there and what happens from now on (type and object); returns what ends that.

        With a field selector, only of what it selects.
        """


class Loopback:
    """The API server of the same process.

    Parameters
    ----------
    api : ApiServer
        The server.
    name : str
        Who asks, for example ``replicaset-controller``.
    """

    def __init__(self, api: "ApiServer", name: str) -> None:
        self._api = api
        self._user = User(f"system:serviceaccount:kube-system:{name}", (MASTERS,))
        self._headers = {"user-agent": f"{name}/1", "accept": "application/json"}

    def get(self, path: str) -> Object:
        """GET."""
        return self._ask("GET", path, None, "application/json")

    def create(self, path: str, body: Object) -> Object:
        """POST."""
        return self._ask("POST", path, body, "application/json")

    def merge(self, path: str, patch: Object) -> Object:
        """PATCH with a merge patch."""
        return self._ask("PATCH", path, patch, MERGE_PATCH)

    def delete(self, path: str, options: Object | None = None) -> None:
        """DELETE."""
        self._ask("DELETE", path, options, "application/json")

    def watch(self, path: str, deliver: Callable[[str, Object], None], fields: str = "") -> Callable[[], None]:
        """Tell what is there and what happens from now on."""
        query = f"watch=1&fieldSelector={quote(fields)}" if fields else "watch=1"
        found = self._api.answer(Request("GET", path, query, self._headers), self._user)
        if not isinstance(found, Watching):
            raise _error(found)

        def told(change: Change) -> None:
            deliver(change.kind, change.found)

        watch = Watch(self._api.store, found.info, told)
        watch.begin()
        return watch.end

    def _ask(self, method: str, path: str, body: Object | None, kind: str) -> Object:
        data = b"" if body is None else json.dumps(body).encode()
        answer = self._api.answer(Request(method, path, "", {**self._headers, "content-type": kind}, data), self._user)
        if not isinstance(answer, Answer) or answer.code >= 400:
            raise _error(answer)
        found: Object = json.loads(answer.body)
        return found


def _error(answer: object) -> ApiError:
    if not isinstance(answer, Answer):
        return ApiError(500, "InternalError", "the API server gave no plain answer")
    found = json.loads(answer.body)
    return ApiError(answer.code, found.get("reason", ""), found.get("message", ""), found.get("details"))
