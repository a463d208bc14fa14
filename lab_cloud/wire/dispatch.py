"""Route a signed call to whoever answers it: a class of ours, an override of moto's, or moto.

`Dispatcher.answer` runs under the world's lock, unless the operation takes it itself, and never raises: whatever
happens becomes an AWS error.
"""

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from ..errors import AwsError
from . import answers, cbor, model, moto_buckets, moto_load, moto_objects, moto_queues, validate
from .call import FORWARD, Call, Handler, Postponed, Response, handler_of
from .moto_apps import MotoApps, unsupported
from .sigv4 import Request, Signer

log = logging.getLogger(__name__)

Guard = Callable[[Call, Request, Callable[[], dict[str, Any]]], None]
"""Given a call, what arrived and what reads its parameters; raises AWS's AccessDenied."""

SIGNING_NAMES = {"monitoring": "cloudwatch", "elasticfilesystem": "efs", "email": "ses"}
TARGET_SERVICES = {
    "SpencerFrontendService": "ecr-public",
    "AnyScaleFrontendService": "application-autoscaling",
    "GraniteServiceVersion20100801": "cloudwatch",
}
READING = ("Describe", "List", "Get", "Head", "BatchGet", "Filter", "Lookup")
"""Operations that begin so change nothing, and wake nobody."""
QUIET = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility")
"""Nor do these, since workers call them all the time: who waits for a message is looked after at each tick."""


class Dispatcher:
    """The table of services.

    Parameters
    ----------
    moto : MotoApps
        What answers for every service that is not ours.
    changed : callable
        Called after each operation that may have changed something.

    Attributes
    ----------
    guard : callable
        Who may call what; everybody everything until the cloud puts its own here.
    prepare : dict of str to callable
        Of some of moto's services: what is done before it answers a call.
    """

    def __init__(self, moto: MotoApps, changed: Callable[[], None]) -> None:
        self._moto = moto
        self._changed = changed
        self._owned: dict[str, object] = {}
        self._overrides: dict[str, object] = {}
        self.guard: Guard = lambda call, request, params: None
        self.prepare: dict[str, Callable[[], None]] = {"sqs": moto_queues.prepare}

    def own(self, service: str, api: object) -> None:
        """Let a class answer all operations of a service; its table `refused` says why it has no method for some."""
        self._owned[service] = api

    def override(self, service: str, api: object) -> None:
        """Let a class answer those operations for which it has a method; moto answers the others."""
        self._overrides[service] = api

    def handler(self, service: str, operation: str) -> Handler | None:
        """The method of ours that answers an operation; None leaves it to moto, or to a refusal."""
        return handler_of(self._owned.get(service) or self._overrides.get(service), operation)

    def locks_itself(self, request: Request, signer: Signer) -> bool:
        """Whether the operation does slow work and takes the world's lock itself (a class names these ``UNLOCKED``)."""
        owned = self._owned.get(service_of(request, signer))
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        return operation in getattr(owned, "UNLOCKED", ())

    def answer(self, request: Request, signer: Signer) -> Response:
        """Answer one call.

        Parameters
        ----------
        request : Request
            What arrived.
        signer : Signer
            Who signed it, and for which service.

        Returns
        -------
        Response
            A result or an AWS error; never HTML.
        """
        request_id = answers.new_request_id()
        service = service_of(request, signer)
        known = _model(service)
        protocol = answers.protocol_of(dict(request.headers), known)
        version = "1.0" if "json-1.0" in request.headers.get("content-type", "") else "1.1"
        try:
            return self._answer(request, signer, service, known, protocol, version, request_id)
        except Postponed:
            raise
        except AwsError as error:
            if known is not None and error.status == 400:
                error.status = known.error_status(error.code)
            return answers.error(error, protocol, request_id, version)
        except Exception as bug:
            log.exception("%s: unexpected", service)
            text = f"The embedded cloud has a bug: {type(bug).__name__}: {bug}"
            return answers.error(AwsError("InternalFailure", text, status=500), protocol, request_id, version)

    def _answer(
        self,
        request: Request,
        signer: Signer,
        service: str,
        known: model.Model | None,
        protocol: str,
        version: str,
        request_id: str,
    ) -> Response:
        if known is None:
            raise AwsError("UnknownService", f"There is no AWS service '{service}' in the embedded cloud.", status=404)
        operation = self._operation(request, service, protocol)
        call = Call(service, operation, signer.region, signer.access_key, request_id, arrived=request.arrived)
        owned = self._owned.get(service)
        handler = self.handler(service, operation) if operation else None
        if owned is not None and handler is None:
            raise unsupported(operation, getattr(owned, "refused", {}).get(operation, ""))
        if operation and operation not in known.raw["operations"]:
            raise AwsError("InvalidAction", f"The action {operation} is not valid for this web service.")
        read: list[dict[str, Any]] = []

        def params_of() -> dict[str, Any]:
            if not read:
                read.append(self._params(request, call, known, protocol))
            return read[0]

        self.guard(call, request, params_of)
        if service == "s3":
            moto_objects.begin(call)
            moto_buckets.begin(call, request.body)
            return self._forward(request, call)  # objects are bytes, not parameters: S3 checks its own input
        params = params_of()
        self._check(known, operation, params, getattr(owned, "free_text", ()))
        result = handler(call, params) if handler is not None else FORWARD
        if result is FORWARD:
            return self._forward(request, call)
        self._tell(call)
        assert isinstance(result, dict) or result is None
        return self._serialize(call, protocol, version, result or {})

    def invoke(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Call an operation from within the cloud, as a service of AWS calls another; under the world's lock.

        Parameters
        ----------
        call : Call
            What is called; nobody is asked whether the caller may.
        params : dict
            The input, in botocore's shape.

        Raises
        ------
        AwsError
            As a client would get it.
        """
        known = _model(call.service)
        if known is None or call.operation not in known.raw["operations"]:
            raise AwsError("InvalidAction", f"There is no operation {call.operation} of {call.service}.")
        self._check(known, call.operation, params, ())
        handler = self.handler(call.service, call.operation)
        result = handler(call, params) if handler is not None else FORWARD
        if result is not FORWARD:
            assert isinstance(result, dict) or result is None
            return result or {}
        if known.protocol != "json":
            raise unsupported(call.operation, f"{call.service} cannot be called from within the embedded cloud.")
        self.prepare.get(call.service, _nothing)()
        return self._moto.invoke(known, call, params)

    def _operation(self, request: Request, service: str, protocol: str) -> str:
        if protocol == "json":
            return request.headers.get("x-amz-target", "").rpartition(".")[2]
        if protocol in ("query", "ec2"):
            return _form(request).get("Action", "")
        if protocol == "smithy-rpc-v2-cbor":
            return request.path.rpartition("/operation/")[2]
        return self._moto.operation_of(service, request)

    def _params(self, request: Request, call: Call, known: model.Model, protocol: str) -> dict[str, Any]:
        if protocol == "json":
            return _json_params(request.body)
        if protocol == "smithy-rpc-v2-cbor":
            return _cbor_params(request.body)
        if known.input_shape(call.operation) is None or call.operation == "GetCallerIdentity":
            return {}
        return self._moto.parse(call.service, call.operation, request)

    def _check(self, known: model.Model, operation: str, params: dict[str, Any], free_text: tuple[str, ...]) -> None:
        # `free_text`: members whose pattern a class of ours checks itself, since it takes more than AWS does
        loose = tuple(f"at '{path}' failed to satisfy constraint: Member must satisfy regular" for path in free_text)
        try:
            found = [
                one for one in validate.problems(known, operation, params) if not any(words in one for words in loose)
            ]
        except validate.WrongType as wrong:
            raise AwsError("SerializationException", str(wrong)) from wrong
        if found:
            raise answers.invalid_input(known.name, validate.sentence(found))

    def _forward(self, request: Request, call: Call) -> Response:
        self.prepare.get(call.service, _nothing)()
        response = self._moto.answer(request, call.operation)
        self._tell(call)
        return response

    def _tell(self, call: Call) -> None:
        if not call.operation.startswith((*READING, *QUIET)):
            self._changed()

    def _serialize(self, call: Call, protocol: str, version: str, result: dict[str, Any]) -> Response:
        if protocol == "json":
            return answers.json_result(result, version, call.request_id)
        if protocol == "smithy-rpc-v2-cbor":
            return answers.cbor_result(result, call.request_id)
        if call.service == "sts" and not moto_load.loaded():
            return _flat_query_result(call, result)
        return self._moto.serialize(call.service, call.operation, protocol, result, call.request_id)


def _nothing() -> None:
    pass


def service_of(request: Request, signer: Signer) -> str:
    """botocore's name of the service that a call is for."""
    prefix = request.headers.get("x-amz-target", "").rpartition(".")[0]
    if prefix in TARGET_SERVICES:
        return TARGET_SERVICES[prefix]
    if signer.service == "elasticloadbalancing":
        return "elb" if _form(request).get("Version", "").startswith("2012") else "elbv2"
    return SIGNING_NAMES.get(signer.service, signer.service)


def _model(service: str) -> model.Model | None:
    if not service.replace("-", "").isalnum():
        return None
    try:
        return model.load(service)
    except KeyError:
        return None


def _form(request: Request) -> dict[str, str]:
    text = request.body.decode("utf-8", "replace") if request.body else request.query
    return dict(parse_qsl(text, keep_blank_values=True))


def _json_params(body: bytes) -> dict[str, Any]:
    try:
        params = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"The request's body is not JSON: {error}") from error
    if not isinstance(params, dict):
        raise AwsError("SerializationException", "The request's body must be a JSON object.")
    return {name: value for name, value in params.items() if value is not None}


def _cbor_params(body: bytes) -> dict[str, Any]:
    try:
        params = cbor.decode(body) if body else {}
    except cbor.BadCbor as error:
        raise AwsError("SerializationException", f"The request's body is not CBOR: {error}") from error
    if not isinstance(params, dict):
        raise AwsError("SerializationException", "The request's body must be a CBOR map.")
    return {name: value for name, value in params.items() if value is not None}


def _flat_query_result(call: Call, result: dict[str, Any]) -> Response:
    # GetCallerIdentity is asked before moto's serializer is there; its result is three strings
    members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in result.items())
    namespace = "https://sts.amazonaws.com/doc/2011-06-15/"
    text = (
        f'<{call.operation}Response xmlns="{namespace}"><{call.operation}Result>{members}</{call.operation}Result>'
        f"<ResponseMetadata><RequestId>{call.request_id}</RequestId></ResponseMetadata></{call.operation}Response>"
    )
    return Response(200, {"content-type": "text/xml", "x-amzn-requestid": call.request_id}, text.encode())
