"""SSM parameters that AWS itself publishes, in AWS's spelling; all else of SSM is moto's.

Follows https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html: a parameter that
tells several things of an AMI is JSON. moto holds Python objects, and answers in Python's spelling.
"""

import importlib
import json
from typing import Any

from . import moto_load
from .call import ACCOUNT, FORWARD, Answer, Call

ECS_IMAGES = "/aws/service/ecs/optimized-ami"


class Ssm:
    """The overrides, one method an operation."""

    def get_parameter(self, call: Call, params: dict[str, Any]) -> Answer:
        """Mend what moto is about to answer."""
        _mend(call.region, params["Name"])
        return FORWARD

    def get_parameters(self, call: Call, params: dict[str, Any]) -> Answer:
        """Mend what moto is about to answer."""
        _mend(call.region, *params["Names"])
        return FORWARD

    def get_parameters_by_path(self, call: Call, params: dict[str, Any]) -> Answer:
        """Mend what moto is about to answer."""
        _mend(call.region, params["Path"])
        return FORWARD


def _mend(region: str, *names: str) -> None:
    wanted = [name for name in names if name.startswith(ECS_IMAGES)]
    if not wanted:
        return
    moto_load.load()
    parameters = importlib.import_module("moto.ssm.models").ssm_backends[ACCOUNT][region]._parameters
    parameters._check_loading_status(wanted[0])
    if parameters.__dict__.setdefault("lab_mended", False):
        return
    parameters.lab_mended = True
    for name, versions in parameters.items():
        for one in versions if name.startswith(ECS_IMAGES) else ():
            if not isinstance(one.value, str):
                one.value = json.dumps(one.value, separators=(",", ":"))
