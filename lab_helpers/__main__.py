"""The command line of the helpers: `python -m lab_helpers classroom …`."""

import sys

from .classroom.cli import main

if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] != ["classroom"]:
        print("usage: python -m lab_helpers classroom COMMAND (python -m lab_helpers classroom --help names them)")
        sys.exit(0 if words[:1] in (["-h"], ["--help"]) else 2)
    sys.exit(main(words[1:]))
