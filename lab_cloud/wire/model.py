"""AWS's own service models, as botocore ships them, read without importing botocore.

Importing botocore costs a quarter of a second and the cloud must answer within one. The models are plain JSON; what
the cloud needs of them (operations, shapes, the protocol) is a few look-ups.
"""

import functools
import gzip
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Model:
    """One service's model.

    Parameters
    ----------
    name : str
        botocore's name of the service, for example ``elbv2``.
    raw : dict
        The parsed ``service-2.json``.
    """

    name: str
    raw: dict[str, Any]

    @property
    def protocol(self) -> str:
        """The protocol that SDKs prefer, for example ``json`` or ``query``."""
        return str(self.raw["metadata"]["protocol"])

    @property
    def operations(self) -> dict[str, Any]:
        """The operations by name."""
        return dict(self.raw["operations"])

    @property
    def target_prefix(self) -> str:
        """What stands before the dot in ``X-Amz-Target``."""
        return str(self.raw["metadata"].get("targetPrefix", ""))

    def shape(self, name: str) -> dict[str, Any]:
        """One shape by its name."""
        found: dict[str, Any] = self.raw["shapes"][name]
        return found

    def input_shape(self, operation: str) -> str | None:
        """The name of an operation's input shape, if it takes any input."""
        found = self.raw["operations"].get(operation, {}).get("input")
        return str(found["shape"]) if found else None

    def output_shape(self, operation: str) -> str | None:
        """The name of an operation's output shape, if it returns anything."""
        found = self.raw["operations"].get(operation, {}).get("output")
        return str(found["shape"]) if found else None

    def error_status(self, code: str) -> int:
        """The HTTP status of a modelled error; 400 when the model does not say."""
        for name, shape in self.raw["shapes"].items():
            if shape.get("exception") and code in (name, shape.get("error", {}).get("code")):
                return int(shape.get("error", {}).get("httpStatusCode", 400))
        return 400


@functools.cache
def data_folder() -> Path:
    """botocore's folder of models."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("botocore is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "data"


@functools.cache
def load(service: str) -> Model:
    """Read a service's newest model.

    Parameters
    ----------
    service : str
        botocore's name of the service.

    Raises
    ------
    KeyError
        When botocore knows no such service.
    """
    found = sorted((data_folder() / service).glob("*/service-2.json*"))
    if not found:
        raise KeyError(service)
    opener = gzip.open if found[-1].suffix == ".gz" else open
    with opener(found[-1], "rt", encoding="utf-8") as file:
        return Model(service, json.load(file, object_hook=_without_prose))


def _without_prose(node: dict[str, Any]) -> dict[str, Any]:
    # nothing here reads the prose, most of a model's size; a member that is called documentation is no string
    if isinstance(node.get("documentation"), str):
        del node["documentation"]
    return node
