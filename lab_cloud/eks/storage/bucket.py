"""A bucket as Mountpoint for Amazon S3 uses it: with one role, below one prefix."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote_plus, urlencode
from xml.etree import ElementTree

from ...wire import PARTITION
from .account import DriverAccount


class Bucket:
    """The objects of a bucket.

    Parameters
    ----------
    account : DriverAccount
        The way to AWS.
    name, prefix : str
        The bucket; and what all keys begin with, which is no part of the paths here.
    role : str
        Who asks; empty when nobody gives one.
    """

    def __init__(self, account: DriverAccount, name: str, prefix: str, role: str) -> None:
        self.name = name
        self._account = account
        self._prefix = prefix
        self._role = role

    def list(self) -> dict[str, str]:
        """The ETags of the objects, by their paths; objects whose keys are no paths are left out.

        Raises
        ------
        AwsError
            The bucket is not there, or the role may not list it.
        """
        self._may("ListBucket", "", **{"s3:prefix": self._prefix})
        found: dict[str, str] = {}
        for key, etag in self._pages():
            path = key.removeprefix(self._prefix)
            if fits(path):
                found[path] = etag
        # a folder hides an object of its name
        folders = {"/".join(path.split("/")[:depth]) for path in found for depth in range(1, path.count("/") + 1)}
        return {path: etag for path, etag in found.items() if path not in folders}

    def _pages(self) -> Iterator[tuple[str, str]]:
        token = ""
        while True:
            asked = {"list-type": "2", "encoding-type": "url", "prefix": self._prefix}
            if token:
                asked["continuation-token"] = token
            answer = self._account.s3("GET", f"/{self.name}", urlencode(asked))
            text = re.sub(r' xmlns="[^"]*"', "", answer.body.decode(), count=1)
            root = ElementTree.fromstring(text)  # noqa: S314 - our own answer
            for each in root.iter("Contents"):
                yield unquote_plus(each.findtext("Key") or ""), (each.findtext("ETag") or "").strip('"')
            token = root.findtext("NextContinuationToken") or ""
            if not token:
                return

    def get(self, path: str) -> bytes:
        """An object; AwsError says why not."""
        self._may("GetObject", path)
        return self._account.s3("GET", self._at(path)).body

    def put(self, path: str, data: bytes) -> str:
        """Write an object; its ETag."""
        self._may("PutObject", path)
        answer = self._account.s3("PUT", self._at(path), body=data)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return headers.get("etag", "").strip('"')

    def delete(self, path: str) -> None:
        """Delete an object."""
        self._may("DeleteObject", path)
        self._account.s3("DELETE", self._at(path))

    def _may(self, operation: str, path: str, **context: str) -> None:
        below = f"/{self._prefix}{path}" if path else ""
        self._account.may("s3", operation, f"arn:{PARTITION}:s3:::{self.name}{below}", self._role, **context)

    def _at(self, path: str) -> str:
        return f"/{self.name}/{quote(self._prefix + path)}"


def fits(path: str) -> bool:
    """Whether a key can be a path below a folder of this machine."""
    return "\0" not in path and all(
        each not in ("", ".", "..") and Path(each).name == each and len(each.encode()) <= 255
        for each in path.split("/")
    )
