"""SSM parameters that AWS itself publishes, in AWS's spelling; all else of SSM is moto's.

Follows https://docs.aws.amazon.com/AmazonECS/latest/developerguide/retrieve-ecs-optimized_AMI.html: a parameter that
tells several things of an AMI is JSON. moto holds Python objects, and answers in Python's spelling. Of EKS-optimized
images moto has none: https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html.
"""

import datetime
import importlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from . import moto_load
from .call import ACCOUNT, FORWARD, Answer, Call

ECS_IMAGES = "/aws/service/ecs/optimized-ami"
EKS_IMAGES = "/aws/service/eks/optimized-ami"

Published = Callable[[str], Mapping[str, str]]
"""Given a region: parameters by name; called when one of them is asked for, once."""


class Ssm:
    """The overrides, one method an operation.

    Parameters
    ----------
    eks_images : callable
        What EKS publishes of its images.
    """

    def __init__(self, eks_images: Published) -> None:
        self._eks_images = eks_images

    def get_parameter(self, call: Call, params: dict[str, Any]) -> Answer:
        """Mend what moto is about to answer."""
        self._mend(call.region, params["Name"])
        return FORWARD

    def get_parameters(self, call: Call, params: dict[str, Any]) -> Answer:
        """Mend what moto is about to answer."""
        self._mend(call.region, *params["Names"])
        return FORWARD

    def get_parameters_by_path(self, call: Call, params: dict[str, Any]) -> Answer:
        """Mend what moto is about to answer."""
        self._mend(call.region, params["Path"])
        return FORWARD

    def _mend(self, region: str, *names: str) -> None:
        _mend(region, *names)
        if any(name.startswith(EKS_IMAGES) for name in names):
            _publish(region, self._eks_images)


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


def _publish(region: str, published: Published) -> None:
    moto_load.load()
    models = importlib.import_module("moto.ssm.models")
    parameters = models.ssm_backends[ACCOUNT][region]._parameters
    if parameters.__dict__.setdefault("lab_eks_images", False):
        return
    parameters.lab_eks_images = True
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    for name, value in published(region).items():
        made = models.Parameter(ACCOUNT, name, value, "String", None, None, None, now, 1, "text")
        parameters[name].append(made)
