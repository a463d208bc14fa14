"""The things of S3 and DynamoDB that a lab makes."""

from collections.abc import Iterator
from typing import Any

from .inventory import Kind, Tags, Thing, pages


def _buckets(s3: Any, tags: Tags) -> Iterator[Thing]:
    from botocore.exceptions import ClientError

    for one in pages(s3, "list_buckets", "Buckets"):
        try:
            lab = tags.lab(s3.get_bucket_tagging(Bucket=one["Name"])["TagSet"])
        except ClientError as error:
            # without tags, gone meanwhile, in another region, or not ours to read: none of the lab's in any case
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
                raise
            continue
        if lab is not None:
            yield Thing("bucket", one["Name"], one["Name"], lab)


def _delete_bucket(s3: Any, thing: Thing) -> None:
    """Empty it, with all versions, and delete it."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=thing.id):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        if objects:
            s3.delete_objects(Bucket=thing.id, Delete={"Objects": objects, "Quiet": True})
    s3.delete_bucket(Bucket=thing.id)


def _tables(dynamodb: Any, tags: Tags) -> Iterator[Thing]:
    for name in pages(dynamodb, "list_tables", "TableNames"):
        table = dynamodb.describe_table(TableName=name)["Table"]
        lab = tags.lab(dynamodb.list_tags_of_resource(ResourceArn=table["TableArn"])["Tags"])
        if lab is not None and table["TableStatus"] != "DELETING":
            yield Thing("table", name, name, lab)


def _delete_table(dynamodb: Any, thing: Thing) -> None:
    dynamodb.delete_table(TableName=thing.id)


BUCKETS = Kind("bucket", "s3", _buckets, _delete_bucket)
TABLES = Kind("table", "dynamodb", _tables, _delete_table)

KINDS: tuple[Kind, ...] = (BUCKETS, TABLES)
