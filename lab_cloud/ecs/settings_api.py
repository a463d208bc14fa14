"""Operations on account settings: stored, shown, and without effect on the embedded cloud."""

from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, PARTITION, Call
from .paging import page
from .store import Region, Store

DEFAULTS = {
    "serviceLongArnFormat": "enabled",
    "taskLongArnFormat": "enabled",
    "containerInstanceLongArnFormat": "enabled",
    "awsvpcTrunking": "disabled",
    "containerInsights": "disabled",
    "fargateFIPSMode": "disabled",
    "tagResourceAuthorization": "off",
    "fargateTaskRetirementWaitPeriod": "7",
    "guardDutyActivate": "off",
    "defaultLogDriverMode": "non-blocking",
}
"""What a new account has, by the Amazon ECS Developer Guide, "Account settings"."""
ROOT = f"arn:{PARTITION}:iam::{ACCOUNT}:root"


class SettingOperations:
    """List, put and delete account settings."""

    _store: Store

    def list_account_settings(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAccountSettings; with `effectiveSettings` the defaults too."""
        region = self._store.region(call.region)
        if params.get("value") and not params.get("name"):
            raise AwsError("InvalidParameterException", "Name the setting whose value is asked for.")
        shown = {**(DEFAULTS if params.get("effectiveSettings") else {}), **region.settings}
        found = [
            _setting(name, value)
            for name, value in sorted(shown.items())
            if params.get("name") in (None, name) and params.get("value") in (None, value)
        ]
        settings, token = page(found, params, most=10)
        return {"settings": settings, "nextToken": token}

    def put_account_setting(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutAccountSetting."""
        _check(params["name"], params["value"])
        region: Region = self._store.region(call.region)
        region.settings[params["name"]] = params["value"]
        return {"setting": _setting(params["name"], params["value"])}

    def put_account_setting_default(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutAccountSettingDefault: the account has one user, so it is the same."""
        return self.put_account_setting(call, params)

    def delete_account_setting(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteAccountSetting."""
        self._store.region(call.region).settings.pop(params["name"], None)
        return {"setting": _setting(params["name"], DEFAULTS.get(params["name"], ""))}


def _check(name: str, value: str) -> None:
    if name.endswith("LongArnFormat") and value != "enabled":
        raise AwsError("InvalidParameterException", f"The setting {name} can only be enabled; short ARNs are gone.")
    if name == "fargateTaskRetirementWaitPeriod" and value not in ("0", "7", "14"):
        raise AwsError("InvalidParameterException", "fargateTaskRetirementWaitPeriod must be 0, 7 or 14 days.")


def _setting(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value, "principalArn": ROOT, "type": "user"}
