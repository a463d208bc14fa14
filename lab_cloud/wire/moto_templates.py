"""Launch templates, instance profiles, images and key pairs in moto, for other services; under the world's lock."""

import importlib
from collections.abc import Mapping
from typing import Any

from ..errors import AwsError
from . import moto_load
from .call import ACCOUNT, PARTITION


def create(region: str, name: str, data: Mapping[str, Any], tags: Mapping[str, str]) -> str:
    """Make a launch template; its id.

    Parameters
    ----------
    region, name : str
        Where, and its name.
    data : mapping
        ``LaunchTemplateData``; ``UserData`` in base64.
    tags : mapping
        Its tags.
    """
    made = _ec2(region).create_launch_template(name, "", _data(data), {"launch-template": dict(tags)})
    return str(made.id)


def add_version(region: str, template: str, data: Mapping[str, Any]) -> str:
    """Add a version, which becomes the default; its number."""
    found = _ec2(region).get_launch_template(template)
    made = found.create_version(_data(data), "")
    found.default_version_number = made.number
    return str(made.number)


def delete(region: str, template: str) -> None:
    """Delete a launch template, if it exists."""
    backend = _ec2(region)
    found = backend.launch_templates.get(template)
    if found is not None:
        backend.delete_launch_template(found.name, template)


def _data(data: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(data)
    if made.get("UserData"):
        made["UserData"] = importlib.import_module("moto.core.types").Base64EncodedString(made["UserData"])
    return made


def has_key(region: str, name: str) -> bool:
    """Whether there is a key pair of this name."""
    return name in _ec2(region).key_pairs


def know_image(region: str, image_id: str, name: str, architecture: str, description: str) -> None:
    """Let EC2 know an image that AWS publishes."""
    backend = _ec2(region)
    if image_id in backend.amis or image_id in backend.deleted_amis:
        return
    ami = importlib.import_module("moto.ec2.models.amis").Ami
    backend.amis[image_id] = ami(
        backend,
        image_id,
        name=name,
        description=description,
        owner_id="602401143452",
        owner_alias="amazon",
        public=True,
        virtualization_type="hvm",
        architecture=architecture,
        hypervisor="xen",
        root_device_type="ebs",
        root_device_name="/dev/xvda",
        region_name=f"{region}a",
    )


def create_profile(name: str, role: str) -> str:
    """Make an instance profile with one role (its name); its ARN.

    Raises
    ------
    AwsError
        ``NoSuchEntity``.
    """
    try:
        made = _iam().create_instance_profile(name, "/", [role])
    except Exception as bug:
        raise AwsError("NoSuchEntity", str(getattr(bug, "message", bug))) from bug
    return str(made.arn)


def delete_profile(name: str) -> None:
    """Delete an instance profile with what is in it, if it exists."""
    _iam().instance_profiles.pop(name, None)


def has_profile(name: str) -> bool:
    """Whether there is an instance profile of this name."""
    return name in _iam().instance_profiles


def roles_of(profile_arn: str) -> list[str]:
    """The ARNs of the roles of an instance profile."""
    found = (one for one in _iam().instance_profiles.values() if one.arn == profile_arn)
    return [str(role.arn) for one in found for role in one.roles]


def _ec2(region: str) -> Any:
    moto_load.load()
    return importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]


def _iam() -> Any:
    moto_load.load()
    return importlib.import_module("moto.iam.models").iam_backends[ACCOUNT][PARTITION]
