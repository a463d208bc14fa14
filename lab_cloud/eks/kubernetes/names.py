"""Names, uids and times that the API server gives."""

import datetime
import secrets
import uuid

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Those of Kubernetes: no vowels, so that no words come out."""
LONGEST_BASE = 58


def suffix(length: int = 5) -> str:
    """A random end of a name."""
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def generate(base: str) -> str:
    """A name from ``generateName``."""
    return base[:LONGEST_BASE] + suffix()


def uid() -> str:
    """The uid of an object."""
    return str(uuid.uuid4())


def timestamp(moment: float) -> str:
    """A time (epoch seconds) as the API writes it, for example ``2026-01-31T12:00:00Z``."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: float) -> str:
    """A time with microseconds."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def epoch(text: str) -> float:
    """Epoch seconds of a time of the API."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
