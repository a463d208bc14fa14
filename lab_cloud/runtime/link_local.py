"""The address at which containers ask for what is theirs alone: some clients ask there and on loopback, nowhere else.

A container has a loopback of its own. So the engine makes a small network whose gateway has the address, which makes it
one of this machine. Nothing is connected to that network: what a container sends there goes to its own gateway, which
is this machine too. All clouds of one engine share the network; the last one removes it.
"""

import logging
import socket
import time
from typing import Any

ADDRESS = "169.254.170.2"
NETWORK = "containers-on-aws.link-local"
_SUBNET = "169.254.170.0/30"
_PATIENCE = 3.0
"""Seconds that another cloud, which makes or removes the network at this moment, may take."""

log = logging.getLogger(__name__)


def ensure(api: Any) -> bool:
    """Make the network if it is not there.

    Parameters
    ----------
    api : docker.APIClient
        The engine.

    Returns
    -------
    bool
        Whether this machine has the address now. It has not where the engine is on another machine or in a virtual
        one, where it makes networks later (Podman), and where a network of somebody else has the address.
    """
    import docker.errors
    import docker.types

    pool = docker.types.IPAMPool(subnet=_SUBNET, gateway=ADDRESS)
    deadline = time.monotonic() + _PATIENCE
    while True:
        made = ""
        try:
            if not _networks(api):
                made = api.create_network(NETWORK, "bridge", ipam=docker.types.IPAMConfig(pool_configs=[pool]),
                                          labels={NETWORK: ""}, check_duplicate=True)["Id"]  # fmt: skip
        except docker.errors.APIError as error:
            log.info("the engine makes no network with the address %s: %s", ADDRESS, error.explanation)
        if _is_here():
            return True
        if made:
            _remove(api, made)
        if made or time.monotonic() > deadline:
            return False
        time.sleep(0.1)  # another cloud makes it or removes it at this moment


def leave(api: Any, label: str) -> None:
    """Remove the network, unless there are containers of other clouds.

    A cloud creates its container first and ensures the network then. So a container that was created while the network
    was being removed is seen here afterwards, and one that was created later finds no network and makes it.

    Parameters
    ----------
    api : docker.APIClient
        The engine.
    label : str
        What all containers of clouds have.
    """

    def used() -> bool:
        return bool(api.containers(all=True, filters={"label": label}))

    found = _networks(api)
    if not found or used():
        return
    for key in found:
        _remove(api, key)
    if used():
        ensure(api)


def _remove(api: Any, key: str) -> None:
    import docker.errors

    try:
        api.remove_network(key)
    except docker.errors.APIError as error:  # another cloud has removed it
        log.info("the network %s cannot be removed: %s", NETWORK, error.explanation)


def _networks(api: Any) -> list[str]:
    return [each["Id"] for each in api.networks(filters={"label": NETWORK}) if each["Name"] == NETWORK]


def _is_here() -> bool:
    """Whether the address is one of this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ADDRESS, 0))
        except OSError:
            return False
    return True
