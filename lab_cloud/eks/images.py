"""EKS-optimized images (AMIs): their types and releases (`data/eks_ami_types.csv`, `data/eks_ami_releases.csv`).

References
----------
https://docs.aws.amazon.com/eks/latest/userguide/eks-optimized-amis.html
https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html
"""

import csv
import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path

from ..errors import AwsError

DATA = Path(__file__).resolve().parents[2] / "data"
CUSTOM = "CUSTOM"
USUAL = "AL2023_x86_64_STANDARD"
MARKS = ("amazon-eks-node", "amazon-eks-arm64-node", "bottlerocket-aws-k8s")
"""What the names of images begin with that have a node agent."""
INVALID = "InvalidParameterException"


@dataclass(frozen=True)
class AmiType:
    """A kind of image.

    Parameters
    ----------
    name : str
        For example ``AL2023_x86_64_STANDARD``.
    architecture : str
        ``x86_64`` or ``arm64``.
    image_name : str
        The pattern of its images' names.
    parameter : str
        Where SSM has it, below ``/aws/service/eks/optimized-ami/VERSION/``; empty when it does not.
    os_image : str
        As nodes tell it.
    last_version : str
        The last version of Kubernetes that has one; empty when there is no last.
    """

    name: str
    architecture: str
    image_name: str
    parameter: str
    os_image: str
    last_version: str


@dataclass(frozen=True)
class Image:
    """One image of one release.

    Parameters
    ----------
    id, name, architecture : str
        As EC2 describes it.
    kind : AmiType
        Its kind.
    version, release : str
        Of Kubernetes, and of the image: ``1.36.0-20261112``.
    """

    id: str
    name: str
    architecture: str
    kind: AmiType
    version: str
    release: str


@functools.cache
def types() -> dict[str, AmiType]:
    """All kinds by name."""
    with (DATA / "eks_ami_types.csv").open(encoding="utf-8", newline="") as file:
        rows = [{key: value for key, value in row.items() if key != "source"} for row in csv.DictReader(file)]
    return {row["ami_type"]: AmiType(row.pop("ami_type"), **row) for row in rows}


@functools.cache
def releases() -> dict[str, list[str]]:
    """The releases of each version of Kubernetes, the newest first."""
    found: dict[str, list[str]] = {}
    with (DATA / "eks_ami_releases.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["version"], []).append(row["release_version"])
    return found


@functools.cache
def all_images(region: str) -> dict[str, Image]:
    """All images of a region by id. An id is made of what the image is, so that it stays the same."""
    made = [
        _image(region, kind, version, release)
        for kind in types().values()
        for version, listed in releases().items()
        if not kind.last_version or minor(version) <= minor(kind.last_version)
        for release in listed
    ]
    return {each.id: each for each in made}


def _image(region: str, kind: AmiType, version: str, release: str) -> Image:
    mark = hashlib.sha256(f"{region}/{kind.name}/{release}".encode()).hexdigest()[:17]
    name = kind.image_name.format(version=version, date=release.rpartition("-")[2])
    return Image(f"ami-{mark}", name, kind.architecture, kind, version, release)


def minor(version: str) -> int:
    """The number behind the dot of a version."""
    return int(version.partition(".")[2])


def find(region: str, kind: str, version: str, release: str = "") -> Image:
    """The image that a node group uses.

    Parameters
    ----------
    region : str
        Where.
    kind : str
        The name of its AMI type.
    version : str
        Of Kubernetes.
    release : str
        Its release; empty for the newest.

    Raises
    ------
    AwsError
        ``InvalidParameterException``.
    """
    wanted = types().get(kind)
    if wanted is None:
        listed = ", ".join(types())
        raise AwsError(INVALID, f"The amiType {kind} is not here. The embedded cloud has {listed} and {CUSTOM}.")
    found = [each for each in all_images(region).values() if each.kind is wanted and each.version == version]
    if not found:
        message = f"Requested Nodegroup version {version} is not supported for AMI type {kind}."
        raise AwsError(INVALID, message)
    if not release:
        return found[0]
    for each in found:
        if each.release == release:
            return each
    listed = ", ".join(each.release for each in found)
    raise AwsError(INVALID, f"Requested release version {release} is not valid for kubernetes version {version}. "
                   f"There are {listed}.")  # fmt: skip


def parameters(region: str) -> dict[str, str]:
    """What SSM has: the ids, names and releases of the images that are recommended."""
    found = {}
    for image in all_images(region).values():
        if not image.kind.parameter or image.release != releases()[image.version][0]:
            continue
        base = f"/aws/service/eks/optimized-ami/{image.version}/{image.kind.parameter}/recommended"
        found[f"{base}/image_id"] = image.id
        found[f"{base}/image_name"] = image.name
        found[f"{base}/release_version"] = image.release
    return found
