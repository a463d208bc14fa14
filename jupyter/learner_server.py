"""What JupyterHub starts for each learner, as the learner's user: the labs, the notebook server, and the cloud's end.

The labs are copied to a folder in the learner's home, where they can be changed. The cloud is a process of the
learner's that goes on when a kernel ends; when the hub stops this server, the cloud and its containers stop with it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(COURSE))

import course  # noqa: E402 - it lies in the course's folder

FOLDER = "containers-on-aws"


def give_labs(home: Path) -> None:
    """Copy the labs to the learner's home; a full disk must not keep the server from starting."""
    folder = home / FOLDER
    try:
        for name in course.fill_workspace(folder):
            print(f"{folder / name} was changed by the learner and is kept; the course has a newer one.", flush=True)
        # This takes seconds, and the server need not wait for it.
        threading.Thread(target=course.trust_copies, args=(folder, Path(sys.executable)), daemon=True).start()
    except (OSError, ValueError) as error:  # ValueError: a note that a full disk has cut off
        print(f"The labs could not be copied to {folder}: {error}", file=sys.stderr, flush=True)


def stop_cloud() -> None:
    """Stop the learner's cloud, whatever the hub signals meanwhile."""
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    argv = [sys.executable, "-m", "lab_cloud", "down"]
    subprocess.run(argv, cwd=COURSE, check=False, stdout=subprocess.DEVNULL)


def main() -> None:
    """Serve until the hub says stop."""
    from jupyterhub.singleuser import main as serve

    os.umask(0o077)  # many systems let neighbours read what is made in a home
    home = Path.home()
    give_labs(home)
    os.chdir(home)
    # `python` and `aws` are the course's, in terminals and behind a `!` in a cell.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    # Kernels listen on sockets in here (hub_config.py), which only this user may open. A socket's path may have about
    # 100 characters: those of a home and of some systems' temporary folder are longer.
    sockets = tempfile.mkdtemp(prefix="lab-", dir="/tmp")
    os.environ["JUPYTER_RUNTIME_DIR"] = sockets
    # The hub asks with SIGINT first. Without a terminal the server then ends in the middle of things, and waits a
    # minute for kernels that nobody has told; SIGTERM it carries out in order.
    signal.signal(signal.SIGINT, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        serve()
    finally:
        stop_cloud()
        shutil.rmtree(sockets, ignore_errors=True)


if __name__ == "__main__":
    main()
