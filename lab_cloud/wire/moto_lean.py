"""moto's large tables in little memory: what is alike is kept once, what is rarely asked for is read when it is.

As moto loads them they take 35 MB, of what is to be 150 MB for a cloud with a learner's services in it.
"""

import importlib
import json
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

REGIONS = ("us-east-1", "eu-west-1")
"""The regions in which EC2 sells instances; other services answer in all regions."""

TYPES = "ec2/resources/instance_types.json"
OFFERINGS = "ec2/resources/instance_type_offerings"

_between = re.compile(r"[\s,:]*")


class Offerings(dict[str, Any]):
    """Region -> the types of instances that it sells, read when somebody asks.

    Parameters
    ----------
    where : str
        What moto calls a type of location, for example ``availability-zone``.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def __missing__(self, region: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        if region in REGIONS:
            read = importlib.import_module("moto.utilities.utils").load_resource
            found = [
                {**{key: sys.intern(value) for key, value in offer.items()}, "LocationType": self._where}
                for offer in read(f"{OFFERINGS}/{self._where}/{region}.json")
            ]
        self[region] = found
        return found

    def get(self, region: str, _default: Any = None) -> Any:
        """The same as asking with brackets: moto uses both."""
        return self[region]


@contextmanager
def small_tables() -> Iterator[None]:
    """Import moto's EC2 meanwhile: its tables are then small."""
    resources: Any = importlib.import_module("moto.utilities.utils")
    original = resources.load_resource

    def load_resource(resource: str) -> Any:
        if str(resource).replace("\\", "/").startswith(OFFERINGS):
            return []
        found = original(resource)
        return _once(found, {}) if resource == TYPES else found

    resources.load_resource = load_resource
    try:
        yield
    finally:
        resources.load_resource = original
    offerings: dict[str, Any] = importlib.import_module("moto.ec2.models.instance_types").INSTANCE_TYPE_OFFERINGS
    for where in offerings:
        offerings[where] = Offerings(where)


def _once(value: Any, kept: dict[str, Any]) -> Any:
    """The same value, of which equal parts are one object; nobody changes them."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, dict):
        value = {key: _once(part, kept) for key, part in value.items()}
    elif isinstance(value, list):
        value = [_once(part, kept) for part in value]
    else:
        return value
    return kept.setdefault(repr(value), value)


def pack_policies() -> None:
    """Keep the text of AWS's own IAM policies compressed, and make them one after another where they are needed."""
    models: Any = importlib.import_module("moto.iam.models")
    data: Any = importlib.import_module("moto.iam.aws_managed_policies")
    packed = zlib.compress(data.aws_managed_policies_data.encode())
    models.aws_managed_policies_data = data.aws_managed_policies_data = ""

    def init_aws_policies(backend: Any) -> list[Any]:
        make, account, region = models.AWSManagedPolicy.from_data, backend.account_id, backend.region_name
        text = zlib.decompress(packed).decode()
        return [make(name, account, region, about) for name, about in members(text)]

    models.IAMBackend._init_aws_policies = init_aws_policies


def members(text: str) -> Iterator[tuple[str, Any]]:
    """The members of a JSON object, read one after another: all at once they would take many times their text.

    Parameters
    ----------
    text : str
        A JSON object.
    """
    read = json.JSONDecoder().raw_decode

    def skip(place: int) -> int:
        found = _between.match(text, place)
        return found.end() if found else place

    at = skip(text.index("{") + 1)
    while text[at] != "}":
        name, at = read(text, at)
        value, at = read(text, skip(at))
        yield name, value
        at = skip(at)
