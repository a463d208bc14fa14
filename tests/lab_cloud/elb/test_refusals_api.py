from .small_cloud import SmallCloud
from .test_api import refused
from .test_network import network


def test_trust_stores(cloud: SmallCloud) -> None:
    elbv2, arn = cloud.elbv2, "arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore/x/1"
    code, message = refused(
        elbv2.create_trust_store, Name="x", CaCertificatesBundleS3Bucket="b", CaCertificatesBundleS3Key="k"
    )
    assert (code, "mutual TLS" in message) == ("UnsupportedOperation", True)
    assert elbv2.describe_trust_stores()["TrustStores"] == []
    assert refused(elbv2.describe_trust_stores, Names=["x"])[0] == "TrustStoreNotFound"
    assert refused(elbv2.delete_trust_store, TrustStoreArn=arn)[0] == "TrustStoreNotFound"
    assert refused(elbv2.get_resource_policy, ResourceArn=arn)[0] == "ResourceNotFound"


def test_capacity_and_pools(cloud: SmallCloud) -> None:
    elbv2, balancer = cloud.elbv2, network(cloud)
    assert elbv2.describe_capacity_reservation(LoadBalancerArn=balancer)["CapacityReservationState"] == []
    assert refused(elbv2.describe_capacity_reservation, LoadBalancerArn="x")[0] == "LoadBalancerNotFound"
    wanted = {"CapacityUnits": 100}
    code, _ = refused(elbv2.modify_capacity_reservation, LoadBalancerArn=balancer, MinimumLoadBalancerCapacity=wanted)
    assert code == "UnsupportedOperation"
    assert refused(elbv2.modify_ip_pools, LoadBalancerArn=balancer)[0] == "UnsupportedOperation"
