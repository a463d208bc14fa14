"""The rules of the house: what lies where, who may import whom, one set of versions, tidy notebooks."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lab_cloud", "lab_helpers")
TOP = {
    *(
        ".ci",
        ".gitattributes",
        ".github",
        ".gitignore",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "course.py",
        "environment.yml",
        "postBuild",
        "start",
    ),
    *("pyproject.toml", "requirements.lock", "bench", "data", "docs", "jupyter", "labs", "tests", "tools", *PACKAGES),
}
LONGEST = 400
HEAVY_FOR_CLOUD = ("moto", "boto3", "botocore", "aiohttp", "requests")
HEAVY_FOR_HELPERS = (
    "boto3",
    "botocore",
    "pandas",
    "matplotlib",
    "ipywidgets",
    "anywidget",
    "localstack_client",
    "IPython",
)
# Written in two parts, so that this file holds none of them itself.
UNWANTED = [
    *(first + second for first, second in [("py", "pi.org"), ("files.pythonho", "sted.org"), ("registry.np", "mjs")]),
    *(first + second for first, second in [("deb.deb", "ian.org"), ("conda.ana", "conda.org")]),
    *(first + second for first, second in [("/wo", "rk/main"), ("/wo", "rk/shared"), ("/tmp", "/v/")]),
]


def tracked() -> list[Path]:
    """The files that git knows."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git repository")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def modules(folder: str) -> Iterator[Path]:
    """The Python files of a package."""
    return (path for path in sorted((ROOT / folder).rglob("*.py")) if "__pycache__" not in path.parts)


@cache
def imports(path: Path) -> tuple[str, ...]:
    """The absolute names of everything that a module imports, at its top or inside functions."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    package = list(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def offenders(folder: str, forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in imports(path)
        if name.startswith(tuple(f"{one}." for one in forbidden)) or name in forbidden
    ]


# -- layout and walls -------------------------------------------------------------------------------------------------


def test_nothing_lies_in_the_root_that_has_no_place_there() -> None:
    assert sorted({path.relative_to(ROOT).parts[0] for path in tracked()} - TOP) == []


def test_cloud_and_helpers_do_not_know_each_other() -> None:
    assert offenders("lab_cloud", ("lab_helpers",)) == []
    assert offenders("lab_helpers", ("lab_cloud",)) == []


def test_only_the_wire_imports_moto() -> None:
    found = offenders("lab_cloud", ("moto",)) + offenders("lab_helpers", ("moto",))
    assert [one for one in found if not one.startswith(str(Path("lab_cloud/wire/")))] == []


def test_the_runtime_knows_nothing_of_aws() -> None:
    services = ("wire", "ecs", "elb", "network", "scaling", "ecr", "events", "eks", "apprunner", "server")
    forbidden = ("boto3", "botocore", *(f"lab_cloud.{name}" for name in services))
    assert offenders("lab_cloud/runtime", forbidden) == []


def test_no_module_outgrows_a_screenful_of_screens() -> None:
    counted = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for folder in PACKAGES for path in modules(folder)
    }
    assert {str(path.relative_to(ROOT)): lines for path, lines in counted.items() if lines > LONGEST} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_tests_lie_as_the_sources_do(package: str) -> None:
    folders = {path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*") if path.is_dir()}
    tested = {
        path.parent.relative_to(ROOT / "tests" / package) for path in (ROOT / "tests" / package).rglob("test_*.py")
    }
    assert sorted(map(str, tested - folders - {Path()})) == []


@pytest.mark.parametrize(
    ("module", "heavy"), [("lab_cloud.cloud", HEAVY_FOR_CLOUD), ("lab_helpers", HEAVY_FOR_HELPERS)]
)
def test_starting_imports_nothing_heavy(module: str, heavy: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_file_names_a_package_host_or_a_folder_of_one_machine() -> None:
    found = []
    for path in tracked():
        text = path.read_text(encoding="utf-8", errors="ignore") if path.suffix not in {".png", ".gz"} else ""
        found += [f"{path.relative_to(ROOT)}: {word}" for word in UNWANTED if word in text]
    assert found == []


# -- one set of versions ----------------------------------------------------------------------------------------------


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def wanted() -> list[Requirement]:
    content = pyproject()
    return [Requirement(line) for line in (*content["project"]["dependencies"], *content["dependency-groups"]["dev"])]


def locked() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", lock_text(), re.MULTILINE):
        found.setdefault(name.lower(), set()).add(version)
    return found


def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def test_the_lock_satisfies_pyproject() -> None:
    versions = locked()
    unsatisfied = [
        str(one)
        for one in wanted()
        if not versions.get(one.name.lower()) or not all(one.specifier.contains(v) for v in versions[one.name.lower()])
    ]
    assert unsatisfied == []


# The name that is imported, where it is not the package's.
IMPORTED = {
    "xdist": "pytest-xdist",
    "yaml": "pyyaml",
    "flask_cors": "flask-cors",
    "localstack_client": "localstack-client",
    "websocket": "websocket-client",
}
# What comes with something that is declared: botocore's and moto's own, Jupyter's parts, and the course's own tests.
COMES_ALONG = {"werkzeug", "cryptography", "traitlets", "IPython", "jmespath", "packaging", "playwright", "urllib3"}


def test_what_is_imported_is_declared() -> None:
    declared = {one.name.lower() for one in wanted()}
    own = {path.stem for path in ROOT.iterdir()} | {"tests"}
    undeclared = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in (*PACKAGES, "tests", "tools", "bench")
        for path in modules(folder)
        for name in {one.split(".")[0] for one in imports(path)}
        if name not in sys.stdlib_module_names | own | COMES_ALONG
        if IMPORTED.get(name, name).lower().replace("_", "-") not in declared
    }
    assert sorted(undeclared) == []


def test_every_line_of_the_lock_is_pinned_and_hashed() -> None:
    entries = re.split(r"^(?=[A-Za-z])", lock_text(), flags=re.MULTILINE)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert not re.search(r"^-|://", lock_text(), re.MULTILINE)


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r'\s+"[\w-]+[=<>]', line)]
    assert len(lines) == len(wanted()) + len(pyproject()["dependency-groups"]["hub"])
    assert [line for line in lines if "  # " not in line] == []


def test_conda_gets_the_same_versions() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    plain = [one for one in content["dependencies"] if isinstance(one, str)]
    assert [one["pip"] for one in content["dependencies"] if isinstance(one, dict)] == [["-r requirements.lock"]]
    assert sorted(one.split("=")[0] for one in plain) == ["pip", "python"]
    python = next(one.split("=")[1] for one in plain if one.startswith("python="))
    assert Version(python) >= oldest()


def test_the_workflow_tests_the_oldest_python() -> None:
    content = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8"))
    matrix = content["jobs"]["test"]["strategy"]["matrix"]
    assert min(map(Version, matrix["python"])) == oldest()
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}


def oldest() -> Version:
    return Version(pyproject()["project"]["requires-python"].removeprefix(">="))


# -- notebooks --------------------------------------------------------------------------------------------------------

LABS = sorted((ROOT / "labs").glob("*.ipynb"))
KIND = {"nbval-check-output", "nbval-ignore-output", "exercise"}
KNOWN = {*KIND, "build", "quiz", "cleanup", "nbval-raises-exception"}
# What differs from run to run and so cannot be compared: addresses, uuids, ids of AWS, clock times.
CHANGING = re.compile(
    r"0x[0-9a-f]{6,}|[0-9a-f]{8}-[0-9a-f]{4}-|\b(?:i|sg|eni|vpc|subnet|lt)-[0-9a-f]{8,}|\b[0-9a-f]{32}\b|\d\d:\d\d:\d\d|127\.0\.0\.1:\d"
)

labs = pytest.mark.parametrize("path", LABS, ids=[path.stem for path in LABS])


def notebook(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in notebook(path)["cells"] if cell["cell_type"] == "code"]


def tags(cell: dict[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", []))


def told(cell: dict[str, Any]) -> str:
    return f"{cell['id']}: {source(cell).splitlines()[0] if cell['source'] else '(empty)'}"


@labs
def test_a_notebook_is_valid_and_says_what_it_needs(path: Path) -> None:
    import nbformat

    content = notebook(path)
    nbformat.validate(nbformat.from_dict(content))
    about = content["metadata"]["containers_on_aws"]
    number = int(path.name[:2])
    there = {int(other.name[:2]) for other in LABS}
    assert about["lab"] == number
    assert set(about["needs"]) <= {one for one in there if one < number}
    assert about["minutes"] > 0
    assert about["cost_per_hour"] >= 0


def test_the_page_of_the_glossary_is_as_the_glossary() -> None:
    from tools import glossary

    assert glossary.PAGE.read_text(encoding="utf-8") == glossary.page(), "run: python tools/glossary.py"


def test_the_readme_names_every_lab() -> None:
    rows = re.findall(r"^\| (\d\d) ", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [path.name[:2] for path in LABS]


def test_every_lab_has_a_test_of_its_exercises_and_one_in_a_browser() -> None:
    there = {path.relative_to(ROOT / "tests").as_posix() for path in (ROOT / "tests").rglob("test_lab_*.py")}
    numbers = [path.name[:2] for path in LABS if path.name[:2] != "00"]
    wanted = {f"{place}/test_lab_{one}.py" for one in numbers for place in ("browser", "lab_helpers/exercises")}
    assert sorted(wanted - there) == []


@labs
def test_every_code_cell_is_classified_once(path: Path) -> None:
    assert [told(cell) for cell in code_cells(path) if len(tags(cell) & KIND) != 1] == []
    assert [told(cell) for cell in code_cells(path) if tags(cell) - KNOWN] == []


@labs
def test_a_notebook_keeps_its_counts_and_no_state(path: Path) -> None:
    content = notebook(path)
    assert "widgets" not in content["metadata"]
    counts = [cell["execution_count"] for cell in code_cells(path)]
    run = [count for count in counts if count is not None]
    assert run == sorted(run)
    without = [told(c) for c in code_cells(path) if "nbval-check-output" in tags(c) and c["execution_count"] is None]
    assert without == []


@labs
def test_the_ids_of_cells_are_given_not_drawn(path: Path) -> None:
    ids = [cell["id"] for cell in notebook(path)["cells"]]
    assert len(set(ids)) == len(ids)
    assert [one for one in ids if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", one)] == []


@labs
def test_compared_outputs_are_there_and_hold_nothing_that_changes(path: Path) -> None:
    for cell in code_cells(path):
        if "nbval-check-output" not in tags(cell):
            continue
        assert cell["outputs"], f"nothing to compare in {told(cell)}"
        for output in cell["outputs"]:
            assert output["output_type"] != "error", told(cell)
            assert output.get("name") != "stderr", told(cell)
        assert CHANGING.findall(json.dumps(cell["outputs"])) == [], told(cell)


@labs
def test_build_cells_are_plain_python(path: Path) -> None:
    for cell in code_cells(path):
        if "build" in tags(cell):
            ast.parse(source(cell))
