"""What a container can know of the task that it runs in: the ECS task metadata endpoint, version 4.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
"""

import os
import socket
import threading
import time

AGAIN = 2.0
"""Seconds after a failure until the endpoint is asked again."""

NOTHING = {"task": "", "address": "", "zone": "", "family": "", "revision": "", "cluster": ""}

_lock = threading.Lock()
_memory = {"found": None, "asked": float("-inf")}


def describe():
    """A dictionary with task, address, zone, family, revision, cluster; texts, empty where nothing is known."""
    uri = os.environ.get("ECS_CONTAINER_METADATA_URI_V4", "")
    with _lock:
        if uri and _memory["found"] is None and time.monotonic() - _memory["asked"] > AGAIN:
            try:
                _memory["found"] = _read(uri)
            except (OSError, ValueError, LookupError, TypeError, AttributeError):
                _memory["asked"] = time.monotonic()
        return _memory["found"] or NOTHING


def _read(uri):
    import json

    task = json.loads(_get(uri + "/task"))
    containers = task.get("Containers") or [{}]
    networks = containers[0].get("Networks") or [{}]
    addresses = networks[0].get("IPv4Addresses") or [""]
    return {
        "task": task["TaskARN"].rpartition("/")[2],
        "address": addresses[0],
        "zone": task.get("AvailabilityZone", ""),
        "family": task.get("Family", ""),
        "revision": str(task.get("Revision", "")),
        "cluster": str(task.get("Cluster", "")).rpartition("/")[2],
    }


def _get(uri):
    """A plain GET; urllib would take longer to import than this takes to run."""
    scheme, _, rest = uri.partition("://")
    place, _, path = rest.partition("/")
    host, _, port = place.partition(":")
    if scheme != "http":
        raise ValueError("the metadata endpoint speaks plain HTTP")
    with socket.create_connection((host, int(port or 80)), timeout=1.0) as connection:
        connection.sendall(f"GET /{path} HTTP/1.0\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while more := connection.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    if head.split(b" ")[1:2] != [b"200"]:
        raise ValueError("the metadata endpoint gave no answer")
    if b"transfer-encoding: chunked" in head.lower():
        raise ValueError("the metadata endpoint answered HTTP/1.0 in chunks")
    return body
