"""EC2 instances, images and launch templates in moto. The instances are records that count CPU and memory, with no
virtual machine behind them, and say so.

Every function must be called under the world's lock. As long as moto has not been loaded there is no instance yet: then
nothing is found, and nothing is loaded.
"""

import base64
import datetime
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import AwsError
from . import moto_load
from .call import ACCOUNT

LABEL = ("embedded-cloud", "capacity record: there is no virtual machine")
STATES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopped": 80}


@dataclass(frozen=True)
class Record:
    """One instance.

    Parameters
    ----------
    id, type, image, zone, subnet, address, state : str
        As EC2 describes it; `address` is the private one.
    user_data : str
        Decoded.
    profile : str
        The ARN of its instance profile; empty when it has none.
    launched : float
        Epoch seconds.
    public : bool
        Whether it has a public address.
    tags : dict
        Its tags.
    """

    id: str
    type: str
    image: str
    zone: str
    subnet: str
    address: str
    state: str
    user_data: str
    profile: str
    launched: float
    public: bool
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Image:
    """An AMI."""

    id: str
    name: str
    architecture: str


@dataclass(frozen=True)
class Template:
    """One version of a launch template.

    Parameters
    ----------
    id, name : str
        The template's.
    version : int
        Its number.
    data : dict
        ``LaunchTemplateData``.
    """

    id: str
    name: str
    version: int
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Order:
    """What to launch."""

    image: str
    type: str
    subnet: str
    groups: Sequence[str] = ()
    user_data: str = ""  # base64, as the template has it
    profile: str = ""  # name or ARN
    public: bool | None = None
    key: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    spot: bool = False


def label(region: str) -> None:
    """Put the label on every instance of a region that has none yet."""
    backend = _backend(region)
    if backend is None:
        return
    key, value = LABEL
    for instance in backend.all_instances():
        if key not in backend.tags.get(instance.id, {}):
            backend.tags[instance.id][key] = value


def tag(region: str, instance_id: str, key: str, value: str) -> None:
    """Put a tag on an instance; an empty value takes it off."""
    backend = _backend(region)
    if backend is None:
        return
    if value:
        backend.tags[instance_id][key] = value[:255]
    else:
        backend.tags.get(instance_id, {}).pop(key, None)


def records(region: str) -> list[Record]:
    """All instances of a region, oldest first."""
    return [_record(backend, one) for backend, one in _instances(region)]


def record(region: str, instance_id: str) -> Record | None:
    """One instance, or None."""
    return next((_record(backend, one) for backend, one in _instances(region) if one.id == instance_id), None)


def launch(region: str, order: Order) -> Record:
    """Make an instance, pending.

    Raises
    ------
    AwsError
        When EC2 refuses.
    """
    backend = _made(region)
    nic = {"DeviceIndex": 0, "SubnetId": order.subnet, "DeleteOnTermination": True}
    if order.public is not None:
        nic["AssociatePublicIpAddress"] = order.public
    try:
        made = backend.run_instances(
            order.image,
            1,
            _encoded(order.user_data),
            [],
            instance_type=order.type,
            is_instance_type_default=False,
            region_name=region,
            subnet_id=order.subnet,
            key_name=order.key or None,
            security_group_ids=list(order.groups),
            nics=[nic],
            associate_public_ip=order.public,
            tags={"instance": {**order.tags, LABEL[0]: LABEL[1]}},
            instance_market_options={"MarketType": "spot"} if order.spot else {},
        ).instances[0]
        if order.profile:
            kind = "arn" if order.profile.startswith("arn:") else "name"
            backend.associate_iam_instance_profile(made.id, **{f"iam_instance_profile_{kind}": order.profile})
    except StopIteration as bug:
        lacking = f"There aren't sufficient free Ipv4 addresses or Prefixes in subnet '{order.subnet}'"
        raise AwsError("InsufficientFreeAddressesInSubnet", f"{lacking} to satisfy the request.") from bug
    except Exception as bug:
        raise _refused(bug) from bug
    _set(made, "pending")
    return _record(backend, made)


def set_state(region: str, instance_id: str, state: str) -> None:
    """Bring an instance into a state; what is terminated stays so."""
    for _backend_of_it, one in _instances(region):
        if one.id != instance_id or one.state == "terminated":
            continue
        if state == "terminated":
            one.terminate()
        else:
            _set(one, state)


def forget_ended(region: str, now: float, kept: float) -> None:
    """Forget instances a while after they have ended, as EC2 does after about an hour.

    Parameters
    ----------
    region : str
        Where.
    now, kept : float
        Epoch seconds, and how many seconds they stay.
    """
    backend = _backend(region)
    if backend is None:
        return
    # kept on the backend itself, so that it is forgotten with it
    ended: dict[str, float] = backend.__dict__.setdefault("lab_ended", {})
    for key, reservation in list(backend.reservations.items()):
        for one in list(reservation.instances):
            if one.state == "terminated" and now - ended.setdefault(one.id, now) > kept:
                reservation.instances.remove(one)
                del ended[one.id]
        if not reservation.instances:
            del backend.reservations[key]


def image(region: str, image_id: str) -> Image:
    """An AMI.

    Raises
    ------
    AwsError
        ``InvalidAMIID.NotFound``.
    """
    try:
        found = _made(region).describe_images(ami_ids=[image_id])[0]
    except Exception as bug:
        raise _refused(bug) from bug
    return Image(found.id, found.name or "", found.architecture or "x86_64")


def template(region: str, reference: Mapping[str, Any]) -> Template:
    """A version of a launch template.

    Parameters
    ----------
    region : str
        Where.
    reference : mapping
        ``LaunchTemplateId`` or ``LaunchTemplateName``, and ``Version``: a number, ``$Latest`` or ``$Default``.

    Raises
    ------
    AwsError
        ``InvalidLaunchTemplateId.NotFound`` and its neighbours.
    """
    backend = _made(region)
    try:
        if reference.get("LaunchTemplateId"):
            found = backend.get_launch_template(reference["LaunchTemplateId"])
        else:
            found = backend.get_launch_template_by_name(reference.get("LaunchTemplateName", ""))
        asked = reference.get("Version") or "$Default"
        version = found.get_version(asked)
    except ValueError as bug:
        raise AwsError("InvalidLaunchTemplateId.VersionNotFound", f"There is no version {asked}.") from bug
    except Exception as bug:
        raise _refused(bug) from bug
    return Template(found.id, found.name, version.number, version.data)


def missing_profile(profile: str) -> str:
    """Why an instance profile (its name or ARN) cannot be used; empty when it can."""
    return "" if not profile or _profile(profile) is not None else f"Invalid IAM Instance Profile name: {profile}"


def role_arns_of(profile_arn: str) -> list[str]:
    """The ARNs of the roles in an instance profile."""
    found = _profile(profile_arn)
    return [str(role.arn) for role in found.roles] if found is not None else []


def default_subnets(region: str, zones: Sequence[str]) -> list[str]:
    """The default subnets of Availability Zones."""
    backend = _backend(region)
    if backend is None:
        return []
    subnets = [one for zone in zones for one in backend.subnets.get(zone, {}).values()]
    return [one.id for one in subnets if str(one.default_for_az).lower() == "true"]


def _profile(reference: str) -> Any:
    moto_load.load()
    iam: Any = importlib.import_module("moto.iam.models").iam_backends[ACCOUNT]["aws"]
    return next((one for one in iam.instance_profiles.values() if reference in (one.name, one.arn)), None)


def _instances(region: str) -> Iterator[tuple[Any, Any]]:
    backend = _backend(region)
    for one in backend.all_instances() if backend is not None else ():
        yield backend, one


def _backend(region: str) -> Any:
    """EC2 in a region; None where nobody has used it yet."""
    if not moto_load.loaded():
        return None
    used = importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT]
    return used.get(region)


def _made(region: str) -> Any:
    """EC2 in a region, made when nobody has used it yet."""
    moto_load.load()
    return importlib.import_module("moto.ec2.models").ec2_backends[ACCOUNT][region]


def _record(backend: Any, one: Any) -> Record:
    profile = one.iam_instance_profile or {}
    return Record(
        id=one.id,
        type=one.instance_type,
        image=one.image_id,
        zone=str(one.placement.zone),
        subnet=str(one.subnet_id or ""),
        address=str(one.private_ip or ""),
        state=str(one.state),
        user_data=_decoded(one.user_data),
        profile=str(profile.get("Arn", "")),
        launched=one.launch_time.replace(tzinfo=datetime.UTC).timestamp(),
        public=one.public_ip is not None,
        tags=dict(backend.tags.get(one.id, {})),
    )


def _set(one: Any, state: str) -> None:
    one._state.name, one._state.code = state, STATES[state]


def _encoded(text: str) -> Any:
    if not text:
        return None
    return importlib.import_module("moto.core.types").Base64EncodedString(text)


def _decoded(data: Any) -> str:
    if data is None:
        return ""
    try:
        return base64.b64decode(str(data)).decode("utf-8", "replace")
    except ValueError:
        return str(data)


def _refused(bug: Exception) -> AwsError:
    code = getattr(bug, "code", None) or getattr(bug, "error_type", None)
    message = getattr(bug, "message", None) or getattr(bug, "description", None)
    return AwsError(str(code or "InvalidParameterValue"), str(message or bug))
