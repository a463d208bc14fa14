import json

import pytest

from tools.advisories import PACKAGES, TARGET, base_score, rating


@pytest.mark.parametrize(
    ("vector", "score", "word"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "CRITICAL"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "CRITICAL"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5, "HIGH"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, "MEDIUM"),
        ("CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.8, "LOW"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, "INFORMATIONAL"),
    ],
)
def test_scores_are_those_of_the_specifications_calculator(vector: str, score: float, word: str) -> None:
    assert base_score(vector) == score
    assert rating(score) == word


def test_the_extract_says_where_it_comes_from() -> None:
    content = json.loads(TARGET.read_text(encoding="utf-8"))
    assert "CC-BY-4.0" in content["license"]
    assert len(content["commit"]) == 40
    assert {each["package"] for each in content["advisories"]} <= set(PACKAGES)
    assert all(each["ranges"] and each["url"].startswith("http") for each in content["advisories"])
    assert (TARGET.parent / "NOTICE.md").exists()
