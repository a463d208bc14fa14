"""Errors of the Kubernetes API: each becomes the Status object that a real API server sends.

References
----------
https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cause:
    """One of several things that are wrong.

    Parameters
    ----------
    field : str
        For example ``spec.replicas``.
    message : str
        For example ``Required value``.
    reason : str
        For example ``FieldValueRequired``.
    """

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class ApiError(Exception):
    """A refusal.

    Parameters
    ----------
    code : int
        The HTTP status.
    reason : str
        For example ``NotFound``.
    message : str
        What the learner reads.
    details : dict, optional
        Of the Status.
    """

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}

    def status(self) -> dict[str, Any]:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            **({"details": self.details} if self.details else {}),
            "code": self.code,
        }


def success(details: dict[str, Any] | None = None) -> dict[str, Any]:
    """The Status of a deletion that is done."""
    found = {"details": details} if details else {}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", **found}


def qualified(group: str, name: str) -> str:
    """A resource or kind with its group, as messages name it: ``deployments.apps``, ``pods``."""
    return f"{name}.{group}" if group else name


def _details(group: str, kind: str, name: str) -> dict[str, Any]:
    found = {"name": name, "group": group, "kind": kind}
    return {key: value for key, value in found.items() if value}


def not_found(group: str, resource: str, name: str) -> ApiError:
    """There is no such object."""
    message = f'{qualified(group, resource)} "{name}" not found'
    return ApiError(404, "NotFound", message, _details(group, resource, name))


def no_such_path(hint: str = "") -> ApiError:
    """There is nothing at this address. Clients look into the details of what is not found, so there must be some."""
    message = f"the server could not find the requested resource{f' ({hint})' if hint else ''}"
    causes = [{"reason": "UnexpectedServerResponse", "message": "404 page not found"}]
    return ApiError(404, "NotFound", message, {"causes": causes})


def already_exists(group: str, resource: str, name: str) -> ApiError:
    """The name is taken."""
    message = f'{qualified(group, resource)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(group, resource, name))


def conflict(group: str, resource: str, name: str, why: str = "") -> ApiError:
    """The object is not what the caller thinks it is."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {qualified(group, resource)} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(group, resource, name))


def invalid(group: str, kind: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """Values that the API forbids."""
    listed = ", ".join(map(str, causes))
    text = f"[{listed}]" if len(causes) > 1 else listed
    details = _details(group, kind, name)
    details["causes"] = [{"reason": one.reason, "message": one.message, "field": one.field} for one in causes]
    return ApiError(422, "Invalid", f'{qualified(group, kind)} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> ApiError:
    """What was sent cannot be read."""
    return ApiError(400, "BadRequest", message)


def forbidden(group: str, resource: str, name: str, why: str) -> ApiError:
    """Not for this caller, or not for this object."""
    what = f'{qualified(group, resource)} "{name}"' if name else qualified(group, resource)
    return ApiError(403, "Forbidden", f"{what} is forbidden: {why}", _details(group, resource, name))


def unauthorized() -> ApiError:
    """Nobody knows who this is."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def expired(message: str) -> ApiError:
    """The past that was asked for is forgotten."""
    return ApiError(410, "Expired", message)


def method_not_allowed() -> ApiError:
    """The resource has no such verb."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource")


def required(field: str, hint: str = "") -> Cause:
    """A field is missing."""
    return Cause(field, f"Required value{f': {hint}' if hint else ''}", "FieldValueRequired")


def wrong(field: str, value: Any, why: str) -> Cause:
    """A value is not as it should be."""
    return Cause(field, f"Invalid value: {_shown(value)}: {why}", "FieldValueInvalid")


def unsupported(field: str, value: Any, allowed: Sequence[str]) -> Cause:
    """A value is not one of those that are allowed."""
    listed = ", ".join(f'"{one}"' for one in sorted(allowed))
    return Cause(field, f"Unsupported value: {_shown(value)}: supported values: {listed}", "FieldValueNotSupported")


def _shown(value: Any) -> str:
    import json

    return json.dumps(value, separators=(",", ":"), sort_keys=True)
