from tests.lab_cloud.elb.small_cloud import cloud

__all__ = ["cloud"]
