import pytest

from tests.lab_cloud.eks.place import EksPlace
from tests.lab_cloud.eks.storage.disks import Disks


@pytest.fixture(scope="package")
def disks(eks: EksPlace) -> Disks:
    return Disks(eks)
