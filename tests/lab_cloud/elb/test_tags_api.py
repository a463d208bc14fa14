from .small_cloud import SmallCloud
from .test_api import refused
from .test_network import listener, network, tcp_group


def tags(count: int, prefix: str = "key") -> list[dict[str, str]]:
    return [{"Key": f"{prefix}-{number}", "Value": "x"} for number in range(count)]


def test_tags_of_every_kind_of_resource(cloud: SmallCloud) -> None:
    balancer, group = network(cloud, Tags=[{"Key": "a", "Value": "1"}]), tcp_group(cloud)
    every = [balancer, group, listener(cloud, balancer, group)]
    cloud.elbv2.add_tags(ResourceArns=every, Tags=[{"Key": "b", "Value": "2"}, {"Key": "c"}])
    cloud.elbv2.remove_tags(ResourceArns=every, TagKeys=["c", "none"])
    found = cloud.elbv2.describe_tags(ResourceArns=every)["TagDescriptions"]
    b = {"Key": "b", "Value": "2"}
    assert [one["Tags"] for one in found] == [[{"Key": "a", "Value": "1"}, b], [b], [b]]
    assert [one["ResourceArn"] for one in found] == every


def test_tags_that_cannot_be(cloud: SmallCloud) -> None:
    balancer, add = network(cloud), cloud.elbv2.add_tags
    add(ResourceArns=[balancer], Tags=tags(50))
    add(ResourceArns=[balancer], Tags=tags(50))
    assert refused(add, ResourceArns=[balancer], Tags=tags(1, "more"))[0] == "TooManyTags"
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    assert refused(add, ResourceArns=[balancer], Tags=twice)[0] == "DuplicateTagKeys"
    assert refused(add, ResourceArns=[balancer], Tags=tags(1, "aws:x"))[0] == "ValidationError"
    assert refused(add, ResourceArns=[balancer], Tags=tags(1, "x" * 128))[0] == "ValidationError"
    assert refused(add, ResourceArns=[balancer], Tags=[{"Key": "a", "Value": "x" * 257}])[0] == "ValidationError"
    describe = cloud.elbv2.describe_tags
    assert refused(describe, ResourceArns=[balancer] * 21)[0] == "ValidationError"
    assert refused(describe, ResourceArns=["not-an-arn"])[0] == "ValidationError"
    assert refused(describe, ResourceArns=[balancer + "x"])[0] == "LoadBalancerNotFound"
    group = tcp_group(cloud)
    assert refused(describe, ResourceArns=[group + "x"])[0] == "TargetGroupNotFound"
    arn = listener(cloud, balancer, group)
    assert refused(describe, ResourceArns=[arn + "x"])[0] == "ListenerNotFound"
    rule = arn.replace(":listener/", ":listener-rule/") + "/x"
    assert refused(cloud.elbv2.remove_tags, ResourceArns=[rule], TagKeys=["a"])[0] == "RuleNotFound"
    assert refused(cloud.group, Tags=twice)[0] == "DuplicateTagKeys"
