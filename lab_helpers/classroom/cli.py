"""`python -m lab_helpers classroom`: preflight, export, rollup."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .. import home
from ..errors import LabError
from ..progress import Progress


def main(argv: Sequence[str]) -> int:
    """Run one command.

    Returns
    -------
    int
        0 when all is well; 1 when something is wrong, in one line with its remedy.
    """
    options = _parser().parse_args(argv)
    try:
        code: int = options.run(options)
    except LabError as error:
        print("\n".join(error.lines()), file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab_helpers classroom",
        description="For teachers. Everything stays on this machine: what is written is written where you say.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    preflight = commands.add_parser("preflight", help="look whether this machine is ready; one line for each thing")
    preflight.add_argument("--learners", type=_count, default=1, help="how many work here at once (default: 1)")
    preflight.set_defaults(run=_preflight)
    export = commands.add_parser("export", help="write this learner's results into a file, to be handed to the teacher")
    export.add_argument(
        "--to", type=Path, help="the file (default: progress-LEARNER.json in this folder), or - to print it"
    )
    export.set_defaults(run=_export)
    rollup = commands.add_parser("rollup", help="put the files of a class together")
    rollup.add_argument("files", nargs="+", type=Path, help="files that `export` wrote, or folders of them")
    rollup.add_argument("--csv", type=Path, default=Path("class.csv"), help="the table (default: class.csv)")
    rollup.add_argument("--html", type=Path, default=Path("class.html"), help="the page (default: class.html)")
    rollup.set_defaults(run=_rollup)
    return parser


def _preflight(options: argparse.Namespace) -> int:
    from .preflight import look

    problems = 0
    for finding in look(options.learners):
        print(finding, flush=True)
        problems += finding.state == "problem"
    print("Ready." if not problems else f"{problems} to mend: each line above says how.")
    return 1 if problems else 0


def _export(options: argparse.Namespace) -> int:
    from .results import export

    content = export(Progress(home.home()))
    text = json.dumps(content, indent=1, sort_keys=True) + "\n"
    if str(options.to) == "-":
        print(text, end="")
        return 0
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in content["learner"])
    path: Path = options.to or Path(f"progress-{safe}.json")
    _write(path, text)
    counted = f"exercises: {len(content['checks'])}, quizzes: {len(content['quizzes'])}"
    print(f"{path} is written ({counted}). It was sent to nobody.")
    return 0


def _rollup(options: argparse.Namespace) -> int:
    from .page import page
    from .results import read_all
    from .sheets import table

    found = read_all(options.files)
    for line in (*found.unread, *found.twice):
        print(line, file=sys.stderr)
    if not found.learners:
        raise LabError(
            "No file of progress was found.", "Each learner writes one: python -m lab_helpers classroom export"
        )
    _write(options.csv, table(found.learners))
    _write(options.html, page(found, datetime.now(UTC)))
    count = len(found.learners)
    print(f"{count} learner{'s' * (count != 1)}: {options.csv} and {options.html}. They were sent to nobody.")
    return 1 if found.unread else 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise LabError(f"{path} cannot be written: {error.strerror}.", "Name another file.") from error


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("from 1 to 1000")
    return number
