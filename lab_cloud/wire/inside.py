"""Calls that one part of the cloud makes of another's API, the way a program outside would, but without a port.

They pass the same checks, and whoever reads the API sees what they made.
"""

import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

from ..errors import AwsError
from .dispatch import Dispatcher
from .sigv4 import Request, Signer

VERSIONS = {"ec2": "2016-11-15", "elasticloadbalancing": "2015-12-01"}


class Inside:
    """What calls the APIs of the query protocol.

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
        # nobody checks a signature here; moto reads service and region out of it
        scope = f"{self._access_key}/20000101/{region}/{service}/aws4_request"
        headers = {
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none",
            "content-type": "application/x-www-form-urlencoded",
            "host": f"{service}.{region}.amazonaws.com",
        }
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
