"""The operations of ECS Express Mode, and what they mean for the ordinary ones."""

from typing import Any

from ..wire import Call
from .express.api import Express


class ExpressOperations:
    """Create, describe, update and delete Express services."""

    UNLOCKED = frozenset({"CreateExpressGatewayService"})
    """Making the key of a certificate takes a while."""

    _express: Express

    def create_express_gateway_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """CreateExpressGatewayService."""
        return self._express.create(call, params)

    def describe_express_gateway_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DescribeExpressGatewayService."""
        return self._express.describe(call, params)

    def update_express_gateway_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """UpdateExpressGatewayService."""
        return self._express.update(call, params)

    def delete_express_gateway_service(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteExpressGatewayService."""
        return self._express.delete(call, params)
