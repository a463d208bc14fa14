"""Volumes of Amazon EBS: by the driver, in one zone, on one node."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab_cloud.eks.storage.disks import Disks
from tests.waiting import until

POLICY = "service-role/AmazonEBSCSIDriverPolicy"
WRITE = "import sys, pathlib; place = pathlib.Path(sys.argv[1]) / 'note'; place.write_text('kept'); print('written')"
READ = "import sys, pathlib; print((pathlib.Path(sys.argv[1]) / 'note').read_text())"
STAY = "import sys, time; print('here'); time.sleep(600)"


@pytest.fixture(scope="module")
def ebs(disks: Disks) -> Iterator[Disks]:
    options = {"volumeBindingMode": "WaitForFirstConsumer", "allowVolumeExpansion": True}
    parameters = {"type": "gp3", "encrypted": "true", "tagSpecification_1": "lab=containers-on-aws"}
    disks.make_class("fast", "ebs.csi.aws.com", parameters=parameters, **options)
    yield disks


def test_a_claim_waits_for_the_driver_and_for_its_role(ebs: Disks) -> None:
    assert [each.metadata.name for each in ebs.classes.list_storage_class().items if each.metadata.annotations] == []
    ebs.claim("nobodys", None)
    ebs.claim("none", "misspelt")
    assert ebs.told("nobodys", "FailedBinding").endswith("for this claim and no storage class is set")
    assert ebs.told("none", "ProvisioningFailed") == 'storageclass.storage.k8s.io "misspelt" not found'
    ebs.claim("first", "fast")
    assert ebs.told("first", "WaitForFirstConsumer") == "waiting for first consumer to be created before binding"
    ebs.pod("writer", "first", WRITE)
    told = ebs.told("first", "ExternalProvisioning")
    assert told.startswith("Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com'")
    ebs.install("aws-ebs-csi-driver", "ebs.csi.aws.com")
    told = ebs.told("first", "ProvisioningFailed")
    assert told.startswith('failed to provision volume with StorageClass "fast": rpc error: code = Internal')
    assert "api error UnauthorizedOperation" in told
    assert "ec2:CreateVolume" in told
    assert (ebs.phase("writer"), ebs.pvc("first").status.phase) == ("Pending", "Pending")
    ebs.allow(POLICY)
    ebs.bound("first")
    assert ebs.ends("writer") == "written\n"
    assert ebs.told("writer", "SuccessfulAttachVolume").startswith("AttachVolume.Attach succeeded for volume")
    for each in ("nobodys", "none"):
        ebs.delete_claim(each)
    until(lambda: ebs.claims() == ["first"])


def test_a_volume_is_one_of_ec2_and_outlives_its_pod(ebs: Disks) -> None:
    volume = ebs.bound("first")
    handle = volume.spec.csi.volume_handle
    found = ebs.ec2.describe_volumes(VolumeIds=[handle])["Volumes"][0]
    tags = {each["Key"]: each["Value"] for each in found["Tags"]}
    assert (found["Size"], found["VolumeType"], found["Encrypted"]) == (4, "gp3", True)
    assert tags["lab"] == "containers-on-aws"
    assert tags["kubernetes.io/created-for/pvc/name"] == "first"
    zone = volume.spec.node_affinity.required.node_selector_terms[0].match_expressions[0].values
    assert zone == [found["AvailabilityZone"]]
    ebs.delete_pod("writer")
    until(lambda: ebs.ec2.describe_volumes(VolumeIds=[handle])["Volumes"][0]["State"] == "available")
    ebs.pod("reader", "first", READ)
    assert ebs.ends("reader") == "kept\n"
    ebs.delete_pod("reader")


def test_a_volume_is_in_one_zone(ebs: Disks) -> None:
    (zone,) = ebs.bound("first").spec.node_affinity.required.node_selector_terms[0].match_expressions[0].values
    (other,) = {*ebs.zones} - {zone}
    ebs.pod("afar", "first", READ, other)
    told = ebs.told("afar", "FailedScheduling")
    assert "1 node(s) had volume node affinity conflict" in told
    assert ebs.phase("afar") == "Pending"
    ebs.delete_pod("afar")


def test_a_volume_grows_when_its_class_allows_it(ebs: Disks) -> None:
    import kubernetes

    def ask(size: str) -> None:
        patch = {"spec": {"resources": {"requests": {"storage": size}}}}
        ebs.core.patch_namespaced_persistent_volume_claim("first", "default", patch)

    ask("6Gi")
    until(lambda: ebs.pvc("first").status.capacity["storage"] == "6Gi", 20)
    volume = ebs.bound("first")
    assert ebs.ec2.describe_volumes(VolumeIds=[volume.spec.csi.volume_handle])["Volumes"][0]["Size"] == 6
    ebs.classes.patch_storage_class("fast", {"allowVolumeExpansion": False})
    with pytest.raises(kubernetes.client.ApiException) as caught:
        ask("8Gi")
    assert "only dynamically provisioned pvc can be resized" in str(caught.value.body)


def test_a_claim_in_use_stays_and_a_volume_goes_with_its_claim(ebs: Disks) -> None:
    handle = ebs.bound("first").spec.csi.volume_handle
    ebs.pod("holder", "first", STAY)
    until(lambda: ebs.phase("holder") == "Running", 20)
    ebs.delete_claim("first")
    assert ebs.pvc("first").metadata.deletion_timestamp is not None
    assert ebs.pvc("first").metadata.finalizers == ["kubernetes.io/pvc-protection"]
    ebs.delete_pod("holder")
    until(lambda: not ebs.claims() and not ebs.volumes(), 20)
    assert handle not in [each["VolumeId"] for each in ebs.ec2.describe_volumes()["Volumes"]]


def test_what_is_retained_can_be_claimed_again_by_hand(ebs: Disks) -> None:
    options = {"reclaimPolicy": "Retain", "volumeBindingMode": "Immediate"}
    ebs.make_class("kept", "ebs.csi.aws.com", **options)
    ebs.claim("old", "kept")
    volume = ebs.bound("old")
    name = volume.metadata.name
    ebs.pod("before", "old", WRITE)
    assert ebs.ends("before") == "written\n"
    ebs.delete_pod("before")
    ebs.delete_claim("old")
    until(lambda: ebs.core.read_persistent_volume(name).status.phase == "Released", 20)
    ebs.core.patch_persistent_volume(name, {"spec": {"claimRef": None}})
    until(lambda: ebs.core.read_persistent_volume(name).status.phase == "Available", 20)
    ebs.claim("new", "kept", volumeName=name)
    assert ebs.bound("new").metadata.name == name
    ebs.pod("after", "new", READ)
    assert ebs.ends("after") == "kept\n"
    ebs.delete_pod("after")
    ebs.delete_claim("new")
    ebs.core.delete_persistent_volume(name)
    until(lambda: not ebs.volumes(), 20)
    handle = volume.spec.csi.volume_handle
    assert ebs.ec2.describe_volumes(VolumeIds=[handle])["Volumes"][0]["State"] == "available"
    ebs.ec2.delete_volume(VolumeId=handle)


@pytest.mark.parametrize(
    ("parameters", "mode", "words"),
    [
        ({"type": "gp9"}, "ReadWriteOnce", "invalid AWS VolumeType: gp9"),
        ({"colour": "red"}, "ReadWriteOnce", "Invalid parameter key colour for CreateVolume"),
        ({"type": "gp3"}, "ReadWriteMany", "only access modes ReadWriteOnce"),
    ],
)
def test_what_the_driver_refuses(ebs: Disks, parameters: dict[str, Any], mode: str, words: str) -> None:
    ebs.make_class("bad", "ebs.csi.aws.com", parameters=parameters)
    ebs.claim("refused", "bad", mode=mode)
    assert ebs.told("refused", "ProvisioningFailed", words).startswith("failed to provision volume with StorageClass")
    ebs.delete_claim("refused")
    ebs.classes.delete_storage_class("bad")
    until(lambda: not ebs.claims(), 20)
