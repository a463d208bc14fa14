from .small_cloud import SmallCloud, until
from .stage import forever


def test_from_nothing_to_a_page_and_back(cloud: SmallCloud) -> None:
    outside = cloud.security_group("outside")
    inside = cloud.security_group("inside", None)
    cloud.ec2.authorize_security_group_ingress(
        GroupId=inside,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": outside}]}],
    )
    balancer, group = cloud.balancer([outside]), cloud.group()
    cloud.listener(balancer, group)
    assert b"503 Service" in cloud.get("demo")
    address = cloud.task(forever, [inside])
    cloud.elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": address, "Port": 80}])
    until(lambda: cloud.states(group) == ["healthy"])
    assert b"200 OK" in cloud.get("demo", "/hello")
    assert cloud.elb.counters()[balancer].snapshot()["target_2xx"] == 1
