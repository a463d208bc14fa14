"""Clusters made by hand, for tests that need a picture and no cloud."""

from lab_helpers.views.state import Balancer, Cluster, Deployment, Event, Service, Target, Task


def task(number: int, status: str = "RUNNING", health: str | None = "healthy", revision: int = 1) -> Task:
    target = Target(f"172.31.0.{number}", 80, health) if health else None
    return Task(f"{number:032x}", status, f"hello:{revision}", f"172.31.0.{number}", target=target)


def service(*tasks: Task, desired: int | None = None, deployments: tuple[Deployment, ...] = ()) -> Service:
    running = sum(one.status == "RUNNING" for one in tasks)
    targets = tuple(one.target for one in tasks if one.target)
    return Service(
        name="hello",
        status="ACTIVE",
        revision="hello:1",
        desired=running if desired is None else desired,
        running=running,
        pending=len(tasks) - running,
        tasks=tasks,
        deployments=deployments or (Deployment("d1", "PRIMARY", "COMPLETED", "hello:1", running, running),),
        balancers=(Balancer("DemoALB", "active", ("HTTP 80",), "tg-hello", targets),),
        events=(Event("e1", 1.0, "has reached a steady state."),),
    )


def cluster(*services: Service) -> Cluster:
    return Cluster("DemoCluster", "ACTIVE", 1.0, services)
