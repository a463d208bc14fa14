"""Lab 01: an image on top of another, a container with limits, a second tag in the registry."""

import urllib.request
from typing import TYPE_CHECKING

from lab_helpers.exercises import Done, Exercise, NotAttempted, NotYet

if TYPE_CHECKING:
    from lab_helpers.containers import Container
    from lab_helpers.exercises import Outcome
    from lab_helpers.image_facts import Image
    from lab_helpers.lab import Lab

BELOW = "docker.io/library/web:1"
IMAGE = "docker.io/library/practice:1"
GREETING = "Xin chao"
NAME = "practice-web"
MEGABYTE = 1024**2
LEAST, MOST = 32, 128
REPOSITORY = "lab01-web"


def own_image(lab: "Lab") -> "Outcome":
    """An image on top of web:1 that differs in one variable."""
    images = {image.name: image for image in lab.images.list()}
    mine, below = images.get(IMAGE), images.get(BELOW)
    if mine is None:
        return NotAttempted("There is no image called practice:1 yet.")
    if below is None:
        return NotYet(missing=["the image web:1, which practice:1 stands on: build it again, further up"])
    missing = _not_on_top(mine, below)
    config = lab.images.inspect(IMAGE)
    environment = dict(item.partition("=")[::2] for item in config.get("Env") or ())
    if environment.get("GREETING") != GREETING:
        missing.append(f"the variable GREETING: it is {environment.get('GREETING', 'not set')}, not {GREETING}")
    if config.get("Cmd") != lab.images.inspect(BELOW).get("Cmd"):
        missing.append("the command of web:1: yours has another one")
    if missing:
        return NotYet(missing=missing)
    return Done("Your image adds nothing but a setting. It shares every layer with web:1 and takes no space.")


def _not_on_top(mine: "Image", below: "Image") -> list[str]:
    its, there = [layer.digest for layer in mine.layers], [layer.digest for layer in below.layers]
    if its[: len(there)] != there:
        return ["the layers of web:1 under your own: begin your Dockerfile with FROM web:1"]
    return []


def limited(lab: "Lab") -> "Outcome":
    """A container that answers, with a greeting and a memory limit."""
    found = [each for each in lab.containers.ps() if each.name == NAME]
    if not found:
        return NotAttempted(f"There is no container called {NAME} yet.")
    container = found[0]
    if container.status != "running":
        return NotYet(missing=[f"a running container: {NAME} has ended with exit code {container.exit_code}"])
    missing = []
    limit = container.memory_limit
    if limit is None:
        missing.append("a memory limit: it may take all the memory that there is")
    elif not LEAST * MEGABYTE <= limit <= MOST * MEGABYTE:
        missing.append(f"a limit between {LEAST}m and {MOST}m: yours is {limit // MEGABYTE}m")
    missing += _not_greeting(container)
    if missing:
        return NotYet(missing=missing)
    return Done("It greets, and it can never take more memory than you allow.")


def _not_greeting(container: "Container") -> list[str]:
    if 80 not in container.ports:
        return ["a way in: its port 80 is not published"]
    try:
        with urllib.request.urlopen(container.url, timeout=5) as answer:  # noqa: S310 - loopback
            words = answer.read().decode("utf-8", "replace")
    except OSError:
        return ["an answer at its port: look into its logs"]
    return [] if GREETING in words else [f"the greeting {GREETING} in its page: set the variable GREETING"]


def second_tag(lab: "Lab") -> "Outcome":
    """The tags 1 and stable in the registry mean the same image."""
    from botocore.exceptions import ClientError

    try:
        found = lab.client("ecr").describe_images(repositoryName=REPOSITORY)["imageDetails"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "RepositoryNotFoundException":
            raise
        return NotAttempted(f"There is no repository called {REPOSITORY}. Make it with the cell further up.")
    by_tag = {tag: image["imageDigest"] for image in found for tag in image.get("imageTags", [])}
    if "stable" not in by_tag:
        return NotAttempted(f"The repository {REPOSITORY} has no tag stable yet.")
    if "1" not in by_tag:
        return NotYet(missing=["the tag 1: it has gone; push it again"])
    if by_tag["stable"] != by_tag["1"]:
        return NotYet(missing=["one image with both tags: stable means another image than 1"])
    return Done("Two tags, one digest. Nothing was sent twice: the registry had every layer already.")


OWN_IMAGE = """\
from pathlib import Path

practice = Path("01-web/practice")
practice.mkdir(parents=True, exist_ok=True)
(practice / "Dockerfile").write_text('FROM web:1\\nENV GREETING="Xin chao"\\n')
lab.images.build(practice, "practice:1")
"""

LIMITED = """\
mine = lab.containers.run(
    "web:1",
    name="practice-web",
    ports=80,
    memory="64m",
    environment={"GREETING": "Xin chao"},
)
lab.wait(mine.answers, "your page")
"""

SECOND_TAG = """\
found = lab.client("ecr").describe_repositories(repositoryNames=["lab01-web"])
stable = found["repositories"][0]["repositoryUri"] + ":stable"
lab.images.tag("web:1", stable)
lab.images.push(stable)
"""

EXERCISES: dict[str, Exercise] = {
    "01a": Exercise(
        id="01a",
        title="An image on top of your image",
        check=own_image,
        hints=(
            "A Dockerfile may begin with any image that is here, also with one that you have built.",
            "Two lines are enough. The first names the image below, the second sets a variable.",
            'FROM web:1, and ENV GREETING="Xin chao". Write them into a Dockerfile in a new folder, then build it.',
        ),
        solution=OWN_IMAGE,
    ),
    "01b": Exercise(
        id="01b",
        title="A container that cannot take too much",
        check=limited,
        hints=(
            "lab.containers.run takes all of it: a name, a port, a memory limit and variables.",
            "The limit is the parameter memory, in Docker's way of writing: 64m. Variables are a dict.",
            "ports=80 publishes port 80. environment holds GREETING. If the name is taken, remove the old container.",
        ),
        solution=LIMITED,
    ),
    "01c": Exercise(
        id="01c",
        title="One image, two tags",
        check=second_tag,
        hints=(
            "You did it for the tag 1 above: first a name that leads to the registry, then a push.",
            "The name is the repository's address, a colon and the tag. lab.images.tag gives an image a second name.",
            "Tag web:1 with the address and :stable, then call lab.images.push with that name.",
        ),
        solution=SECOND_TAG,
    ),
}
