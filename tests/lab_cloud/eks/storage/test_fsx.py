"""FSx for Lustre, and Trident on FSx for ONTAP."""

from tests.lab_cloud.eks.storage.disks import Disks
from tests.lab_cloud.eks.storage.test_ebs import READ, WRITE
from tests.waiting import until

LUSTRE, TRIDENT = "fsx.csi.aws.com", "csi.trident.netapp.io"


def test_a_claim_of_lustre_gets_a_file_system(disks: Disks) -> None:
    fsx = disks.cloud.client("fsx")
    subnet = disks.place.by_zone[disks.zones[0]]
    disks.make_class("lustre", LUSTRE, parameters={"subnetId": subnet, "deploymentType": "SCRATCH_2"})
    disks.allow("AmazonFSxFullAccess")
    disks.install("aws-fsx-csi-driver", LUSTRE)
    disks.claim("big", "lustre", "1200Gi", "ReadWriteMany")
    volume = disks.bound("big")
    (found,) = fsx.describe_file_systems(FileSystemIds=[volume.spec.csi.volume_handle])["FileSystems"]
    assert (found["FileSystemType"], found["StorageCapacity"]) == ("LUSTRE", 1200)
    assert volume.spec.capacity == {"storage": "1200Gi"}
    for name, code, zone in zip(("one", "two"), (WRITE, READ), disks.zones, strict=True):
        disks.pod(name, "big", code, zone)
        assert disks.ends(name) in ("written\n", "kept\n")
        disks.delete_pod(name)
    disks.delete_claim("big")
    until(lambda: not disks.volumes(), 20)
    assert fsx.describe_file_systems()["FileSystems"] == []


def test_trident_makes_volumes_in_a_file_system_of_ontap(disks: Disks) -> None:
    disks.make_class("ontap", TRIDENT, parameters={"backendType": "ontap-nas"}, allowVolumeExpansion=True)
    disks.install("netapp_trident-operator", TRIDENT)
    disks.claim("nas", "ontap", mode="ReadWriteMany")
    assert "no available backends" in disks.told("nas", "ProvisioningFailed", "no available backends")
    subnets = [disks.place.by_zone[each] for each in disks.zones]
    fsx = disks.cloud.client("fsx")
    made = fsx.create_file_system(
        FileSystemType="ONTAP", StorageCapacity=1024, SubnetIds=subnets,
        OntapConfiguration={"DeploymentType": "MULTI_AZ_1", "ThroughputCapacity": 128, "PreferredSubnetId": subnets[0]},
    )["FileSystem"]["FileSystemId"]  # fmt: skip
    assert disks.bound("nas").spec.csi.volume_attributes["backendUUID"] == made
    for name, code, zone in zip(("one", "two"), (WRITE, READ), disks.zones, strict=True):
        disks.pod(name, "nas", code, zone)
        assert disks.ends(name) in ("written\n", "kept\n")
        disks.delete_pod(name)
    disks.core.patch_namespaced_persistent_volume_claim(
        "nas", "default", {"spec": {"resources": {"requests": {"storage": "9Gi"}}}}
    )
    until(lambda: disks.pvc("nas").status.capacity["storage"] == "9Gi", 20)
    disks.delete_claim("nas")
    until(lambda: not disks.volumes(), 20)
    fsx.delete_file_system(FileSystemId=made)
