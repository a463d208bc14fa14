"""The things of App Runner that a lab makes: services, and what they refer to."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from . import tagging
from .inventory import Client, Kind, Tags, Thing, Wait, pages

NOT_IMPLEMENTED = 501
CLOSED = {"AccessDeniedException", "OptInRequired", "SubscriptionRequiredException"}
"""Whoever may not even list has made nothing: App Runner takes no new customers since 2026-04-30."""


def pages_of(client: Any, operation: str, member: str) -> Iterator[Any]:
    """The items of all pages; none where there is no App Runner. botocore has no paginators for it."""
    from botocore.exceptions import ClientError, EndpointConnectionError

    token: dict[str, str] = {}
    while True:
        try:
            answer = getattr(client, operation)(**token)
        except EndpointConnectionError:  # AWS has it in some regions only
            return
        except ClientError as error:
            absent = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == NOT_IMPLEMENTED
            if absent or error.response["Error"]["Code"] in CLOSED:
                return
            raise
        yield from answer[member]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _lab(client: Any, tags: Tags, arn: str) -> int | None:
    return tags.lab(client.list_tags_for_resource(ResourceArn=arn)["Tags"])


def _services(client: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages_of(client, "list_services", "ServiceSummaryList"):
        lab = None if one["Status"] == "DELETED" else _lab(client, tags, one["ServiceArn"])
        if lab is not None:
            yield Thing("App Runner service", one["ServiceName"], one["ServiceArn"], lab, one["Status"])


def _delete_service(client: Any, thing: Thing) -> None:
    client.delete_service(ServiceArn=thing.id)


def _services_gone(client: Any, wait: Wait, things: Sequence[Thing]) -> None:
    ours = {thing.id for thing in things}

    def gone() -> bool:
        return not any(
            one["ServiceArn"] in ours and one["Status"] != "DELETED"
            for one in pages_of(client, "list_services", "ServiceSummaryList")
        )

    wait(gone, "the App Runner services to be gone", seconds=900)


def _logs_gone(client: Client, things: Sequence[Thing]) -> None:
    """App Runner makes the log groups of a service without tags, and leaves them when it has gone."""
    for thing in things:
        for one in _log_groups(client, thing.id):
            client("logs").delete_log_group(logGroupName=one["logGroupName"])


def mark_logs(client: Client, model: Any, params: Mapping[str, Any], tags: Tags) -> None:
    """Before a service of the learner's is deleted: give its log groups its tags, since they outlive it.

    Parameters
    ----------
    client : callable
        Gives clients.
    model : botocore.model.OperationModel
        The operation that is about to be called; any other is none of its business.
    params : mapping
        Its parameters.
    tags : Tags
        Whose service it must be.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if (model.service_model.service_name, model.name) != ("apprunner", "DeleteService"):
        return
    with contextlib.suppress(BotoCoreError, ClientError):  # the deletion itself says what is wrong
        arn = str(params.get("ServiceArn"))
        lab = _lab(client("apprunner"), tags, arn)
        if lab is not None:
            for one in _log_groups(client, arn):
                resource = one["arn"].removesuffix(":*")
                client("logs").tag_resource(resourceArn=resource, tags=tagging.tags_of(lab, tags.learner))


def _log_groups(client: Client, service: str) -> list[Any]:
    name, identity = service.split("/")[-2:]
    prefix = f"/aws/apprunner/{name}/{identity}/"
    return list(pages(client("logs"), "describe_log_groups", "logGroups", logGroupNamePrefix=prefix))


def _ingresses(client: Any, tags: Tags) -> Iterator[Thing]:
    for one in pages_of(client, "list_vpc_ingress_connections", "VpcIngressConnectionSummaryList"):
        arn = one["VpcIngressConnectionArn"]
        lab = _lab(client, tags, arn)
        if lab is not None:
            yield Thing("VPC ingress connection", arn.split("/")[-2], arn, lab)


def _delete_ingress(client: Any, thing: Thing) -> None:
    client.delete_vpc_ingress_connection(VpcIngressConnectionArn=thing.id)


def _ingresses_gone(client: Any, wait: Wait, things: Sequence[Thing]) -> None:
    """A service cannot be deleted before its ingress connection has gone."""
    ours = {thing.id for thing in things}

    def gone() -> bool:
        there = pages_of(client, "list_vpc_ingress_connections", "VpcIngressConnectionSummaryList")
        return not any(one["VpcIngressConnectionArn"] in ours for one in there)

    wait(gone, "the VPC ingress connections to be gone", seconds=600)


def _stored(kind: str, operation: str, member: str, prefix: str) -> Callable[[Any, Tags], Iterator[Thing]]:
    """How things that services refer to are found."""

    def find(client: Any, tags: Tags) -> Iterator[Thing]:
        for one in pages_of(client, operation, member):
            lab = _lab(client, tags, one[f"{prefix}Arn"])
            if lab is not None:
                state = str(one.get(f"{prefix}Revision", ""))
                yield Thing(kind, one[f"{prefix}Name"], one[f"{prefix}Arn"], lab, state)

    return find


def _delete_with(operation: str, member: str) -> Callable[[Any, Thing], None]:
    def delete(client: Any, thing: Thing) -> None:
        getattr(client, operation)(**{member: thing.id})

    return delete


def _kind(name: str, operation: str, member: str, prefix: str, delete: str) -> Kind:
    return Kind(name, "apprunner", _stored(name, operation, member, prefix), _delete_with(delete, f"{prefix}Arn"))


def host_of(client: Any, name: str) -> str:
    """The host name of a service's URL on AWS; empty when there is no such service."""
    found = (one for one in pages_of(client, "list_services", "ServiceSummaryList") if one["ServiceName"] == name)
    return next((str(one["ServiceUrl"]) for one in found), "")


INGRESSES = Kind("VPC ingress connection", "apprunner", _ingresses, _delete_ingress, _ingresses_gone)
SERVICES = Kind("App Runner service", "apprunner", _services, _delete_service, _services_gone, _logs_gone)
SCALING = _kind(
    "auto scaling configuration",
    "list_auto_scaling_configurations",
    "AutoScalingConfigurationSummaryList",
    "AutoScalingConfiguration",
    "delete_auto_scaling_configuration",
)
CONNECTORS = _kind("VPC connector", "list_vpc_connectors", "VpcConnectors", "VpcConnector", "delete_vpc_connector")
CONNECTIONS = _kind("connection", "list_connections", "ConnectionSummaryList", "Connection", "delete_connection")
OBSERVABILITY = _kind(
    "observability configuration",
    "list_observability_configurations",
    "ObservabilityConfigurationSummaryList",
    "ObservabilityConfiguration",
    "delete_observability_configuration",
)
KINDS = (INGRESSES, SERVICES, SCALING, CONNECTORS, CONNECTIONS, OBSERVABILITY)
