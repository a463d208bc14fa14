"""moto's tables say the same in little memory as they do in much."""

import json
import runpy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.wire import moto_lean, moto_load
from lab_cloud.wire.moto_apps import MotoApps

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture(autouse=True)
def loaded() -> None:
    moto_load.load()


@given(st.dictionaries(st.text(), JSON, max_size=5), st.sampled_from([None, 1]))
def test_the_members_of_an_object_come_one_after_another(whole: dict[str, Any], indent: int | None) -> None:
    assert dict(moto_lean.members(json.dumps(whole, indent=indent))) == whole


def test_types_are_those_of_the_file_with_equal_parts_kept_once() -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPES
    from moto.utilities.utils import load_resource

    assert load_resource(moto_lean.TYPES) == INSTANCE_TYPES
    small, large = INSTANCE_TYPES["t3.micro"], INSTANCE_TYPES["t3.small"]
    assert small["ProcessorInfo"] is large["ProcessorInfo"]


def test_what_a_region_sells_is_read_when_it_is_asked_for() -> None:
    from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS
    from moto.utilities.utils import load_resource

    where = "availability-zone"
    sold = load_resource(f"{moto_lean.OFFERINGS}/{where}/eu-west-1.json")
    asked = INSTANCE_TYPE_OFFERINGS[where]
    assert asked.get("eu-west-1", []) == [{**one, "LocationType": where} for one in sold]
    assert asked["eu-west-1"] is asked.get("eu-west-1")
    assert asked.get("ap-south-1") == asked["ap-south-1"] == []  # no region of this cloud


def test_awss_own_policies_are_all_there_also_after_a_reset() -> None:
    from moto.iam import aws_managed_policies
    from moto.iam.models import iam_backends

    assert aws_managed_policies.aws_managed_policies_data == ""
    told = json.loads(runpy.run_path(aws_managed_policies.__file__)["aws_managed_policies_data"])
    apps = MotoApps()
    for _ in range(2):
        apps.warm("us-east-1")
        made = iam_backends["123456789012"]["aws"].aws_managed_policies
        assert {one.name: json.loads(one.versions[-1].document) for one in made} == {
            name: about["Document"] for name, about in told.items()
        }
        apps.reset()
