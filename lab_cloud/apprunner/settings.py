"""Read what CreateService and UpdateService ask for, fill in App Runner's defaults, and refuse what cannot be.

References
----------
https://docs.aws.amazon.com/apprunner/latest/api/API_CreateService.html
https://docs.aws.amazon.com/apprunner/latest/api/API_SourceConfiguration.html
https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html
"""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from ..wire import ACCOUNT
from . import code
from .service import Settings
from .store import CONNECTOR, INVALID, OBSERVABILITY, SCALING, Region, invalid

MEMORY_OF = {
    256: (512, 1024),
    512: (1024,),
    1024: (2048, 3072, 4096),
    2048: (4096, 6144),
    4096: (8192, 10240, 12288),
}
"""MiB that go with each number of CPU units."""
DEFAULT_PORT = "8080"
CHECK = {
    "Protocol": "TCP",
    "Path": "/",
    "Interval": 5,
    "Timeout": 2,
    "HealthyThreshold": 1,
    "UnhealthyThreshold": 5,
}
RESERVED = "AWSAPPRUNNER"
SECRET_ARNS = ("arn:aws:secretsmanager:", "arn:aws:ssm:")
PRIVATE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z]+(?:-[a-z]+)+-\d)\.amazonaws\.com/(.+)")
PUBLIC_HOST = "public.ecr.aws/"
UNWATCHED = (
    "Automatic deployments of source code are not part of the embedded cloud, which watches no folder: set "
    "AutoDeploymentsEnabled to False, and call StartDeployment when the code has changed."
)


class Reader:
    """Reads settings in one region.

    Parameters
    ----------
    region : Region
        Where what they name must exist.
    host : str
        The address of the cloud's own registry, which stands for ``<account>.dkr.ecr.<region>.amazonaws.com``.
    """

    def __init__(self, region: Region, host: str) -> None:
        self._region = region
        self._host = host

    def create(self, params: Mapping[str, Any]) -> Settings:
        """The settings of a new service.

        Raises
        ------
        AwsError
            ``InvalidRequestException``.
        """
        cpu, memory, role = _instance(params.get("InstanceConfiguration", {}))
        source = self._source(params["SourceConfiguration"])
        _check_secrets(source, role)
        return Settings(
            source=source,
            cpu=cpu,
            memory=memory,
            role=role,
            check=_check(params.get("HealthCheckConfiguration", {}), CHECK),
            scaling=self._scaling(params.get("AutoScalingConfigurationArn")),
            network=self._network(params.get("NetworkConfiguration", {})),
            observability=self._observability(params.get("ObservabilityConfiguration")),
        )

    def update(self, old: Settings, params: Mapping[str, Any]) -> Settings:
        """The settings after an update; what it does not name stays.

        Raises
        ------
        AwsError
            ``InvalidRequestException``.
        """
        given = params.get("InstanceConfiguration", {})
        before = {"Cpu": str(old.cpu), "Memory": str(old.memory), "InstanceRoleArn": old.role}
        cpu, memory, role = _instance({**before, **given})
        source, scaling = params.get("SourceConfiguration"), params.get("AutoScalingConfigurationArn")
        network, watch = params.get("NetworkConfiguration"), params.get("ObservabilityConfiguration")
        made = old.source if source is None else self._source(_updated(old, source))
        _check_secrets(made, role)
        return Settings(
            source=made,
            cpu=cpu,
            memory=memory,
            role=role,
            check=_check(params.get("HealthCheckConfiguration", {}), old.check),
            scaling=old.scaling if scaling is None else self._scaling(scaling),
            network=old.network if network is None else self._network(network),
            observability=old.observability if watch is None else self._observability(watch),
        )

    def _source(self, given: Mapping[str, Any]) -> dict[str, Any]:
        if given.get("CodeRepository") and given.get("ImageRepository"):
            raise invalid("SourceConfiguration has an ImageRepository or a CodeRepository, not both.")
        if given.get("CodeRepository"):
            return self._code(given)
        repository = given.get("ImageRepository")
        if not repository:
            raise invalid("SourceConfiguration must have an ImageRepository or a CodeRepository.")
        kind, image = repository["ImageRepositoryType"], repository["ImageIdentifier"]
        self._check_image(kind, image)
        authentication = given.get("AuthenticationConfiguration", {})
        if kind == "ECR" and not authentication.get("AccessRoleArn"):
            raise invalid(
                "Authentication configuration is invalid: an image in a private Amazon ECR repository needs "
                "AuthenticationConfiguration.AccessRoleArn, a role with which App Runner pulls it."
            )
        automatic = given.get("AutoDeploymentsEnabled")
        if kind == "ECR_PUBLIC" and automatic:
            raise invalid(
                "Automatic deployments are not supported for images in Amazon ECR Public: "
                "set AutoDeploymentsEnabled to False."
            )
        return {
            "ImageRepository": {
                "ImageIdentifier": image,
                "ImageConfiguration": _of_image(repository.get("ImageConfiguration", {})),
                "ImageRepositoryType": kind,
            },
            "AutoDeploymentsEnabled": kind == "ECR" if automatic is None else automatic,
            **({"AuthenticationConfiguration": dict(authentication)} if authentication else {}),
        }

    def _code(self, given: Mapping[str, Any]) -> dict[str, Any]:
        authentication = given.get("AuthenticationConfiguration", {})
        self._check_connection(authentication)
        repository = given["CodeRepository"]
        configuration = repository.get("CodeConfiguration")
        if not configuration:
            raise invalid("A CodeRepository needs a CodeConfiguration when a service is created.")
        if given.get("AutoDeploymentsEnabled"):
            raise invalid(UNWATCHED)
        made = {"ConfigurationSource": configuration["ConfigurationSource"]}
        if made["ConfigurationSource"] == "API":
            made["CodeConfigurationValues"] = _of_code(configuration.get("CodeConfigurationValues"))
        problem = code.folder_of(repository)[1]
        if problem:
            raise invalid(problem)
        return {
            "CodeRepository": {"SourceDirectory": "/", **repository, "CodeConfiguration": made},
            "AutoDeploymentsEnabled": False,
            "AuthenticationConfiguration": dict(authentication),
        }

    def _check_image(self, kind: str, image: str) -> None:
        public = image.startswith(PUBLIC_HOST) and image.count("/") >= 2
        private = PRIVATE.fullmatch(image) is not None or image.startswith(f"{self._host}/")
        if not public and not private:
            raise invalid(
                f"The image identifier {image} is not valid: App Runner takes images from Amazon ECR "
                f"(<account>.dkr.ecr.<region>.amazonaws.com/NAME:TAG, here also {self._host}/NAME:TAG) "
                "and from Amazon ECR Public (public.ecr.aws/ALIAS/NAME:TAG)."
            )
        if public != (kind == "ECR_PUBLIC"):
            fit = "ECR_PUBLIC" if public else "ECR"
            raise invalid(f"The image {image} does not go with ImageRepositoryType {kind}: use {fit}.")

    def _check_connection(self, authentication: Mapping[str, Any]) -> None:
        arn = authentication.get("ConnectionArn")
        if not arn:
            raise invalid("Authentication configuration is invalid: source code needs a ConnectionArn.")
        if arn not in self._region.connections:
            raise invalid(f"Connection with arn {arn} is not found.")

    def _scaling(self, arn: str | None) -> str:
        if arn is None:
            return self._region.default_scaling
        return self._region.revision(SCALING, arn, "AutoScalingConfiguration", INVALID).arn

    def _network(self, given: Mapping[str, Any]) -> dict[str, Any]:
        egress = dict(given.get("EgressConfiguration", {}))
        egress.setdefault("EgressType", "DEFAULT")
        connector = egress.get("VpcConnectorArn")
        if egress["EgressType"] == "VPC":
            if not connector:
                raise invalid("EgressType VPC needs a VpcConnectorArn.")
            egress["VpcConnectorArn"] = self._region.revision(CONNECTOR, connector, "VpcConnector", INVALID).arn
        elif connector:
            raise invalid("A VpcConnectorArn goes with EgressType VPC only.")
        ingress = given.get("IngressConfiguration", {})
        return {
            "EgressConfiguration": egress,
            "IngressConfiguration": {"IsPubliclyAccessible": ingress.get("IsPubliclyAccessible", True)},
            "IpAddressType": given.get("IpAddressType", "IPV4"),
        }

    def _observability(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if given is None:
            return None
        arn = given.get("ObservabilityConfigurationArn")
        if arn and not given["ObservabilityEnabled"]:
            raise invalid("An ObservabilityConfigurationArn goes with ObservabilityEnabled only.")
        if not arn:
            return {"ObservabilityEnabled": given["ObservabilityEnabled"]}
        found = self._region.revision(OBSERVABILITY, arn, "ObservabilityConfiguration", INVALID)
        return {"ObservabilityEnabled": True, "ObservabilityConfigurationArn": found.arn}


def reference_of(image: str, host: str) -> tuple[str, str, str]:
    """Where an image really lies.

    Parameters
    ----------
    image : str
        As the learner wrote it.
    host : str
        The address of the cloud's own registry.

    Returns
    -------
    tuple of str
        The reference that the runtime understands, the region that an AWS host name tells or an empty text, and why
        there is no such registry here, or an empty text.
    """
    found = PRIVATE.fullmatch(image)
    if found is None:
        return image, "", ""
    if found[1] != ACCOUNT:
        return image, "", f"the embedded cloud has one account only, {ACCOUNT}; {found[1]} is another"
    return f"{host}/{found[3]}", found[2], ""


def _updated(old: Settings, given: Mapping[str, Any]) -> dict[str, Any]:
    """A source with what an update leaves out; an image stays an image, and code stays code."""
    kind, other = ("CodeRepository", "ImageRepository") if old.code else ("ImageRepository", "CodeRepository")
    if given.get(other):
        raise invalid(f"The service has a {kind}; an update cannot make it a service with a {other}.")
    kept = ("AuthenticationConfiguration", "AutoDeploymentsEnabled", kind)
    made = {**{name: old.source[name] for name in kept if name in old.source}, **given}
    if old.code and not made[kind].get("CodeConfiguration"):
        made[kind] = {**made[kind], "CodeConfiguration": old.code["CodeConfiguration"]}
    return made


def _of_code(given: Mapping[str, Any] | None) -> dict[str, Any]:
    if not given:
        raise invalid("The ConfigurationSource API needs CodeConfigurationValues.")
    if given["Runtime"] not in code.RUNTIMES:
        raise invalid(code.unknown(given["Runtime"]))
    if not given.get("StartCommand"):
        raise invalid("CodeConfigurationValues need a StartCommand, for example: python app.py")
    build = {"BuildCommand": given["BuildCommand"]} if given.get("BuildCommand") else {}
    return {"Runtime": given["Runtime"], **build, **_of_image(given)}


def _of_image(given: Mapping[str, Any]) -> dict[str, Any]:
    port = given.get("Port") or DEFAULT_PORT
    if not (port.isdecimal() and port.isascii() and 1 <= int(port) <= 65535):
        raise invalid(f"The port {port} is not valid: it must be a number from 1 to 65535.")
    variables, secrets = given.get("RuntimeEnvironmentVariables", {}), given.get("RuntimeEnvironmentSecrets", {})
    for name in (*variables, *secrets):
        if name.startswith(RESERVED) or name == "PORT":
            raise invalid(f"The environment variable {name} is reserved: App Runner sets PORT and {RESERVED}* itself.")
        if name in variables and name in secrets:
            raise invalid(f"{name} is both an environment variable and a secret.")
    for name, value in secrets.items():
        if not value.startswith(SECRET_ARNS):
            raise invalid(
                f"The secret {name} has the value {value}: it must be the ARN of a secret of AWS Secrets Manager or of "
                "a parameter of AWS Systems Manager."
            )
    command = given.get("StartCommand")
    if command is not None:
        try:
            words = shlex.split(command)
        except ValueError as wrong:
            raise invalid(f"The start command cannot be read ({wrong}): {command}") from None
        if not words:
            raise invalid("The start command is empty.")
    return {
        "Port": port,
        **({"RuntimeEnvironmentVariables": dict(variables)} if variables else {}),
        **({"RuntimeEnvironmentSecrets": dict(secrets)} if secrets else {}),
        **({"StartCommand": command} if command is not None else {}),
    }


def _check_secrets(source: Mapping[str, Any], role: str) -> None:
    found = source.get("ImageRepository", {}).get("ImageConfiguration") or source.get("CodeRepository", {}).get(
        "CodeConfiguration", {}
    ).get("CodeConfigurationValues", {})
    if found.get("RuntimeEnvironmentSecrets") and not role:
        raise invalid(
            "RuntimeEnvironmentSecrets need InstanceConfiguration.InstanceRoleArn, the role that may read them."
        )


def _instance(given: Mapping[str, Any]) -> tuple[int, int, str]:
    cpu = _units(given.get("Cpu", "1024"), " vCPU")
    memory = _units(given.get("Memory", "2048"), " GB")
    if memory not in MEMORY_OF[cpu]:
        fit = ", ".join(f"{each / 1024:g} GB" for each in MEMORY_OF[cpu])
        raise invalid(
            f"Cpu {cpu / 1024:g} vCPU does not go with Memory {memory / 1024:g} GB. With this Cpu it can be: {fit}."
        )
    return cpu, memory, given.get("InstanceRoleArn") or ""


def _units(text: str, suffix: str) -> int:
    """CPU units or MiB of ``1024``, ``1 vCPU`` or ``2 GB``; the model lets nothing else through."""
    return int(float(text.removesuffix(suffix)) * 1024) if text.endswith(suffix) else int(text)


def _check(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    made = {**defaults, **given}
    if not made["Path"].startswith("/") or any(sign.isspace() for sign in made["Path"]):
        raise invalid(f"The health check path {made['Path']} is not valid: it begins with / and has no blanks.")
    return made
