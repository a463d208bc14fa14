"""One way to build the system of lab 12. It works in the lab's notebook, which has made image, network and helpers."""

WEB = """\
uri = ecr.create_repository(repositoryName="shop")["repository"]["repositoryUri"]
image = f"{uri}:1"
lab.images.build(context, "shop:1")
lab.images.tag("shop:1", image)
lab.images.push(image)

dead_url = sqs.create_queue(QueueName="orders-dead")["QueueUrl"]
redrive = {"deadLetterTargetArn": queue_arn(dead_url), "maxReceiveCount": "3"}
queue_url = sqs.create_queue(
    QueueName="orders",
    Attributes={"VisibilityTimeout": "4", "RedrivePolicy": json.dumps(redrive)},
)["QueueUrl"]

task_role = role("shop-task", "ecs-tasks.amazonaws.com")
allow("shop-task", ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes"], queue_arn(queue_url))
logs.create_log_group(logGroupName="/ecs/shop")


def recipe(command):
    container = {
        "name": "shop",
        "image": image,
        "command": ["python3", "app.py", command],
        "portMappings": [{"containerPort": 80}] if command == "web" else [],
        "environment": [{"name": "QUEUE_URL", "value": queue_url}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": "/ecs/shop",
                "awslogs-region": logs.meta.region_name,
                "awslogs-stream-prefix": command,
            },
        },
    }
    return ecs.register_task_definition(
        family=f"shop-{command}",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=execution_role,
        taskRoleArn=task_role,
        containerDefinitions=[container],
    )["taskDefinition"]["taskDefinitionArn"]


balancer = elbv2.create_load_balancer(
    Name="shop", Subnets=subnets, SecurityGroups=[security_group]
)["LoadBalancers"][0]["LoadBalancerArn"]
targets = elbv2.create_target_group(
    Name="shop", TargetType="ip", Protocol="HTTP", Port=80, VpcId=vpc,
    HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=2,
)["TargetGroups"][0]["TargetGroupArn"]
elbv2.modify_target_group_attributes(
    TargetGroupArn=targets,
    Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
)
elbv2.create_listener(
    LoadBalancerArn=balancer, Protocol="HTTP", Port=80,
    DefaultActions=[{"Type": "forward", "TargetGroupArn": targets}],
)
ecs.create_service(
    cluster="DemoCluster", serviceName="shop-web", taskDefinition=recipe("web"),
    desiredCount=2, launchType="FARGATE", networkConfiguration=network,
    loadBalancers=[
        {"targetGroupArn": targets, "containerName": "shop", "containerPort": 80}
    ],
)
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["shop-web"])
lab.wait(elbv2, "target_in_service", TargetGroupArn=targets)
"""

WORK = """\
ecs.create_service(
    cluster="DemoCluster", serviceName="shop-work", taskDefinition=recipe("work"),
    desiredCount=2, launchType="FARGATE", networkConfiguration=network,
)
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["shop-work"])
"""

CLOCK = """\
report = recipe("report")
schedule_role = role("shop-schedule", "scheduler.amazonaws.com")
allow("shop-schedule", ["ecs:RunTask"], report.rpartition(":")[0] + ":*")
allow("shop-schedule", ["iam:PassRole"], execution_role, task_role)
cluster_arn = ecs.describe_clusters(clusters=["DemoCluster"])["clusters"][0]["clusterArn"]
lab.client("scheduler").create_schedule(
    Name="shop-report",
    ScheduleExpression="rate(10 minutes)",
    FlexibleTimeWindow={"Mode": "OFF"},
    Target={
        "Arn": cluster_arn,
        "RoleArn": schedule_role,
        "EcsParameters": {
            "TaskDefinitionArn": report,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {
                "awsvpcConfiguration": {
                    "Subnets": subnets,
                    "SecurityGroups": [security_group],
                    "AssignPublicIp": "ENABLED",
                }
            },
        },
    },
)
"""

MANAGED = """\
infrastructure_role = role("shop-express", "ecs.amazonaws.com")
policy = "service-role/AmazonECSInfrastructureRoleforExpressGatewayServices"
iam.attach_role_policy(
    RoleName="shop-express", PolicyArn=f"arn:aws:iam::aws:policy/{policy}"
)
ecs.create_express_gateway_service(
    serviceName="shop-admin",
    infrastructureRoleArn=infrastructure_role,
    executionRoleArn=execution_role,
    taskRoleArn=task_role,
    primaryContainer={
        "image": image,
        "containerPort": 80,
        "environment": [{"name": "QUEUE_URL", "value": queue_url}],
    },
    healthCheckPath="/",
    cpu="256",
    memory="512",
)
lab.wait(ecs, "services_stable", cluster="default", services=["shop-admin"])
"""

BILL = """\
ecs.update_service(
    cluster="DemoCluster",
    service="shop-work",
    capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    forceNewDeployment=True,
)
lab.wait(ecs, "services_stable", cluster="DemoCluster", services=["shop-work"])
"""
