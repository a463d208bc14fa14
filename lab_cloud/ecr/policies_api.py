"""Operations on the policies of a repository and of the registry, and the token for its login."""

import base64
from typing import Any

from ..errors import AwsError
from ..wire import ACCOUNT, Call
from . import access, names
from .operations import Operations
from .tokens import Tokens


class PolicyOperations(Operations):
    """Set, read and delete policies."""

    _host: str
    _tokens: Tokens

    def get_authorization_token(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetAuthorizationToken: user ``AWS`` and a password that is valid for 12 hours."""
        for wanted in params.get("registryIds", []):
            if wanted != ACCOUNT:
                raise AwsError("InvalidParameterException", f"This cloud has no registry with id '{wanted}'.")
        self._registry(call, {})
        principal = self._principal_of(call.access_key)
        password, until = self._tokens.login(principal, call.region, self._clock.now())
        return {
            "authorizationData": [
                {
                    "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
                    "expiresAt": names.moment(until),
                    "proxyEndpoint": f"http://{self._host}",
                }
            ]
        }

    def set_repository_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """SetRepositoryPolicy; one that would lock its author out needs ``force``."""
        repository = self._repository(call, params)
        text = access.checked(params["policyText"])
        caller = self._principal_of(call.access_key)
        if not params.get("force") and access.denies(text, caller, call.operation, repository.arn, call.region):
            raise AwsError(
                "InvalidParameterException",
                "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'The policy would keep you from "
                "setting another policy on this repository; use force to set it all the same'",
            )
        repository.policy = text
        return {"registryId": ACCOUNT, "repositoryName": repository.name, "policyText": text}

    def get_repository_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetRepositoryPolicy."""
        repository = self._repository(call, params)
        if repository.policy is None:
            raise AwsError(
                "RepositoryPolicyNotFoundException",
                f"Repository policy does not exist for the repository with name '{repository.name}' "
                f"in the registry with id '{ACCOUNT}'",
            )
        return {"registryId": ACCOUNT, "repositoryName": repository.name, "policyText": repository.policy}

    def delete_repository_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteRepositoryPolicy."""
        before = self.get_repository_policy(call, params)
        self._repository(call, params).policy = None
        return before

    def put_registry_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """PutRegistryPolicy."""
        registry = self._registry(call, params)
        registry.policy = access.checked(params["policyText"])
        return {"registryId": ACCOUNT, "policyText": registry.policy}

    def get_registry_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """GetRegistryPolicy."""
        registry = self._registry(call, params)
        if registry.policy is None:
            raise AwsError(
                "RegistryPolicyNotFoundException",
                f"Registry policy does not exist in the registry with id '{ACCOUNT}'",
            )
        return {"registryId": ACCOUNT, "policyText": registry.policy}

    def delete_registry_policy(self, call: Call, params: dict[str, Any]) -> dict[str, Any]:
        """DeleteRegistryPolicy."""
        before = self.get_registry_policy(call, params)
        self._registry(call, params).policy = None
        return before
