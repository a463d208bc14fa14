"""Answers in the shape of each AWS protocol: results of the JSON protocols, and errors of all of them."""

import datetime
import json
import uuid
from typing import Any
from xml.sax.saxutils import escape

from ..errors import AwsError
from . import cbor
from .call import Response
from .model import Model

SERVICE_CODES = {
    "ecs": "InvalidParameterException",
    "ecr": "InvalidParameterException",
    "eks": "InvalidParameterException",
    "logs": "InvalidParameterException",
    "apprunner": "InvalidRequestException",
    "elb": "ValidationError",
    "elbv2": "ValidationError",
    "iam": "ValidationError",
    "sts": "ValidationError",
    "sns": "InvalidParameter",
    "autoscaling": "ValidationError",
    "cloudwatch": "ValidationError",
    "ec2": "InvalidParameterValue",
    "sqs": "InvalidParameterValue",
    "s3": "InvalidArgument",
}
"""The error code for input that the model forbids; it differs per service, and is ValidationException elsewhere."""


def invalid_input(service: str, message: str) -> AwsError:
    """The service's own error for values that its model forbids."""
    return AwsError(SERVICE_CODES.get(service, "ValidationException"), message)


def new_request_id() -> str:
    """A request id in AWS's form."""
    return str(uuid.uuid4())


def json_result(result: dict[str, Any] | None, version: str, request_id: str) -> Response:
    """A result of the AWS JSON protocols.

    Parameters
    ----------
    result : dict or None
        The output; datetimes become epoch seconds, None members are left out.
    version : str
        ``1.0`` or ``1.1``.
    request_id : str
        The id that the answer carries.
    """
    body = json.dumps(_without_none(result or {}), default=_plain, separators=(",", ":")).encode()
    headers = {"content-type": f"application/x-amz-json-{version}", "x-amzn-requestid": request_id}
    return Response(200, headers, body)


def cbor_result(result: dict[str, Any], request_id: str) -> Response:
    """A result of the protocol smithy-rpc-v2-cbor."""
    headers = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor", "x-amzn-requestid": request_id}
    return Response(200, headers, cbor.encode(result))


def error(problem: AwsError, protocol: str, request_id: str, version: str = "1.1") -> Response:
    """An error in the shape of a protocol.

    Parameters
    ----------
    problem : AwsError
        What went wrong.
    protocol : str
        ``json``, ``rest-json``, ``query``, ``ec2``, ``rest-xml`` or ``smithy-rpc-v2-cbor``.
    request_id : str
        The id that the answer carries.
    version : str
        The version of the JSON protocol.
    """
    if protocol in ("json", "rest-json"):
        return _json_error(problem, protocol, request_id, version)
    if protocol == "smithy-rpc-v2-cbor":
        return _cbor_error(problem, request_id)
    code, message = escape(problem.code), escape(problem.message)
    side = "Receiver" if problem.status >= 500 else "Sender"
    if protocol == "ec2":
        text = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif protocol == "rest-xml":
        text = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    else:
        text = (
            f"<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    headers = {"content-type": "text/xml", "x-amzn-requestid": request_id}
    return Response(problem.status, headers, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode())


def _json_error(problem: AwsError, protocol: str, request_id: str, version: str) -> Response:
    members = {"__type": problem.code, "message": problem.message, **problem.fields}
    headers = {"x-amzn-requestid": request_id, "x-amzn-errortype": problem.code}
    headers["content-type"] = "application/json" if protocol == "rest-json" else f"application/x-amz-json-{version}"
    return Response(problem.status, headers, json.dumps(members, default=_plain).encode())


def _cbor_error(problem: AwsError, request_id: str) -> Response:
    answer = cbor_result({"__type": problem.code, "message": problem.message, **problem.fields}, request_id)
    # clients that knew the service's query protocol look here for the code
    side = "Receiver" if problem.status >= 500 else "Sender"
    answer.headers["x-amzn-query-error"] = f"{problem.code};{side}"
    return Response(problem.status, answer.headers, answer.body)


def protocol_of(headers: dict[str, str], model: Model | None) -> str:
    """The protocol that a client speaks, seen from its request."""
    if "smithy-protocol" in headers:
        return "smithy-rpc-v2-cbor"
    if "x-amz-target" in headers:
        return "json"
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return "ec2" if model is not None and model.protocol == "ec2" else "query"
    if model is not None:
        return model.protocol
    return "query"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    raise TypeError(f"cannot put {type(value).__name__} into an answer")


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_none(item) for item in value]
    return value
