"""The operations of ECS that the embedded cloud does not have, and why."""

AGENT = "It is a call of the Amazon ECS container agent; here the embedded cloud does itself what agents do."
DAEMON = "Daemons run on Amazon ECS Managed Instances, which the embedded cloud does not have."
GATEWAY = "Amazon ECS gateways are not here: use a load balancer of Elastic Load Balancing."
TASK_SET = (
    "Task sets belong to services whose deployment controller is EXTERNAL, which the embedded cloud does not simulate."
)

REFUSED = {
    **dict.fromkeys(
        (
            "DiscoverPollEndpoint",
            "SubmitAttachmentStateChanges",
            "SubmitContainerStateChange",
            "SubmitTaskStateChange",
        ),
        AGENT,
    ),
    **dict.fromkeys(
        (
            "CreateDaemon",
            "DeleteDaemon",
            "DeleteDaemonTaskDefinition",
            "DescribeDaemon",
            "DescribeDaemonDeployments",
            "DescribeDaemonRevisions",
            "DescribeDaemonTaskDefinition",
            "ListDaemonDeployments",
            "ListDaemonTaskDefinitions",
            "ListDaemons",
            "RegisterDaemonTaskDefinition",
            "UpdateDaemon",
        ),
        DAEMON,
    ),
    **dict.fromkeys(
        (
            "AssociateGatewayWithCluster",
            "CreateGateway",
            "DeleteGateway",
            "DescribeGateway",
            "DescribeGatewayResources",
            "DescribeGatewayRoute",
            "DisassociateGatewayFromCluster",
            "ListGatewayClusterAssociations",
            "ListGatewayRoutes",
            "ListGateways",
            "UpdateGateway",
        ),
        GATEWAY,
    ),
    **dict.fromkeys(
        (
            "CreateTaskSet",
            "DeleteTaskSet",
            "DescribeTaskSets",
            "UpdateServicePrimaryTaskSet",
            "UpdateTaskSet",
        ),
        TASK_SET,
    ),
    "ContinueServiceDeployment": "Deployments never pause here: lifecycle hooks are kept and shown, but not called.",
}
