"""Operations on add-ons.

References
----------
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html and its neighbours
"""

from typing import Any

from ..clock import Clock
from ..delays import Delays
from ..errors import AwsError
from ..paging import page
from ..wire import Call
from . import names
from .addon import Addon
from .addon_versions import SCHEMA, AddonKind, kinds
from .cluster import Cluster
from .nodegroup import CREATING, DELETING, UPDATING
from .outside import Roles
from .pod_identity import Association
from .store import Region
from .update import Update

INVALID = "InvalidParameterException"
MOST_LISTED = 100


class AddonOperations:
    """Create, describe, list, update and delete add-ons; tell which there are."""

    _clock: Clock
    _delays: Delays
    _roles: Roles

    def _region(self, call: Call) -> Region:
        raise NotImplementedError

    def _associate(self, cluster: Cluster, params: dict[str, Any], owner: str = "") -> Association:
        raise NotImplementedError

    def create_addon(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateAddon: CREATING at once, ACTIVE or DEGRADED a while later."""
        cluster, name, now = self._region(call).usable(params["clusterName"]), params["addonName"], self._clock.now()
        known = cluster.addons.get(name)
        if known is not None:
            token = params.get("clientRequestToken")
            if token and token == known.token:
                return {"addon": known.describe()}
            raise _refuse(cluster, name, "Addon already exists.", "ResourceInUseException")
        kind = kinds().get(name)
        if kind is None:
            listed = ", ".join(kinds())
            raise _refuse(cluster, name, f"Addon {name} is not supported. The embedded cloud has {listed}.")
        made = Addon(
            name=name,
            cluster=cluster.name,
            region=call.region,
            version=_version(cluster, kind, params.get("addonVersion")),
            created=now,
            due=now + self._delays.real("eks.addon"),
            role=self._addon_role(cluster, name, params.get("serviceAccountRoleArn")),
            configuration=_configuration(cluster, name, params.get("configurationValues")),
            namespace=(params.get("namespaceConfig") or {}).get("namespace") or "",
            token=params.get("clientRequestToken") or "",
            tags=dict(params.get("tags") or {}),
        )
        self._give(cluster, made, params.get("podIdentityAssociations") or ())
        cluster.addons[name] = made
        return {"addon": made.describe()}

    def _addon_role(self, cluster: Cluster, name: str, arn: str | None) -> str:
        if arn and not self._roles.has_role(arn):
            raise _refuse(cluster, name, f"Role {arn} does not exist.")
        return arn or ""

    def _give(self, cluster: Cluster, addon: Addon, asked: Any) -> None:
        """The pod identity associations that belong to an add-on: as asked for, and no others."""
        for each in list(cluster.associations.values()):
            if each.owner == addon.arn:
                del cluster.associations[each.id]
        addon.associations = [
            self._associate(cluster, {**each, "namespace": addon.namespace or addon.kind.namespace}, addon.arn).arn
            for each in asked
        ]

    def _addon(self, call: Call, params: dict[str, Any]) -> tuple[Cluster, Addon]:
        cluster = self._region(call).find(params["clusterName"])
        return cluster, find_addon(cluster, params["addonName"])

    def describe_addon(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeAddon."""
        return {"addon": self._addon(call, params)[1].describe()}

    def list_addons(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """ListAddons."""
        cluster = self._region(call).find(params["clusterName"])
        found = sorted(cluster.addons)
        some, token = page(found, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"addons": some, "nextToken": token}

    def update_addon(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateAddon."""
        cluster, found = self._addon(call, params)
        if found.status in (CREATING, UPDATING, DELETING):
            message = f"Addon {found.name} cannot be updated as it is currently in {found.status} state"
            raise _refuse(cluster, found.name, message, "ResourceInUseException")
        told: dict[str, str] = {}
        if params.get("addonVersion"):
            version = _version(cluster, found.kind, params["addonVersion"])
            told["AddonVersion"] = version
        if "serviceAccountRoleArn" in params:
            found.role = self._addon_role(cluster, found.name, params["serviceAccountRoleArn"])
            told["ServiceAccountRoleArn"] = found.role
        if "configurationValues" in params:
            found.configuration = _configuration(cluster, found.name, params["configurationValues"])
            told["ConfigurationValues"] = found.configuration
        if "podIdentityAssociations" in params:
            self._give(cluster, found, params["podIdentityAssociations"])
            told["PodIdentityAssociations"] = str(found.associations)
        if params.get("resolveConflicts"):
            told["ResolveConflicts"] = params["resolveConflicts"]
        now = self._clock.now()
        found.due = now + self._delays.real("eks.addon")
        update = Update(names.uuid(), "AddonUpdate", told, now, found.due, version=told.get("AddonVersion", ""))
        found.updates[update.id] = update
        found.status, found.modified = UPDATING, now
        return {"update": update.describe()}

    def delete_addon(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteAddon; with ``preserve``, what it installed stays in the cluster."""
        cluster, found = self._addon(call, params)
        if found.status == DELETING:
            raise _refuse(cluster, found.name, "Addon is being deleted already.", "ResourceInUseException")
        found.status, found.preserve = DELETING, bool(params.get("preserve"))
        found.due = self._clock.now() + self._delays.real("eks.addon")
        self._give(cluster, found, ())
        return {"addon": found.describe()}

    # -- which there are ----------------------------------------------------------------------------------------------

    def describe_addon_versions(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeAddonVersions."""
        name = params.get("addonName")
        if name and name not in kinds():
            raise AwsError("ResourceNotFoundException", f"Addon {name} not found.", addonName=name)
        wanted = [
            each
            for each in kinds().values()
            if name in (None, each.name)
            and each.type in (params.get("types") or (each.type,))
            and each.publisher in (params.get("publishers") or (each.publisher,))
            and each.owner in (params.get("owners") or (each.owner,))
        ]
        described = [each.describe(params.get("kubernetesVersion")) for each in wanted]
        shown = [each for each in described if each["addonVersions"]]
        some, token = page(shown, params.get("nextToken"), params.get("maxResults") or MOST_LISTED, INVALID)
        return {"addons": some, "nextToken": token}

    def describe_addon_configuration(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeAddonConfiguration."""
        name, version = params["addonName"], params["addonVersion"]
        kind = kinds().get(name)
        if kind is None or version not in [each[0] for each in kind.versions]:
            raise AwsError("ResourceNotFoundException", f"Addon {name} {version} not found.", addonName=name)
        found = {"addonName": name, "addonVersion": version, "configurationSchema": SCHEMA}
        return {**found, "podIdentityConfiguration": kind.permissions()}


def find_addon(cluster: Cluster, name: str) -> Addon:
    """An add-on of a cluster.

    Raises
    ------
    AwsError
        ``ResourceNotFoundException``.
    """
    found = cluster.addons.get(name)
    if found is None:
        message = f"No addon: {name} found in cluster: {cluster.name}"
        raise _refuse(cluster, name, message, "ResourceNotFoundException")
    return found


def _refuse(cluster: Cluster, name: str, message: str, code: str = INVALID) -> AwsError:
    return AwsError(code, message, clusterName=cluster.name, addonName=name)


def _version(cluster: Cluster, kind: AddonKind, asked: str | None) -> str:
    fitting = kind.fitting(cluster.version)
    if not fitting or (asked and asked not in fitting):
        message = (
            f"Addon version specified is not supported: {asked} of {kind.name} with Kubernetes {cluster.version}. "
            f"Supported are: {', '.join(fitting) or 'none'}."
        )
        raise _refuse(cluster, kind.name, message)
    return asked or fitting[0]


def _configuration(cluster: Cluster, name: str, text: str | None) -> str:
    import yaml

    try:
        found = yaml.safe_load(text or "")
    except yaml.YAMLError as error:
        raise _refuse(
            cluster, name, f"ConfigurationValue provided in request is not valid YAML or JSON: {error}"
        ) from None
    if found is not None and not isinstance(found, dict):
        raise _refuse(cluster, name, "ConfigurationValue provided in request is not supported: it must be an object.")
    return text or ""
