"""Let moto answer a call, and mend what it answers.

moto's own server application routes a request to a service; this hands it a WSGI environment and turns what is not an
AWS answer (an HTML page, an unhandled exception, an operation that is not there) into one that is.
"""

import gc
import importlib
import io
import json
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ..errors import AwsError
from . import moto_load, moto_sts
from .call import ACCOUNT, PARTITION, Call, Response
from .model import Model
from .sigv4 import Request

log = logging.getLogger(__name__)

HTTP_METHODS_WITHOUT_BODY = ("GET", "HEAD")
NO_SERVICE = "This AWS service is not part of the embedded cloud."


class MotoApps:
    """moto's services behind one door. Every method must be called under the world's lock."""

    def __init__(self) -> None:
        self._application: Any = None

    def _dispatcher(self) -> Any:
        moto_load.load()
        if self._application is None:
            self._application = _application(importlib.import_module("moto.moto_server.werkzeug_app"))
        return self._application

    def answer(self, request: Request, operation: str) -> Response:
        """Pass a request to moto.

        Parameters
        ----------
        request : Request
            What arrived; its signature has been checked.
        operation : str
            The operation's name, for messages.

        Returns
        -------
        Response
            moto's answer.

        Raises
        ------
        AwsError
            ``UnsupportedOperation`` for what moto does not have; ``InternalFailure`` for its bugs.
        """
        caught: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> None:
            caught["status"], caught["headers"] = int(status.split(maxsplit=1)[0]), headers

        try:
            chunks = self._dispatcher()(environ_of(request), start_response)
            try:
                body = b"".join(chunks)
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
        except NotImplementedError as missing:
            raise unsupported(operation) from missing
        except ModuleNotFoundError as missing:  # what this service of moto's needs is not installed
            raise AwsError("UnsupportedOperation", NO_SERVICE) from missing
        except AwsError:
            raise
        except Exception as bug:
            known = as_aws_error(bug)
            if known is not None:
                raise known from bug
            log.exception("%s failed", operation)
            message = f"The embedded cloud has a bug in {operation}: {type(bug).__name__}: {bug}"
            raise AwsError("InternalFailure", message, status=500) from bug
        headers = {name.lower(): value for name, value in caught["headers"]}
        if (
            caught["status"] >= 400
            and headers.get("content-type", "").startswith("text/html")
            and b"<html" in body.lower()
        ):
            raise unsupported(operation)
        return Response(caught["status"], headers, body)

    def invoke(self, known: Model, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Call an operation of a JSON service from within the cloud.

        Raises
        ------
        AwsError
            What the service answers.
        """
        prefix = str(known.raw["metadata"].get("endpointPrefix", call.service))
        headers = {
            "host": f"{prefix}.{call.region}.amazonaws.com",
            "x-amz-target": f"{known.target_prefix}.{call.operation}",
            "content-type": f"application/x-amz-json-{known.raw['metadata'].get('jsonVersion', '1.1')}",
            "authorization": f"AWS4-HMAC-SHA256 Credential=inside/20260101/{call.region}/{prefix}/aws4_request",
        }
        response = self.answer(Request("POST", "/", "", headers, json.dumps(params).encode()), call.operation)
        answer = json.loads(response.body or b"{}")
        if response.status >= 400:
            code = str(answer.get("__type", "InternalFailure")).rpartition("#")[2]
            raise AwsError(code, str(answer.get("message") or answer.get("Message") or ""), status=response.status)
        return dict(answer)

    def warm(self, region: str) -> None:
        """Make the default VPC and IAM's managed policies now, rather than in the learner's first call."""
        moto_load.load()
        for name, place in (("iam", PARTITION), ("ec2", region)):
            backends = importlib.import_module(f"moto.{name}.models")
            _made = getattr(backends, f"{name}_backends")[ACCOUNT][place]

    def operation_of(self, service: str, request: Request) -> str:
        """The operation that a request of a REST protocol means; empty when none fits."""
        moto_load.load()
        routing = importlib.import_module("moto.core.routing")
        model_request = importlib.import_module("moto.core.request").Request(environ_of(request))
        try:
            operation, _params = routing.get_service_router(service).match(model_request)
        except Exception:
            return ""
        return str(operation.name)

    def parse(self, service: str, operation: str, request: Request) -> dict[str, Any]:
        """The parameters of a call, in botocore's shape.

        Raises
        ------
        AwsError
            ``SerializationException`` for a body that is not of the protocol.
        """
        moto_load.load()
        utils = importlib.import_module("moto.core.utils")
        parsers = importlib.import_module("moto.core.parse").PROTOCOL_PARSERS
        core_request = importlib.import_module("moto.core.request")
        wsgi = core_request.Request(environ_of(request))
        model = utils.get_service_model(service)
        protocol = core_request.determine_request_protocol(model, wsgi.content_type)
        uri_params: dict[str, Any] = {}
        if protocol.startswith("rest"):
            routing = importlib.import_module("moto.core.routing")
            _operation, uri_params = routing.get_service_router(service).match(wsgi)
        parser = parsers[protocol](model.operation_model(operation), map_type=dict)
        parts = {
            "method": wsgi.method,
            "values": wsgi.values,
            "headers": wsgi.headers,
            "body": wsgi.data,
            "url_path": wsgi.path,
            "url_params": uri_params,
        }
        try:
            parsed: dict[str, Any] = parser.parse(parts)
        except Exception as error:
            raise AwsError("SerializationException", f"The request's body cannot be read: {error}") from error
        return parsed

    def serialize(
        self, service: str, operation: str, protocol: str, result: dict[str, Any], request_id: str
    ) -> Response:
        """A result in the shape of the protocol, by AWS's model."""
        moto_load.load()
        utils = importlib.import_module("moto.core.utils")
        serialize = importlib.import_module("moto.core.serialize")
        model = utils.get_service_model(service)
        serializer = serialize.get_serializer_class(model.service_name, protocol)
        context = serialize.SerializationContext(request_id)
        answer = serializer(model.operation_model(operation), context=context).serialize(result)
        body = answer["body"]
        headers = {str(name).lower(): str(value) for name, value in answer["headers"].items()}
        headers["x-amzn-requestid"] = request_id
        return Response(answer["status_code"], headers, body.encode() if isinstance(body, str) else body)

    def secret_of(self, access_key: str) -> str | None:
        """The secret of a key pair that IAM or STS has handed out, or None."""
        if not moto_load.loaded():
            return None
        iam = importlib.import_module("moto.iam.models").iam_backends
        for _account, _partition, backend in list(iam.iter_backends()):
            if access_key in backend.access_keys:
                return str(backend.access_keys[access_key].secret_access_key)
        session = moto_sts.find(access_key)
        return session.secret_key if session is not None else None

    def reset(self) -> None:
        """Forget everything that was created; services are made anew when they are next asked."""
        if not moto_load.loaded():
            return
        registry = importlib.import_module("moto.core.base_backend").BackendDict
        for service in list(registry._instances):
            for account in service.values():
                account.clear()
            service.clear()
        registry._instances.clear()
        # an answer is kept for each subnet, and with it all of that EC2
        importlib.import_module("moto.ec2.models.subnets").Subnet._base_avail_ip_iterator.cache_clear()
        gc.collect()


def _application(server: Any) -> Any:
    class Application(server.DomainDispatcherApplication):  # type: ignore[misc]
        """moto's server application, which says so when it has no such service instead of failing later."""

        def get_backend_for_host(self, host: str | None) -> Any:
            found = super().get_backend_for_host(host)
            if host is not None and found is None:
                raise AwsError("UnsupportedOperation", NO_SERVICE)
            return found

    return Application(server.create_backend_app)


def unsupported(operation: str, why: str = "") -> AwsError:
    """The answer to an operation that nobody here has; `why` says more about it."""
    text = f"{operation or 'This operation'} is not part of the embedded cloud. {why}"
    return AwsError("UnsupportedOperation", text.strip())


def environ_of(request: Request) -> dict[str, Any]:
    """A WSGI environment of a request."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(request.path, "latin-1"),
        "RAW_URI": request.path + (f"?{request.query}" if request.query else ""),
        "REQUEST_URI": request.path + (f"?{request.query}" if request.query else ""),
        "QUERY_STRING": request.query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    if request.body and "CONTENT_LENGTH" not in environ:
        environ["CONTENT_LENGTH"] = str(len(request.body))
    return environ


def as_aws_error(bug: Exception) -> AwsError | None:
    """An error of moto's as one of ours; None for what is none."""
    # moto's services raise their own typed errors; most are caught inside, some slip through
    code = getattr(bug, "code", None) or getattr(bug, "error_type", None)
    message = getattr(bug, "message", None) or getattr(bug, "description", None)
    if isinstance(code, str) and isinstance(message, str):
        return AwsError(code, message)
    return None


def headers_of(pairs: Mapping[str, str]) -> dict[str, str]:
    """Header values by lower-case name."""
    return {name.lower(): value for name, value in pairs.items()}
