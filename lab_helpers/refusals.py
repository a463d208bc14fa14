"""Calls that AWS is meant to refuse: a lesson shows the refusal, and a test holds it."""

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import NotRefused


@contextmanager
def expect_error(*codes: str) -> Iterator[None]:
    """Show the error that AWS answers with; fail when it does not refuse.

    Parameters
    ----------
    *codes : str
        AWS's error codes, any one of which is expected.

    Raises
    ------
    NotRefused
        When the call succeeds, or AWS answers with another code.

    Examples
    --------
    >>> with expect_error("ClusterNotFoundException"):  # doctest: +SKIP
    ...     ecs.list_tasks(cluster="nowhere")
    AWS refused: ClusterNotFoundException: Cluster not found.
    """
    from botocore.exceptions import ClientError

    wanted = " or ".join(codes)
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code not in codes:
            raise NotRefused(f"AWS refused for another reason: {code}: {message}", f"Expected {wanted}.") from error
        print(f"AWS refused: {code}: {message}")
        return
    raise NotRefused("AWS did not refuse the call.", f"Expected {wanted}.")
