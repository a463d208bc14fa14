"""Operations on connections to source code providers.

No provider is reached, so there is nothing to shake hands with: a connection is available at once, and the services
that name it are built from a folder of this machine (see `code`).
"""

from typing import Any

from ..clock import Clock
from ..wire.call import Call
from . import tags
from .pages import listed
from .resources import Connection
from .store import Store, invalid, missing, quota

MOST = 10


class ConnectionOperations:
    """CreateConnection, DeleteConnection, ListConnections."""

    _store: Store
    _clock: Clock

    def create_connection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Store a connection; its handshake, which AWS wants in the console, is taken as done after this answer."""
        region = self._store.region(call.region)
        name = params["ConnectionName"]
        if any(one.name == name for one in region.connections.values()):
            raise invalid(f"Connection with the provided name already exists: {name}.")
        if len(region.connections) >= MOST:
            raise quota(f"You have reached the limit of {MOST} connections in a Region.")
        labels = tags.tag_dict(params.get("Tags"))
        made = Connection(region.name, name, params["ProviderType"], self._clock.now(), tags=labels)
        region.connections[made.arn] = made
        return {"Connection": {**made.describe(), "Status": "PENDING_HANDSHAKE"}}

    def delete_connection(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """Forget a connection."""
        region = self._store.region(call.region)
        found = region.connections.get(params["ConnectionArn"])
        if found is None:
            raise missing("Connection", params["ConnectionArn"])
        for service in region.living():
            if service.settings.source.get("AuthenticationConfiguration", {}).get("ConnectionArn") == found.arn:
                raise invalid(f"The connection {found.arn} is used by the service {service.name}.")
        del region.connections[found.arn]
        return {"Connection": {**found.describe(), "Status": "DELETED"}}

    def list_connections(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """All connections, or the one with a name."""
        name = params.get("ConnectionName")
        known = self._store.region(call.region).connections.values()
        return listed([one.describe() for one in known if name in (None, one.name)], params, "ConnectionSummaryList")
