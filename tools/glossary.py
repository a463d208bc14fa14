"""Writes docs/glossary.md from data/glossary.csv, in English and in Vietnamese order.

python tools/glossary.py          write the page
python tools/glossary.py check    say whether it is up to date; exit 1 when it is not
"""

import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lab_helpers.glossary import Entry, entries  # noqa: E402 - a script does not know the course's folder

PAGE = ROOT / "docs" / "glossary.md"
HEAD = """\
# Glossary

The words of the course, in English and Vietnamese, made from `data/glossary.csv` by `python tools/glossary.py`.
In a notebook `lab.glossary("task", "cụm")` finds them in either language.

"""


def page() -> str:
    """The page as text."""
    known = sorted(entries(), key=lambda one: one.term.casefold())
    lines = [HEAD, "| English | Tiếng Việt | Meaning |\n|---|---|---|\n"]
    lines += [f"| {_cell(one.term)} | {_cell(one.vietnamese)} | {_cell(one.explanation)} |\n" for one in known]
    lines += ["\n## Tiếng Việt – English\n\n| Tiếng Việt | English |\n|---|---|\n"]
    lines += [f"| {_cell(one.vietnamese)} | {_cell(one.term)} |\n" for one in sorted(known, key=_vietnamese)]
    return "".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page, or check it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["check"]:
        fresh = PAGE.exists() and PAGE.read_text(encoding="utf-8") == page()
        if not fresh:
            print("docs/glossary.md is not up to date: run python tools/glossary.py", file=sys.stderr)
        return 0 if fresh else 1
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
    return 0


def _vietnamese(entry: Entry) -> tuple[str, str]:
    return entry.vietnamese.casefold(), entry.term.casefold()


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
