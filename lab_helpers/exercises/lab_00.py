"""Lab 00: one small exercise, to learn how exercises work."""

from typing import TYPE_CHECKING

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

if TYPE_CHECKING:
    from lab_helpers.exercises import Outcome
    from lab_helpers.lab import Lab

CLUSTER = "hello-ecs"


def first_cluster(lab: "Lab") -> "Outcome":
    """A cluster of the wanted name is there."""
    ecs = lab.client("ecs")
    names = sorted(
        arn.rsplit("/", 1)[-1] for page in ecs.get_paginator("list_clusters").paginate() for arn in page["clusterArns"]
    )
    if CLUSTER in names:
        return Done(f"The cluster {CLUSTER} is there. You have built your first thing on AWS.")
    near = [name for name in names if name.casefold().replace("_", "-").strip("-") == CLUSTER]
    if near:
        return NotYet(missing=[f"the name {CLUSTER}: yours is {near[0]}, and AWS takes names letter by letter"])
    return NotAttempted(f"There is no cluster called {CLUSTER} yet.")


EXERCISES: dict[str, Exercise] = {
    "00a": Exercise(
        id="00a",
        title="Make a cluster",
        check=first_cluster,
        hints=(
            "You need one call to ECS. lab.client('ecs') gives you the client.",
            "The call is named after what it does: create, an underscore, and the thing it creates.",
            f"create_cluster takes the name in the parameter clusterName. The name here is {CLUSTER}.",
        ),
        solution=f'ecs = lab.client("ecs")\necs.create_cluster(clusterName="{CLUSTER}")\n',
    ),
}
