"""Operations on managed node groups.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html and its neighbours
https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html
"""

from typing import Any

from ..clock import Clock
from ..delays import Delays
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import images, names
from .cluster import Cluster
from .nodegroup import ACTIVE, CREATE_FAILED, DEGRADED, DELETE_FAILED, DELETING, DISK, UPDATING, Nodegroup
from .nodegroup_checks import INVALID, Checks
from .outside import Machines, Networks, Roles
from .store import Region
from .update import Update

MOST_LISTED = 100
USUAL_TYPE = "t3.medium"


class NodegroupOperations:
    """Create, describe, list, update and delete managed node groups."""

    _clock: Clock
    _delays: Delays
    _roles: Roles
    _networks: Networks
    _machines: Machines

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def create_nodegroup(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateNodegroup: CREATING at once, ACTIVE when its nodes are Ready."""
        cluster = self._region(call).usable(params["clusterName"])
        name, token = params["nodegroupName"], params.get("clientRequestToken") or ""
        known = cluster.nodegroups.get(name)
        if known is not None and token and token == known.token:
            return {"nodegroup": known.describe()}
        checks = Checks(cluster, name)
        checks.name()
        checks.not_here(params)
        least, most, desired = checks.scaling(params.get("scalingConfig") or {})
        checks.role(self._roles, params["nodeRole"])
        subnets = checks.subnets(self._networks, params["subnets"])
        version = checks.version(params.get("version"))
        template = self._template(call.region, checks, params)
        data = template.pop("data")
        ami, release = self._image(call.region, checks, params, data, version)
        asked = params.get("instanceTypes") or ([] if data.get("InstanceType") else [USUAL_TYPE])
        checks.types(asked or [data["InstanceType"]], ami)
        key, sources = checks.remote_access(self._networks, params.get("remoteAccess") or {})
        made = Nodegroup(
            name=name,
            cluster=cluster.name,
            region=call.region,
            role=params["nodeRole"],
            subnets=subnets,
            types=tuple(dict.fromkeys(asked)),
            least=least,
            most=most,
            desired=desired,
            ami=ami,
            capacity=params.get("capacityType") or "ON_DEMAND",
            version=version,
            release=release,
            disk=0 if template else params.get("diskSize") or DISK,
            created=self._clock.now(),
            labels=checks.labels(params.get("labels") or {}),
            taints=checks.taints(params.get("taints") or ()),
            tags=dict(params.get("tags") or {}),
            key=key,
            key_sources=sources,
            update_config=checks.update_config(params.get("updateConfig")),
            repair=dict(params.get("nodeRepairConfig") or {}),
            launch_template=template,
            token=token,
        )
        cluster.nodegroups[name] = made
        return {"nodegroup": made.describe()}

    def _template(self, region: str, checks: Checks, params: dict[str, Any]) -> dict[str, Any]:
        """The learner's launch template: id, name, version and data."""
        asked = params.get("launchTemplate") or {}
        if not asked:
            return {"data": {}}
        if bool(asked.get("id")) == bool(asked.get("name")):
            raise checks.refuse("Either launch template id or name must be specified, but not both.")
        if params.get("diskSize"):
            raise checks.refuse("Disk size must be specified within the launch template.")
        if params.get("remoteAccess"):
            raise checks.refuse("Remote access configuration cannot be specified with a launch template.")
        found = self._machines.template(region, asked)
        if found is None:
            raise checks.refuse("Launch template details can't be found: it does not exist, or not in this version.")
        data = found[3]
        if data.get("InstanceType") and params.get("instanceTypes"):
            message = "Cannot specify instance types in launch template and API request"
            raise checks.refuse(message, "InvalidRequestException")
        if data.get("IamInstanceProfile"):
            raise checks.refuse("Launch template should not specify an instance profile. The noderole in your request "
                                "will be used to construct an instance profile.")  # fmt: skip
        return {"id": found[0], "name": found[1], "version": found[2], "data": data}

    def _image(
        self, region: str, checks: Checks, params: dict[str, Any], data: dict[str, Any], version: str
    ) -> tuple[str, str]:
        """The AMI type and the release."""
        asked = params.get("amiType")
        if data.get("ImageId"):
            if asked and asked != images.CUSTOM:
                raise checks.refuse("You cannot specify an AMI Type other than CUSTOM, when specifying an image id in "
                                    "your launch template.")  # fmt: skip
            if params.get("version") or params.get("releaseVersion"):
                message = "You cannot specify the field version or releaseVersion when using a custom image."
                raise checks.refuse(message)
            if not self._machines.image(region, data["ImageId"]):
                raise checks.refuse(f"The image id '[{data['ImageId']}]' does not exist")
            return images.CUSTOM, data["ImageId"]
        if asked == images.CUSTOM:
            raise checks.refuse("The AMI Type CUSTOM needs a launch template that names an image (ImageId).")
        kind = asked or images.USUAL
        return kind, images.find(region, kind, version, params.get("releaseVersion") or "").release

    def describe_nodegroup(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeNodegroup."""
        return {"nodegroup": self._nodegroup(call, params)[1].describe()}

    def list_nodegroups(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListNodegroups."""
        cluster = self._region(call).find(params["clusterName"])
        found = sorted(cluster.nodegroups)
        some, token = page(found, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"nodegroups": some, "nextToken": token}

    def delete_nodegroup(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteNodegroup: its nodes are drained, then all that was made for it is deleted."""
        cluster, found = self._nodegroup(call, params)
        if found.status in (UPDATING, DELETING):
            message = f"Nodegroup {found.name} is {found.status}: wait until that has ended, and try again."
            raise Checks(cluster, found.name).refuse(message, "ResourceInUseException")
        found.status, found.modified = DELETING, self._clock.now()
        return {"nodegroup": found.describe()}

    def _nodegroup(self, call: Call, params: dict[str, Any]) -> tuple[Cluster, Nodegroup]:
        cluster = self._region(call).find(params["clusterName"])
        return cluster, find_nodegroup(cluster, params["nodegroupName"])

    # -- updates ------------------------------------------------------------------------------------------------------

    def _changeable(self, call: Call, params: dict[str, Any]) -> tuple[Cluster, Nodegroup, Checks]:
        cluster, found = self._nodegroup(call, params)
        checks = Checks(cluster, found.name)
        if found.status in (CREATE_FAILED, DELETE_FAILED):
            message = f"Nodegroup {found.name} is {found.status}: delete it, and make it anew."
            raise checks.refuse(message, "InvalidRequestException")
        if found.status not in (ACTIVE, DEGRADED):
            message = f"Nodegroup cannot be updated as it is currently not in Active State: it is {found.status}"
            raise checks.refuse(message, "ResourceInUseException")
        return cluster, found, checks

    def update_nodegroup_config(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateNodegroupConfig: sizes, labels, taints, how many may be away."""
        _cluster, found, checks = self._changeable(call, params)
        checks.not_here(params)
        told: dict[str, str] = {}
        if params.get("scalingConfig"):
            own = {"minSize": found.least, "maxSize": found.most, "desiredSize": found.desired}
            sizes = checks.scaling({**own, **params["scalingConfig"]})
            found.least, found.most, found.desired = sizes
            told |= dict(zip(("MinSize", "MaxSize", "DesiredSize"), map(str, sizes), strict=True))
        labels = params.get("labels") or {}
        if labels:
            added = checks.labels(labels.get("addOrUpdateLabels") or {})
            removed = labels.get("removeLabels") or ()
            kept = {key: value for key, value in found.labels.items() if key not in removed}
            found.labels = {**kept, **added}
            told |= {"LabelsToAdd": str(added)} if added else {}
            told |= {"LabelsToRemove": str(list(removed))} if removed else {}
        if params.get("taints"):
            found.taints = self._tainted(found, checks, params["taints"], told)
        if params.get("updateConfig"):
            found.update_config = checks.update_config(params["updateConfig"])
            told |= {key[0].upper() + key[1:]: str(value) for key, value in found.update_config.items()}
        if params.get("nodeRepairConfig"):
            found.repair = dict(params["nodeRepairConfig"])
            told["NodeRepairEnabled"] = str(bool(found.repair.get("enabled"))).lower()
        if not told:
            raise checks.refuse("No changes needed for the nodegroup: say what is to be changed.")
        return {"update": self._begin_nodegroup(found, "ConfigUpdate", told).describe()}

    def _tainted(self, found: Nodegroup, checks: Checks, asked: dict[str, Any], told: dict[str, str]) -> Any:
        added = checks.taints(asked.get("addOrUpdateTaints") or ())
        removed = {(each.get("key"), each.get("effect")) for each in asked.get("removeTaints") or ()}
        fresh = {(each.key, each.effect) for each in added}
        kept = [each for each in found.taints if (each.key, each.effect) not in removed | fresh]
        told |= {"TaintsToAdd": str([each.describe() for each in added])} if added else {}
        told |= {"TaintsToRemove": str([list(each) for each in sorted(removed)])} if removed else {}
        return (*kept, *added)

    def update_nodegroup_version(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateNodegroupVersion: new nodes come, old ones are drained and go."""
        cluster, found, checks = self._changeable(call, params)
        asked = params.get("launchTemplate")
        told: dict[str, str] = {}
        if asked:
            if not found.launch_template:
                raise checks.refuse("A node group that was made without a launch template cannot get one.")
            chosen = self._machines.template(call.region, {"id": found.launch_template["id"], **asked})
            if chosen is None or chosen[0] != found.launch_template["id"]:
                raise checks.refuse("The launch template must stay the same; only its version can change.")
            found.launch_template = {"id": chosen[0], "name": chosen[1], "version": chosen[2]}
            told = {"LaunchTemplateName": chosen[1], "LaunchTemplateVersion": chosen[2]}
        if found.ami == images.CUSTOM:
            if params.get("version") or params.get("releaseVersion"):
                raise checks.refuse("You cannot specify the field version or releaseVersion when using a custom image.")
            if not asked:
                raise checks.refuse("A node group with a custom image is updated with a new version of its template.")
        else:
            version = checks.version(params.get("version") or (found.version if asked else cluster.version))
            if images.minor(version) < images.minor(found.version):
                raise checks.refuse(f"Requested version {version} is older than {found.version}.")
            release = images.find(call.region, found.ami, version, params.get("releaseVersion") or "").release
            told = {"Version": version, "ReleaseVersion": release, **told}
            found.target = version, release
        found.force = bool(params.get("force"))
        return {"update": self._begin_nodegroup(found, "VersionUpdate", told).describe()}

    def _begin_nodegroup(self, found: Nodegroup, kind: str, told: dict[str, str]) -> Update:
        now = self._clock.now()
        update = Update(names.uuid(), kind, told, now, now + self._delays.real("eks.nodegroup-update"))
        found.updates[update.id] = update
        found.status, found.modified = UPDATING, now
        return update


def find_nodegroup(cluster: Cluster, name: str) -> Nodegroup:
    """A node group of a cluster.

    Raises
    ------
    AwsError
        ``ResourceNotFoundException``.
    """
    found = cluster.nodegroups.get(name)
    if found is None:
        message = f"No node group found for name: {name}."
        raise AwsError("ResourceNotFoundException", message, clusterName=cluster.name, nodegroupName=name)
    return found
