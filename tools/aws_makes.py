"""Keeps `data/aws/makes.csv` true to botocore's models: which calls take the lab's tags, and in which parameter.

    python -m tools.aws_makes          write the column `tags` anew; say what else must be done by hand
    python -m tools.aws_makes --check  only say; exit 1 if anything is to be done

The rows are chosen by hand: they are the calls by which a lab may make something on a real account. A call that
takes no tags needs a reason in the last column. One that takes them names the kind with which `lab.teardown()` deletes
what it makes: what cannot be deleted by its tag may not be made.
"""

import csv
import io
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session

from lab_helpers import tagging
from lab_helpers.aws.guard import DATA, makes

ROOT = Path(__file__).resolve().parent.parent
FILE = DATA / "makes.csv"
HEAD = ("service", "operation", "tags", "torn down with", "why untagged")


@cache
def model(service: str) -> Any:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def rows() -> list[dict[str, str]]:
    """The file as it is."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def generated() -> tuple[list[dict[str, str]], list[str]]:
    """The file as it should be, and what must be done by hand."""
    found, problems = [], []
    for row in sorted(rows(), key=lambda one: (one["service"], one["operation"])):
        where = f"{row['service']} {row['operation']}"
        try:
            operation = model(row["service"]).operation_model(row["operation"])
        except (botocore.exceptions.UnknownServiceError, KeyError, botocore.model.OperationNotFoundError):
            problems.append(f"{where}: botocore has no such operation")
            continue
        tags = tagging.member_of(operation)
        if not makes(operation.name):
            problems.append(f"{where}: it makes nothing; take the row away")
        if not tags and not row["why untagged"]:
            problems.append(f"{where}: it takes no tags; say why that is no harm")
        if tags and not row["torn down with"]:
            problems.append(f"{where}: say with which kind of `cleanup.KINDS` lab.teardown() deletes it")
        if tags and row["why untagged"]:
            problems.append(f"{where}: it takes tags ({tags}); take the reason away")
        found.append({**row, "tags": tags})
    return found, problems


def called() -> Iterator[tuple[str, str, str]]:
    """Calls of making operations in the labs and their solutions: where, the method, the operation's name."""
    names = {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in operation).lstrip("_"): operation
        for service in sorted({row["service"] for row in rows()})
        for operation in model(service).operation_names
        if makes(operation)
    }
    files = [*sorted((ROOT / "labs").glob("*.ipynb")), *sorted((ROOT / "lab_helpers/exercises").glob("lab_*.py"))]
    for path in files:
        for method in sorted(set(re.findall(r"\.([a-z_0-9]+)\(", path.read_text(encoding="utf-8")))):
            if method in names:
                yield path.name, method, names[method]


def text(found: list[dict[str, str]]) -> str:
    """The file's text."""
    written = io.StringIO()
    writer = csv.DictWriter(written, HEAD, lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)
    return written.getvalue()


def main(arguments: list[str]) -> int:
    """The command line; returns the exit code."""
    found, problems = generated()
    known = {row["operation"] for row in found}
    problems += [
        f"{where} calls {method}: no row of makes.csv has it" for where, method, name in called() if name not in known
    ]
    if "--check" in arguments:
        if text(found) != FILE.read_text(encoding="utf-8"):
            problems.append("makes.csv is not as botocore's models say: run python -m tools.aws_makes")
    else:
        FILE.write_text(text(found), encoding="utf-8", newline="\n")
    print("\n".join(problems) or "data/aws/makes.csv is as it should be.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
