"""What events are given to among moto's services: SQS queues, SNS topics and log groups. Under the world's lock."""

import sys
from typing import Any

from ..errors import AwsError
from .call import ACCOUNT

STREAM = "events"


def check(arn: str) -> None:
    """Whether a queue, topic or log group exists.

    Raises
    ------
    AwsError
        As its service says that it does not.
    """
    service, region, name = _parts(arn)
    backend = _backend(service, region)
    if service == "sqs" and (backend is None or name not in backend.queues):
        raise AwsError("QueueDoesNotExist", "The specified queue does not exist.")
    if service == "sns" and (backend is None or arn not in backend.topics):
        raise AwsError("NotFound", "Topic does not exist")
    if service == "logs" and (backend is None or group_of(arn) not in backend.groups):
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")


def group_of(arn: str) -> str:
    """The name of a log group by its ARN."""
    return arn.split(":", 5)[5].removeprefix("log-group:").removesuffix(":*")


def send(arn: str, body: str, *, group: str = "", attributes: dict[str, str] | None = None) -> str:
    """Put a message into a queue.

    Parameters
    ----------
    arn : str
        The queue's.
    body : str
        The message.
    group : str
        The message group of a FIFO queue.
    attributes : dict, optional
        Message attributes, all strings.

    Returns
    -------
    str
        The message's id.

    Raises
    ------
    AwsError
        ``QueueDoesNotExist``, or what SQS says of the message.
    """
    _where, region, name = _parts(arn)
    backend = _backend("sqs", region)
    check(arn)
    given = {key: {"DataType": "String", "StringValue": value} for key, value in (attributes or {}).items()}
    options: dict[str, Any] = {"group_id": group or None}
    message = _said(lambda: backend.send_message(name, body, message_attributes=given, **options))
    return str(message.id)


def publish(arn: str, message: str) -> str:
    """Publish to a topic; the message's id.

    Raises
    ------
    AwsError
        ``NotFound``, or what SNS says of the message.
    """
    _where, region, _name = _parts(arn)
    backend = _backend("sns", region)
    check(arn)
    return str(_said(lambda: backend.publish(message=message, arn=arn)))


def write(arn: str, text: str, moment: float) -> str:
    """Put a log event into a group, in a stream that is made for it; the stream's name.

    Raises
    ------
    AwsError
        ``ResourceNotFoundException`` when there is no such group.
    """
    check(arn)
    group, backend = group_of(arn), _backend("logs", arn.split(":")[3])
    if STREAM not in backend.groups[group].streams:
        backend.create_log_stream(group, STREAM)
    backend.put_log_events(group, STREAM, [{"timestamp": int(moment * 1000), "message": text}])
    return STREAM


def log_policies(region: str) -> list[str]:
    """The resource policies of CloudWatch Logs."""
    backend = _backend("logs", region)
    if backend is None:
        return []
    return [str(policy.policy_document) for policy in backend.resource_policies.values()]


def _parts(arn: str) -> tuple[str, str, str]:
    pieces = arn.split(":", 5)
    return pieces[2], pieces[3], pieces[5]


def _backend(service: str, region: str) -> Any:
    models = sys.modules.get(f"moto.{service}.models")
    return getattr(models, f"{service}_backends")[ACCOUNT][region] if models is not None else None


def _said(job: Any) -> Any:
    """What a service of moto's answers; its errors as AWS's."""
    try:
        return job()
    except Exception as error:
        code = getattr(error, "error_type", None) or getattr(error, "code", None) or type(error).__name__
        message = getattr(error, "message", None) or getattr(error, "description", None) or str(error)
        raise AwsError(str(code), str(message)) from error
