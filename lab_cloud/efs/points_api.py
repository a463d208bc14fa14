"""Operations on access points.

References
----------
https://docs.aws.amazon.com/efs/latest/ug/API_CreateAccessPoint.html
"""

from typing import Any

from ..clock import Clock
from ..paging import page
from ..wire import Call
from .file_system import AccessPoint
from .store import EfsStore, bad, failure, new_id
from .systems_api import check_usable
from .tags import tag_map

PAGE = 100
MOST = 10_000


class PointOperations:
    """Create, describe and delete access points."""

    _store: EfsStore
    _clock: Clock

    def create_access_point(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateAccessPoint; its root directory is made when a client first mounts, where CreationInfo says how."""
        region = self._store.region(call.region)
        system = region.system(params["FileSystemId"])
        token = params["ClientToken"]
        root = params.get("RootDirectory") or {}
        for each in region.points_of(system):
            if each.token == token:
                if (each.path, each.user) == (root.get("Path", "/"), params.get("PosixUser") or {}):
                    return each.describe()
                text = f"Access point {each.id} already exists with client token '{token}'"
                raise failure("AccessPointAlreadyExists", text, AccessPointId=each.id)
        check_usable(system)
        if len(region.points_of(system)) >= MOST:
            raise failure("AccessPointLimitExceeded", f"A file system has at most {MOST} access points.")
        made = AccessPoint(
            id=new_id("fsap"),
            region=call.region,
            file_system=system.id,
            token=token,
            path=root.get("Path", "/"),
            creation=root.get("CreationInfo") or {},
            user=params.get("PosixUser") or {},
            tags=tag_map(params.get("Tags")),
            since=self._clock.now(),
        )
        region.points[made.id] = made
        return made.describe()

    def describe_access_points(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeAccessPoints: one, those of a file system, or all."""
        region = self._store.region(call.region)
        if params.get("AccessPointId") and params.get("FileSystemId"):
            raise bad("You can provide either AccessPointId or FileSystemId, not both.")
        found = list(region.points.values())
        if params.get("AccessPointId"):
            found = [region.point(params["AccessPointId"])]
        elif params.get("FileSystemId"):
            found = region.points_of(region.system(params["FileSystemId"]))
        shown = [each.describe() for each in found]
        some, token = page(shown, params.get("NextToken"), params.get("MaxResults") or PAGE, "BadRequest")
        return {"AccessPoints": some, "NextToken": token}

    def delete_access_point(self, call: Call, params: dict[str, Any]) -> None:
        """DeleteAccessPoint; the files below it stay."""
        region = self._store.region(call.region)
        region.points.pop(region.point(params["AccessPointId"]).id)
