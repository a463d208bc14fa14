"""Set up and run the course with nothing but Python: `python3 course.py COMMAND`.

The Makefile calls this file, and Windows calls it directly (`py course.py lab`). It imports the standard library only,
since it runs before anything is installed.

Commands
--------
lab          install what is missing, copy the labs to `workspace/`, open JupyterLab (arguments go to JupyterLab)
setup        only install: `.venv/` with the versions of `requirements.lock`
test         run the tests, the notebooks and the browser included (arguments go to pytest, which then runs only them)
test-fast    run the tests that need no running cloud, no browser, no container engine and no notebook
test-matrix  run what `test` leaves out: labs and tests once more on other runtimes and in the dark theme
lint         style, types, the layout of the repository and the hygiene of the notebooks
bench        measure the embedded cloud beside its peers
lock         choose versions anew and write `requirements.lock`
link         make this Python able to import the course (conda and Binder need it; setup does it for `.venv/`)
clean        stop the embedded cloud, remove `.venv/` and caches; your notebooks and your progress stay
"""

from __future__ import annotations  # an older Python must get as far as being told that it is too old

import compileall
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed.txt"
LOCK = ROOT / "requirements.lock"
LABS = ROOT / "labs"
WORKSPACE = ROOT / "workspace"
COPIED = WORKSPACE / ".copied.json"
TRUSTED = WORKSPACE / ".trusted"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# The system's certificates: schools and companies often add their own.
UV = (PYTHON, "-m", "uv", "--system-certs", "pip")
OLDEST = (3, 11)
PACKAGES = ("lab_cloud", "lab_helpers")
CACHES = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "artifacts")


class CourseError(Exception):
    """One line of what is wrong and one line of what to do."""


def run(*argv: str | Path) -> None:
    """Run a command in the course's root; a failure ends this program with the command's exit code."""
    done = subprocess.run([str(word) for word in argv], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


# -- setup -------------------------------------------------------------------------------------------------------------


def setup() -> None:
    """Create `.venv/` with exactly the locked versions; a second run only compares a stamp."""
    precompile()
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == stamp() and PYTHON.exists():
        return
    if importlib.util.find_spec("ensurepip") is None:
        raise CourseError(
            "This Python cannot make virtual environments.\nOn Debian and Ubuntu: sudo apt install python3-venv"
        )
    print("Setting up .venv (about half a minute the first time) ...", flush=True)
    venv.create(VENV, with_pip=True, clear=True)
    # uv installs the rest in seconds where pip takes minutes; it comes by pip itself, held to the hashes of the lock.
    only_uv = VENV / "uv.txt"
    only_uv.write_text(locked("uv"), encoding="utf-8")
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    run(*pip, "--require-hashes", "--no-deps", "-r", only_uv)
    # Bytecode as pip would write it: whoever may not write into this folder later, as in a classroom, never could.
    run(*UV, "install", "--quiet", "--compile-bytecode", "--python", PYTHON, "--require-hashes", "-r", LOCK)
    run(PYTHON, Path(__file__), "link")
    STAMP.write_text(stamp(), encoding="utf-8")


def precompile() -> None:
    """Write the bytecode of the course where it is not up to date: without it the cloud starts in twice the time."""
    for name in PACKAGES:
        compileall.compile_dir(ROOT / name, quiet=2)  # a folder that cannot be written stays as it is


def stamp() -> str:
    """What the environment was made from: it is made anew when the lock, this Python or the course's folder changes."""
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return f"{digest} {sys.version_info[:3]} {ROOT}\n"


def locked(name: str) -> str:
    """One package's lines of the lock, hashes included."""
    lines: list[str] = []
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}=="):
            lines = [line]
        elif lines and line.startswith("    --hash"):
            lines.append(line)
        elif lines:
            break
    if not lines:
        raise CourseError(f"requirements.lock does not name {name}.\nWrite it anew: make lock")
    return "\n".join(lines).rstrip("\\ ") + "\n"


def link() -> None:
    """Let the running Python import the course from any folder, and give its JupyterLab the course's settings."""
    packages = Path(sysconfig.get_path("purelib"))
    (packages / "containers-on-aws.pth").write_text(f"{ROOT}\n", encoding="utf-8")
    precompile()
    settings = Path(sys.prefix) / "share" / "jupyter" / "lab" / "settings"
    settings.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / "jupyter" / "overrides.json", settings / "overrides.json")


# -- workspace ---------------------------------------------------------------------------------------------------------


def fill_workspace(workspace: Path | None = None) -> list[str]:
    """Copy the labs to `workspace/`; what the learner has changed there is never overwritten.

    Parameters
    ----------
    workspace : Path, optional
        Another folder than `workspace/`.

    Returns
    -------
    list of str
        Labs that have a newer edition while the learner's copy was kept.
    """
    workspace = workspace or WORKSPACE
    workspace.mkdir(exist_ok=True)
    note = workspace / COPIED.name
    copied: dict[str, str] = json.loads(note.read_text(encoding="utf-8")) if note.is_file() else {}
    kept: list[str] = []
    for source in sorted(LABS.glob("*.ipynb")):  # not the folders that labs make when they run where they came
        name = source.name
        target = workspace / name
        new = hashlib.sha256(source.read_bytes()).hexdigest()
        if target.exists() and copied.get(name) != new:
            mine = hashlib.sha256(target.read_bytes()).hexdigest()
            if mine == new:
                copied[name] = new
            elif mine != copied.get(name):
                kept.append(name)
                continue
        if not target.exists() or copied.get(name) != new:
            shutil.copyfile(source, target)
            copied[name] = new
    note.write_text(json.dumps(copied, indent=1, sort_keys=True), encoding="utf-8")
    return kept


def trust_copies(workspace: Path | None = None, python: Path = PYTHON) -> None:
    """Sign the untouched copies, so that JupyterLab shows their stored pictures and not only their text."""
    workspace = workspace or WORKSPACE
    note, trusted = workspace / COPIED.name, workspace / TRUSTED.name
    copied: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
    stamp = hashlib.sha256(note.read_bytes()).hexdigest()
    if trusted.is_file() and trusted.read_text(encoding="utf-8") == stamp:
        return
    notebooks = [
        workspace / name
        for name, digest in sorted(copied.items())
        if name.endswith(".ipynb") and hashlib.sha256((workspace / name).read_bytes()).hexdigest() == digest
    ]
    if notebooks:
        argv = [str(python), "-m", "jupyter", "trust", *map(str, notebooks)]
        subprocess.run(argv, cwd=workspace, check=False, stdout=subprocess.DEVNULL)
    trusted.write_text(stamp, encoding="utf-8")


def surroundings() -> dict[str, str]:
    """JupyterLab's environment: `python` and `aws` are the course's, in its terminals and behind a `!` in a cell."""
    return {**os.environ, "PATH": os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", "")])}


def lab(arguments: Sequence[str]) -> None:
    """Open JupyterLab at the first lab, on this machine only; stop the embedded cloud when it ends."""
    setup()
    for name in fill_workspace():
        print(f"workspace/{name} is yours and was kept; labs/ has a newer one. To get it, rename yours and run again.")
    trust_copies()
    argv = [
        str(PYTHON), "-m", "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={WORKSPACE}",
        "--LabApp.default_url=/lab/tree/00-start-here.ipynb",
        *arguments,
    ]  # fmt: skip
    process = subprocess.Popen(argv, cwd=WORKSPACE, env=surroundings())
    # Control-C is JupyterLab's question to ask; this program only waits for the answer.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    code = process.wait()
    subprocess.run([str(PYTHON), "-m", "lab_cloud", "down"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    raise SystemExit(code)


# -- for those who change the course -----------------------------------------------------------------------------------


def test(arguments: Sequence[str]) -> None:
    """Run the tests, or pytest with arguments of one's own; `tools/suite.py` says how."""
    setup()
    if arguments:
        run(PYTHON, "-m", "pytest", *arguments)
    else:
        run(PYTHON, "-m", "tools.suite", "test")


def test_fast() -> None:
    """Run the tests that are over in two minutes."""
    setup()
    run(PYTHON, "-m", "tools.suite", "fast")


def test_matrix() -> None:
    """Run the tests that ask of another runtime or theme what `test` has asked of the first."""
    setup()
    run(PYTHON, "-m", "tools.suite", "matrix")


def lint() -> None:
    """Check style, types, layout and notebooks, and change nothing."""
    setup()
    run(PYTHON, "-m", "ruff", "check", ".")
    run(PYTHON, "-m", "ruff", "format", "--check", ".")
    run(PYTHON, "-m", "mypy")
    run(PYTHON, "-m", "pytest", "-q", "tests/test_house.py")


def bench(arguments: Sequence[str]) -> None:
    """Measure, and print the ratios."""
    setup()
    run(PYTHON, "-m", "bench", *arguments)


def lock() -> None:
    """Choose versions anew from pyproject.toml, for all systems and Pythons at once."""
    setup()
    run(
        *UV, "compile", "pyproject.toml", "--group", "dev", "--upgrade",
        "--universal", "--python-version", ".".join(map(str, OLDEST)), "--generate-hashes",
        "--no-emit-index-url", "--custom-compile-command", "make lock", "--quiet", "--output-file", "requirements.lock",
    )  # fmt: skip


def clean() -> None:
    """Remove what can be made again."""
    if PYTHON.exists():
        subprocess.run([str(PYTHON), "-m", "lab_cloud", "down"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    shutil.rmtree(VENV, ignore_errors=True)
    for name in CACHES:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for folder in ("lab_cloud", "lab_helpers", "tests"):
        for cache in (ROOT / folder).rglob("__pycache__"):
            shutil.rmtree(cache, ignore_errors=True)


def main(argv: Sequence[str]) -> None:
    """Carry out one command."""
    if sys.version_info < OLDEST:
        raise CourseError(
            f"The course needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}.\n"
            "Name a newer one, for example: make lab PYTHON=python3.12"
        )
    command, arguments = (argv[0] if argv else "help"), argv[1:]
    with_arguments = {"lab": lab, "test": test, "bench": bench}
    without = {"setup": setup, "lint": lint, "lock": lock, "link": link, "clean": clean}
    without |= {"test-fast": test_fast, "test-matrix": test_matrix}
    if command in with_arguments:
        with_arguments[command](arguments)
    elif command in without:
        without[command]()
    else:
        print(__doc__)
        raise SystemExit(0 if command in ("help", "-h", "--help") else 2)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except CourseError as error:
        raise SystemExit(str(error)) from None
