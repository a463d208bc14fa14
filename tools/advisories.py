"""Make `data/advisories/pypi.json` from a clone of the PyPA Advisory Database.

Usage: ``python -m tools.advisories CLONE``; the clone is a git directory, with or without a work tree. Only packages
that learners' images are likely to hold are taken, and of each advisory only what the scanner needs.
"""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

TARGET = Path(__file__).resolve().parent.parent / "data" / "advisories" / "pypi.json"
PACKAGES = (
    *("aiohttp", "certifi", "cryptography", "django", "fastapi", "flask", "flask-cors", "gunicorn", "httpx", "idna"),
    *("jinja2", "lxml", "numpy", "pillow", "pip", "pyyaml", "requests", "setuptools", "sqlalchemy", "starlette"),
    *("tornado", "urllib3", "werkzeug", "wheel"),
)
LONGEST = 240
WEIGHTS = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
}
PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
RATINGS = ((9.0, "CRITICAL"), (7.0, "HIGH"), (4.0, "MEDIUM"), (0.1, "LOW"))


def main(clone: str) -> None:
    """Write the extract."""
    commit, date = _git(clone, "log", "-1", "--format=%H %cs").split()
    advisories = []
    for package in PACKAGES:
        for path in _git(clone, "ls-tree", "-r", "--name-only", "HEAD", f"vulns/{package}/").split():
            content = yaml.safe_load(_git(clone, "show", f"HEAD:{path}"))
            if not content.get("withdrawn"):
                advisories += _extract(package, content)
    advisories.sort(key=lambda each: (each["package"], each["id"]))
    head = {
        "source": "PyPA Advisory Database, https://github.com/pypa/advisory-database",
        "license": "CC-BY-4.0, https://creativecommons.org/licenses/by/4.0/",
        "changes": "An extract: some packages and members, shortened descriptions, ratings computed from CVSS vectors.",
        "commit": commit,
        "date": date,
    }
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in advisories)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(head, indent=0)[:-2] + f',\n"advisories": [\n{lines}\n]}}\n'
    TARGET.write_text(text, encoding="utf-8")
    print(f"{len(advisories)} advisories, dated {date}, in {TARGET}")


def _extract(package: str, content: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for affected in content["affected"]:
        if affected["package"]["name"].lower() != package:
            continue
        ranges = [
            [{kind: str(value) for kind, value in event.items()} for event in each["events"]]
            for each in affected.get("ranges", [])
            if each["type"] == "ECOSYSTEM"
        ]
        advisory = {
            "id": content["id"],
            "package": package,
            "aliases": content.get("aliases", []),
            "details": _short(content["details"]),
            "ranges": ranges,
            "url": f"https://osv.dev/vulnerability/{content['id']}",
        }
        vectors = [each["score"] for each in content.get("severity", ()) if each["type"] == "CVSS_V3"]
        if vectors:
            score = base_score(vectors[0])
            advisory |= {"vector": vectors[0], "score": score, "severity": rating(score)}
        found.append(advisory)
    return found


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else words[:LONGEST].rsplit(" ", 1)[0] + " …"


def base_score(vector: str) -> float:
    """The base score of a CVSS 3.1 vector, by section 7.1 of its specification."""
    metric = dict(part.split(":") for part in vector.split("/")[1:])
    changed = metric["S"] == "C"
    impact = 1 - math.prod(1 - WEIGHTS["C"][metric[each]] for each in ("C", "I", "A"))
    harm = 7.52 * (impact - 0.029) - 3.25 * (impact - 0.02) ** 15 if changed else 6.42 * impact
    ease = 8.22 * math.prod(WEIGHTS[each][metric[each]] for each in ("AV", "AC", "UI"))
    ease *= PRIVILEGES[metric["S"]][metric["PR"]]
    if harm <= 0:
        return 0.0
    return math.ceil(round(min((1.08 if changed else 1.0) * (harm + ease), 10) * 10, 5)) / 10


def rating(score: float) -> str:
    """CVSS's qualitative rating, in ECR's words."""
    return next((word for least, word in RATINGS if score >= least), "INFORMATIONAL")


def _git(clone: str, *words: str) -> str:
    done = subprocess.run(["git", "-C", clone, *words], capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1])
