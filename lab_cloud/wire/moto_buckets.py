"""Tags that a bucket gets when it is created, which moto's S3 leaves out.

References
----------
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html
"""

import importlib
from typing import Any

from .call import Call

_state: dict[str, Any] = {"tags": {}, "patched": False}


def begin(call: Call, body: bytes) -> None:
    """A call to S3 begins."""
    if call.operation != "CreateBucket":
        return
    _state["tags"] = _tags(body) if body else {}
    if not _state["patched"]:
        _patch()


def _patch() -> None:
    backend: Any = importlib.import_module("moto.s3.models").S3Backend
    original = backend.create_bucket

    def create_bucket(self: Any, bucket_name: str, *some: Any, **more: Any) -> Any:
        made = original(self, bucket_name, *some, **more)  # one that is there already is an error, and keeps its tags
        if _state["tags"]:
            self.put_bucket_tagging(bucket_name, _state["tags"])
        return made

    backend.create_bucket = create_bucket
    _state["patched"] = True


def _tags(body: bytes) -> dict[str, str]:
    xmltodict: Any = importlib.import_module("xmltodict")
    try:
        found = xmltodict.parse(body, force_list=("Tag",))["CreateBucketConfiguration"]["Tags"]["Tag"]
        return {str(one["Key"]): str(one["Value"] or "") for one in found}
    except Exception:  # moto says what is wrong with it
        return {}
