import json

from tests.stage import RunningCloud

RECOMMENDED = "/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended"


def test_what_aws_publishes_of_an_ecs_image_is_json(cloud: RunningCloud) -> None:
    ssm, ec2 = cloud.client("ssm"), cloud.client("ec2")
    image_id = ssm.get_parameter(Name=f"{RECOMMENDED}/image_id")["Parameter"]["Value"]
    told = json.loads(ssm.get_parameter(Name=RECOMMENDED)["Parameter"]["Value"])
    assert told["image_id"] == image_id
    assert told["os"] == "Amazon Linux 2023"
    assert ec2.describe_images(ImageIds=[image_id])["Images"][0]["Name"] == told["image_name"]


def test_also_when_several_are_asked_for(cloud: RunningCloud) -> None:
    ssm = cloud.client("ssm")
    (one,) = ssm.get_parameters(Names=[RECOMMENDED])["Parameters"]
    assert json.loads(one["Value"])["os"] == "Amazon Linux 2023"
    found = ssm.get_parameters_by_path(Path=RECOMMENDED)["Parameters"]
    assert all(isinstance(each["Value"], str) for each in found)
    assert {each["Name"].removeprefix(f"{RECOMMENDED}/") for each in found} >= {"image_id", "image_name"}


def test_a_learners_own_parameter_stays_as_it_is(cloud: RunningCloud) -> None:
    ssm, name = cloud.client("ssm"), f"/{cloud.name()}"
    ssm.put_parameter(Name=name, Type="String", Value="{'a': 1}")
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "{'a': 1}"
