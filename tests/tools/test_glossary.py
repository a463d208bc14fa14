from pathlib import Path

import pytest

from lab_helpers.glossary import entries
from tools import glossary


def test_the_page_has_every_word_twice() -> None:
    text = glossary.page()
    for entry in entries():
        assert f"| {entry.term} | {entry.vietnamese} | {entry.explanation} |" in text
        assert f"| {entry.vietnamese} | {entry.term} |" in text


def test_the_command_says_when_the_page_is_old(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(glossary, "PAGE", tmp_path / "glossary.md")
    assert glossary.main(["check"]) == 1
    assert "run python tools/glossary.py" in capsys.readouterr().err
    assert glossary.main([]) == 0
    assert glossary.main(["check"]) == 0
