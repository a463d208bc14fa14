"""What depends on other objects: addresses and ports of services, the default storage class, namespaces that end.

References
----------
https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from .resources import Resource, core, find
from .status import bad_request, forbidden, invalid, not_found, wrong
from .store import Object, Store

NODE_PORTS = range(30000, 32768)
CLAIM_PROTECTION, VOLUME_PROTECTION = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
FIRST_ADDRESS = 1  # the API server's own
DNS_ADDRESS = 10  # as on EKS
PROTECTED = ("default", "kube-node-lease", "kube-public", "kube-system")
WITH_ADDRESS = ("ClusterIP", "NodePort", "LoadBalancer")


class Admission:
    """The checks of a cluster.

    Parameters
    ----------
    store : Store
        The objects.
    service_cidr : str
        Where services get their addresses.

    Attributes
    ----------
    pods : list of callable
        Each may complete a new pod, in place.
    """

    def __init__(self, store: Store, service_cidr: str) -> None:
        self._store = store
        self.pods: list[Callable[[Object], None]] = []
        self._network = ipaddress.ip_network(service_cidr)

    def created(self, resource: Resource, found: Object) -> None:
        """Complete a new object, in place; under the store's lock.

        Raises
        ------
        ApiError
            When it may not be here.
        """
        if resource.namespaced:
            self._check_namespace(resource, found)
        if resource.kind == "Service":
            self._serve(found, None)
        elif resource.kind == "PersistentVolumeClaim":
            self._choose_class(found)
            _protect(found, CLAIM_PROTECTION)
        elif resource.kind == "PersistentVolume":
            _protect(found, VOLUME_PROTECTION)
        elif resource.kind == "Pod":
            self._check_account(found)
            for complete in self.pods:
                complete(found)

    def changed(self, resource: Resource, before: Object, found: Object) -> None:
        """Complete an object that has changed, in place; under the store's lock."""
        if resource.kind == "Service":
            self._serve(found, before)
        elif resource.kind == "PersistentVolumeClaim":
            self._check_growth(before, found)

    def deleting(self, resource: Resource, found: Object) -> None:
        """Refuse to delete what must stay."""
        name = found["metadata"]["name"]
        if resource.kind == "Namespace" and name in PROTECTED[:1] + PROTECTED[2:]:
            raise forbidden("", "namespaces", name, "this namespace may not be deleted")

    def _check_namespace(self, resource: Resource, found: Object) -> None:
        name = found["metadata"]["namespace"]
        namespace = self._store.get(core("namespaces"), "", name)
        if namespace is None:
            raise not_found("", "namespaces", name)
        if "deletionTimestamp" in namespace["metadata"]:
            why = f"unable to create new content in namespace {name} because it is being terminated"
            raise forbidden(resource.group, resource.name, found["metadata"]["name"], why)

    def _check_account(self, found: Object) -> None:
        name, namespace = found["spec"].get("serviceAccountName", "default"), found["metadata"]["namespace"]
        if self._store.get(core("serviceaccounts"), namespace, name) is None:
            why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise forbidden("", "pods", found["metadata"]["name"], why)

    def _choose_class(self, found: Object) -> None:
        if "storageClassName" in found["spec"]:
            return
        classes = find("storage.k8s.io", "v1", "storageclasses")
        assert classes is not None
        marked = [
            each
            for each in self._store.all(classes)
            if (each["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true"
        ]
        if marked:
            newest = max(marked, key=lambda each: each["metadata"]["creationTimestamp"])
            found["spec"]["storageClassName"] = newest["metadata"]["name"]

    def _check_growth(self, before: Object, found: Object) -> None:
        """A claim may ask for more only when its class says that volumes can grow."""
        old, new = (((each["spec"].get("resources") or {}).get("requests") or {}) for each in (before, found))
        if old == new or not found["spec"].get("volumeName"):
            return
        classes = find("storage.k8s.io", "v1", "storageclasses")
        assert classes is not None
        own = self._store.get(classes, "", found["spec"].get("storageClassName") or "")
        if own is None or not own.get("allowVolumeExpansion"):
            why = (
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                "support resize"
            )
            raise forbidden("", "persistentvolumeclaims", found["metadata"]["name"], why)

    # -- services -----------------------------------------------------------------------------------------------------

    def _serve(self, found: Object, before: Object | None) -> None:
        spec = found["spec"]
        others = [each["spec"] for each in self._store.all(core("services")) if not _same(each, found)]
        if spec["type"] in WITH_ADDRESS:
            old = (before or {}).get("spec", {}).get("clusterIP")
            address = spec.get("clusterIP") or old or self._free_address(others)
            self._check_address(found, address, others)
            spec["clusterIP"] = address
            spec["clusterIPs"] = [address]
        else:
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        self._ports(found, others, before)

    def _free_address(self, others: list[dict[str, Any]]) -> str:
        taken = {each.get("clusterIP") for each in others}
        for number in range(FIRST_ADDRESS, self._network.num_addresses - 1):
            address = str(self._network[number])
            if number != DNS_ADDRESS and address not in taken:
                return address
        raise bad_request("no address of the service network is free")

    def _check_address(self, found: Object, address: str, others: list[dict[str, Any]]) -> None:
        name = found["metadata"]["name"]
        why = ""
        if address == "None":
            return
        try:
            inside = ipaddress.ip_address(address) in self._network
        except ValueError:
            why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        else:
            if not inside:
                why = f"failed to allocate IP {address}: the provided network does not match the current range"
            elif any(each.get("clusterIP") == address for each in others):
                why = f"failed to allocate IP {address}: provided IP is already allocated"
        if why:
            cause = wrong("spec.clusterIPs", [address], why)
            raise invalid("", "Service", name, [cause])

    def _ports(self, found: Object, others: list[dict[str, Any]], before: Object | None) -> None:
        spec = found["spec"]
        if spec["type"] not in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
            return
        taken = {port.get("nodePort") for each in others for port in each.get("ports") or ()}
        old = {_port_key(port): port.get("nodePort") for port in (before or {}).get("spec", {}).get("ports") or ()}
        for i, port in enumerate(spec.get("ports") or ()):
            wanted = port.get("nodePort") or old.get(_port_key(port))
            if wanted and wanted in taken:
                cause = wrong(f"spec.ports[{i}].nodePort", wanted, "provided port is already allocated")
                raise invalid("", "Service", found["metadata"]["name"], [cause])
            if wanted and wanted not in NODE_PORTS:
                why = "provided port is not in the valid range. The range of valid ports is 30000-32767"
                cause = wrong(f"spec.ports[{i}].nodePort", wanted, why)
                raise invalid("", "Service", found["metadata"]["name"], [cause])
            port["nodePort"] = wanted or next(each for each in NODE_PORTS if each not in taken)
            taken.add(port["nodePort"])


def _port_key(port: dict[str, Any]) -> tuple[Any, Any]:
    return port.get("port"), port.get("protocol", "TCP")


def _same(one: Object, other: Object) -> bool:
    return all(one["metadata"].get(key, "") == other["metadata"].get(key, "") for key in ("namespace", "name"))


def _protect(found: Object, finalizer: str) -> None:
    """Keep it until nobody uses it; a controller takes the finalizer off."""
    finalizers = found["metadata"].get("finalizers") or []
    if finalizer not in finalizers:
        found["metadata"]["finalizers"] = [*finalizers, finalizer]
