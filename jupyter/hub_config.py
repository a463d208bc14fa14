"""Settings of JupyterHub for the course: load them at the end of your own `jupyterhub_config.py`.

    load_subconfig("/path/of/the/course/jupyter/hub_config.py")

Each learner gets the labs, a folder, a cloud, a port and a key of their own. Use a spawner that starts each learner's
server on this machine as a user of the system (the default one does): files are kept apart by the system, not by the
course.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
OWN = COURSE / ".venv" / "bin" / "python"
PYTHON = str(OWN) if OWN.exists() else sys.executable
"""What learners' servers run on; with conda that is the Python that runs the hub."""
CONTAINERS_MB = int(os.environ.get("LAB_CLASS_CONTAINERS_MB", "500"))
"""What all containers of one learner may hold together: the cloud itself sees to it."""

THERE = "import importlib.util, sys; sys.exit(importlib.util.find_spec('jupyterhub') is None)"
if subprocess.run([PYTHON, "-c", THERE], check=False).returncode:
    raise SystemExit(
        f"JupyterHub is not installed for {PYTHON}, which runs the learners' servers.\n"
        f"Install it there: cd {COURSE}; {PYTHON} -m uv pip install --python {PYTHON} --group hub"
    )

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub gives it
# What is added to a setting that may not have a value yet: `update` keeps what your own file has set.
c.Spawner.environment.update(
    {
        # In the learner's own home, since the course's folder is the same for all and cannot be written by them.
        "LAB_HOME": "~/.lab",
        "LAB_LEARNER": lambda spawner: spawner.user.name,
        "LAB_MEMORY_MB": str(CONTAINERS_MB),
        "PYTHONPATH": str(COURSE),
    }
)
# The proxy that was installed beside the hub, where no other one is found.
BESIDE = Path(sys.executable).with_name("configurable-http-proxy")
if BESIDE.exists() and shutil.which("configurable-http-proxy") is None:
    c.ConfigurableHTTPProxy.command = [str(BESIDE)]
# The labs in the learner's home, then the notebook server; the learner's cloud ends with it.
c.Spawner.cmd = [PYTHON, str(COURSE / "jupyter" / "learner_server.py")]
# Kernels listen on sockets in the learner's own folder: those on loopback show every cell's output to who asks.
c.Spawner.args.append("--KernelManager.transport=ipc")
c.Spawner.default_url = "/lab/tree/containers-on-aws/00-start-here.ipynb"
# Spawners of containers and of systemd hold to these; the default one does not.
c.Spawner.mem_limit = f"{CONTAINERS_MB + 700}M"
c.Spawner.cpu_limit = 2.0
