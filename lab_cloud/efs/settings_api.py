"""Operations on what a file system has beside its files: its policy, lifecycle and backups.

References
----------
https://docs.aws.amazon.com/efs/latest/ug/API_PutFileSystemPolicy.html
https://docs.aws.amazon.com/efs/latest/ug/API_PutLifecycleConfiguration.html
"""

from typing import Any

from ..iam.document import Malformed, read
from ..wire import Call
from .store import EfsStore, bad, failure
from .systems_api import check_usable

MOST_POLICY = 20_000
KINDS = ("TransitionToIA", "TransitionToPrimaryStorageClass", "TransitionToArchive")


class SettingOperations:
    """Policies decide who mounts; lifecycle and backup settings are kept and shown only."""

    _store: EfsStore

    def put_file_system_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutFileSystemPolicy."""
        system = self._store.region(call.region).system(params["FileSystemId"])
        check_usable(system)
        text = params["Policy"]
        try:
            document = read(text)
        except Malformed as why:
            raise failure("InvalidPolicyException", f"The policy is not valid: {why}") from None
        if (
            not document.statements
            or len(text) > MOST_POLICY
            or any(each.principals is None for each in document.statements)
        ):
            raise failure("InvalidPolicyException", "Each statement needs a Principal, and at most 20000 characters.")
        system.policy = text
        return {"FileSystemId": system.id, "Policy": text}

    def describe_file_system_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeFileSystemPolicy; a file system without one lets in every client that reaches a mount target."""
        system = self._store.region(call.region).system(params["FileSystemId"])
        if not system.policy:
            raise failure("PolicyNotFound", f"File system '{system.id}' has no policy.")
        return {"FileSystemId": system.id, "Policy": system.policy}

    def delete_file_system_policy(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteFileSystemPolicy."""
        self._store.region(call.region).system(params["FileSystemId"]).policy = ""

    def put_lifecycle_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutLifecycleConfiguration: each transition in an object of its own."""
        system = self._store.region(call.region).system(params["FileSystemId"])
        check_usable(system)
        policies = params["LifecyclePolicies"]
        named = [kind for each in policies for kind in KINDS if each.get(kind)]
        if any(len(each) != 1 for each in policies) or len(set(named)) != len(named):
            raise bad("Each LifecyclePolicy object must have a single transition, and each kind only once.")
        system.lifecycle = policies
        return {"LifecyclePolicies": policies}

    def describe_lifecycle_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeLifecycleConfiguration."""
        return {"LifecyclePolicies": self._store.region(call.region).system(params["FileSystemId"]).lifecycle}

    def put_backup_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutBackupPolicy: kept and shown; nothing is backed up here."""
        system = self._store.region(call.region).system(params["FileSystemId"])
        check_usable(system)
        if params["BackupPolicy"]["Status"] not in ("ENABLED", "DISABLED"):
            raise failure("ValidationException", "The status must be ENABLED or DISABLED.")
        system.backup = params["BackupPolicy"]["Status"]
        return {"BackupPolicy": {"Status": system.backup}}

    def describe_backup_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeBackupPolicy."""
        return {"BackupPolicy": {"Status": self._store.region(call.region).system(params["FileSystemId"]).backup}}

    def put_account_preferences(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutAccountPreferences: all ids are long since 2020."""
        if params["ResourceIdType"] != "LONG_ID":
            raise bad("Only long resource IDs are supported.")
        return self.describe_account_preferences(call, params)

    def describe_account_preferences(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeAccountPreferences."""
        return {"ResourceIdPreference": {"ResourceIdType": "LONG_ID", "Resources": ["FILE_SYSTEM", "MOUNT_TARGET"]}}
