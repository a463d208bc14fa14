"""Which actions of IAM an API call needs. Pure.

Most operations need the action of their own name. The exceptions follow the "Service Authorization Reference",
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html.
"""

PREFIXES = {
    "dynamodbstreams": "dynamodb",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tag",
    "s3control": "s3",
    "sesv2": "ses",
    "stepfunctions": "states",
}
"""What stands before the colon, where that is not botocore's name of the service."""

OTHERS: dict[str, dict[str, tuple[str, ...]]] = {
    "s3": {
        "AbortMultipartUpload": ("AbortMultipartUpload",),
        "CompleteMultipartUpload": ("PutObject",),
        "CopyObject": ("PutObject",),
        "CreateMultipartUpload": ("PutObject",),
        "DeleteBucketCors": ("PutBucketCORS",),
        "DeleteBucketEncryption": ("PutEncryptionConfiguration",),
        "DeleteBucketLifecycle": ("PutLifecycleConfiguration",),
        "DeleteBucketTagging": ("PutBucketTagging",),
        "DeleteObjects": ("DeleteObject",),
        "DeletePublicAccessBlock": ("PutBucketPublicAccessBlock",),
        "GetBucketAccelerateConfiguration": ("GetAccelerateConfiguration",),
        "GetBucketCors": ("GetBucketCORS",),
        "GetBucketEncryption": ("GetEncryptionConfiguration",),
        "GetBucketLifecycle": ("GetLifecycleConfiguration",),
        "GetBucketLifecycleConfiguration": ("GetLifecycleConfiguration",),
        "GetBucketNotificationConfiguration": ("GetBucketNotification",),
        "GetBucketReplication": ("GetReplicationConfiguration",),
        "GetObjectAttributes": ("GetObject", "GetObjectAttributes"),
        "GetObjectLockConfiguration": ("GetBucketObjectLockConfiguration",),
        "GetPublicAccessBlock": ("GetBucketPublicAccessBlock",),
        "HeadBucket": ("ListBucket",),
        "HeadObject": ("GetObject",),
        "ListBuckets": ("ListAllMyBuckets",),
        "ListMultipartUploads": ("ListBucketMultipartUploads",),
        "ListObjectVersions": ("ListBucketVersions",),
        "ListObjects": ("ListBucket",),
        "ListObjectsV2": ("ListBucket",),
        "ListParts": ("ListMultipartUploadParts",),
        "PutBucketCors": ("PutBucketCORS",),
        "PutBucketEncryption": ("PutEncryptionConfiguration",),
        "PutBucketLifecycle": ("PutLifecycleConfiguration",),
        "PutBucketLifecycleConfiguration": ("PutLifecycleConfiguration",),
        "PutBucketNotificationConfiguration": ("PutBucketNotification",),
        "PutBucketReplication": ("PutReplicationConfiguration",),
        "PutObjectLockConfiguration": ("PutBucketObjectLockConfiguration",),
        "PutPublicAccessBlock": ("PutBucketPublicAccessBlock",),
        "UploadPart": ("PutObject",),
        "UploadPartCopy": ("PutObject",),
    },
    "sqs": {
        "ChangeMessageVisibilityBatch": ("ChangeMessageVisibility",),
        "DeleteMessageBatch": ("DeleteMessage",),
        "SendMessageBatch": ("SendMessage",),
    },
    "sns": {"PublishBatch": ("Publish",)},
    "dynamodb": {
        "BatchExecuteStatement": ("PartiQLSelect",),
        "ExecuteStatement": ("PartiQLSelect",),
        "TransactGetItems": ("GetItem",),
        "TransactWriteItems": ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
    },
    "lambda": {"Invoke": ("InvokeFunction",)},
    "secretsmanager": {"BatchGetSecretValue": ("BatchGetSecretValue", "GetSecretValue")},
}
FREE = {
    "sts": ("GetCallerIdentity", "GetSessionToken", "AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"),
}
"""Operations that need no permission, or those that the trust policy of a role decides."""


def actions_of(service: str, operation: str) -> tuple[str, ...]:
    """The actions that a call needs, for example ``("s3:PutObject",)``; empty for one that needs none.

    Parameters
    ----------
    service, operation : str
        As botocore spells them.
    """
    if operation in FREE.get(service, ()):
        return ()
    prefix = PREFIXES.get(service, service)
    if not operation:  # a request that fits no operation: only who may do all with the service may send it
        return (f"{prefix}:*",)
    return tuple(f"{prefix}:{name}" for name in OTHERS.get(service, {}).get(operation, (operation,)))
