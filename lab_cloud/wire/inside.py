"""Calls that one part of the cloud makes of another's API, the way a program outside would, but without a port.

They pass the same checks, and whoever reads the API sees what they made.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from ..errors import AwsError
from .call import Response
from .dispatch import Dispatcher
from .sigv4 import Request, Signer

VERSIONS = {"ec2": "2016-11-15", "elasticloadbalancing": "2015-12-01"}


class Inside:
    """What calls the APIs of the query protocol, and Amazon S3.

    Parameters
    ----------
    dispatcher : Dispatcher
        What answers.
    lock : RLock
        The world's.
    access_key : str
        Who calls.
    """

    def __init__(self, dispatcher: Dispatcher, lock: "threading.RLock", access_key: str) -> None:
        self._dispatcher = dispatcher
        self._lock = lock
        self._access_key = access_key

    def ask(self, service: str, region: str, action: str, **params: Any) -> dict[str, list[str]]:
        """Call an operation.

        Parameters
        ----------
        service : str
            As signatures name it, for example ``elasticloadbalancing``.
        region : str
            The region.
        action : str
            The operation, for example ``CreateTargetGroup``.
        **params
            Its parameters; lists and dicts as boto3 takes them.

        Returns
        -------
        dict
            The texts of the answer's elements by name, in their order.

        Raises
        ------
        AwsError
            When the operation refuses.
        """
        member = "" if service == "ec2" else "member."
        form = {"Action": action, "Version": VERSIONS[service], **dict(_flat("", params, member))}
        headers = self._headers(service, region, "application/x-www-form-urlencoded")
        request = Request("POST", "/", "", headers, urlencode(form).encode())
        with self._lock:
            answer = self._dispatcher.answer(request, Signer(self._access_key, region, service))
        root = ElementTree.fromstring(answer.body)  # noqa: S314 - our own answer
        found: dict[str, list[str]] = {}
        for each in root.iter():
            found.setdefault(each.tag.rpartition("}")[2], []).append(each.text or "")
        if answer.status >= 400:
            code, message = found.get("Code", [""])[0], found.get("Message", [""])[0]
            raise AwsError(code, message, status=answer.status)
        if root.tag.rpartition("}")[2] != f"{action}Response":
            raise AwsError("InternalFailure", f"{action} was answered by something else.", status=500)
        return found

    def object(
        self, region: str, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> Response:
        """Call Amazon S3, for example with ``GET`` and ``/bucket/key``; path and query are percent-encoded.

        Raises
        ------
        AwsError
            When it refuses.
        """
        sent = {**self._headers("s3", region, "binary/octet-stream"), "content-length": str(len(body)), **headers}
        with self._lock:
            answer = self._dispatcher.answer(
                Request(method, path, query, sent, body), Signer(self._access_key, region, "s3")
            )
        if answer.status >= 400:
            code = re.search(rb"<Code>([^<]*)", answer.body)
            message = re.search(rb"<Message>([^<]*)", answer.body)
            found = [each.group(1).decode() if each else "" for each in (code, message)]
            raise AwsError(found[0] or str(answer.status), found[1], status=answer.status)
        return answer

    def _headers(self, service: str, region: str, content: str) -> dict[str, str]:
        # nobody checks a signature here; moto reads service and region out of it
        scope = f"{self._access_key}/20000101/{region}/{service}/aws4_request"
        return {
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
            "content-type": content,
            "host": f"{service}.{region}.amazonaws.com",
        }


def _flat(prefix: str, value: Any, member: str) -> Iterator[tuple[str, str]]:
    """Parameters as the query protocol writes them: ``Tags.member.1.Key``, or for EC2 ``Tag.1.Key``."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, each, member)
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value, 1):
            yield from _flat(f"{prefix}.{member}{number}", each, member)
    elif isinstance(value, bool):
        yield prefix, str(value).lower()
    else:
        yield prefix, str(value)
