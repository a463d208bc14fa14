"""Buckets and tables of a lab are found by their tags and deleted, full or empty; nothing else is."""

import pytest

from lab_helpers import Lab

pytestmark = pytest.mark.usefixtures("cloud")


def test_full_buckets_and_tables_go_and_those_of_others_stay() -> None:
    lab = Lab(2)
    lab.start()
    s3, dynamodb = lab.client("s3"), lab.client("dynamodb")
    lab.session.client("s3").create_bucket(
        Bucket="theirs", CreateBucketConfiguration={"Tags": [{"Key": "lab", "Value": "another"}]}
    )
    s3.create_bucket(Bucket="uploads")
    s3.put_bucket_versioning(Bucket="uploads", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two"):
        s3.put_object(Bucket="uploads", Key="in/a", Body=body)
    s3.delete_object(Bucket="uploads", Key="in/a")
    dynamodb.create_table(
        TableName="results", BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )  # fmt: skip
    assert {one["Key"] for one in s3.get_bucket_tagging(Bucket="uploads")["TagSet"]} >= {"lab", "learner"}
    there = {(thing.kind, thing.name) for thing in lab.teardown().things}
    assert there >= {("bucket", "uploads"), ("table", "results")}
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["theirs"]
    assert dynamodb.list_tables()["TableNames"] == []
