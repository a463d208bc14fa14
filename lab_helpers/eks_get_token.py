"""``python -m lab_helpers.eks_get_token CLUSTER`` prints a token for kubectl, which finds this in the kubeconfig."""

import json
import sys
from datetime import UTC, datetime

from . import backends
from .eks_token import credential, token


def main(words: list[str]) -> int:
    """The command line; returns the exit code."""
    (cluster,) = words
    session = backends.choose().session(lambda **_: None)
    sts = session.client("sts").meta.endpoint_url
    print(json.dumps(credential(token(session, sts, cluster), datetime.now(UTC))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
