"""Settings of JupyterHub for the course: load them at the end of your own `jupyterhub_config.py`.

    load_subconfig("/path/of/the/course/jupyter/hub_config.py")

Each learner gets a folder, a cloud, a port and a key of their own. Use a spawner that gives each learner a user of the
system (the default one does) or a container: files are kept apart by the system, not by the course.
"""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
CONTAINERS_MB = int(os.environ.get("LAB_CLASS_CONTAINERS_MB", "500"))
"""What all containers of one learner may hold together: the cloud itself sees to it."""

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub gives it
c.Spawner.environment = {
    **dict(c.Spawner.environment or {}),
    # In the learner's own home, since the course's folder is the same for all and cannot be written by them.
    "LAB_HOME": "~/.lab",
    "LAB_LEARNER": lambda spawner: spawner.user.name,
    "LAB_MEMORY_MB": str(CONTAINERS_MB),
    "PYTHONPATH": str(COURSE),
}
# Spawners of containers and of systemd hold to these; the default one does not.
c.Spawner.mem_limit = f"{CONTAINERS_MB + 700}M"
c.Spawner.cpu_limit = 2.0
c.Spawner.default_url = "/lab"
