import csv

from lab_helpers.glossary import FILE, entries, look_up


def test_every_entry_is_complete_and_there_once() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["term"].strip() and row["vietnamese"].strip() and row["explanation"].strip() for row in rows)
    assert all(len(row) == 3 for row in rows), "a comma outside quotes makes a fourth column"
    terms = [row["term"].casefold() for row in rows]
    assert len(terms) == len(set(terms))


def test_explanations_are_sentences() -> None:
    assert [entry.term for entry in entries() if not entry.explanation.endswith(".")] == []


def test_a_word_is_found_in_any_case_plural_or_language() -> None:
    assert look_up("draining").entries[0].vietnamese == "rút dần kết nối"
    assert [entry.term for entry in look_up("Target Groups", "CỤM").entries] == ["target group", "cluster"]


def test_an_unknown_word_is_no_error_and_offers_others() -> None:
    answer = look_up("drainning")
    assert "Did you mean draining" in str(answer)
    assert "lab.glossary() lists every word" in str(look_up("zzzz"))


def test_without_a_word_the_whole_glossary() -> None:
    assert len(look_up().entries) == len(entries())


def test_a_notebook_gets_text_and_html() -> None:
    bundle = look_up("task", "<b>")._repr_mimebundle_()
    assert bundle["text/plain"].startswith("task (tác vụ): ")
    assert '<td lang="vi"' in bundle["text/html"]
    assert "&lt;b&gt;" in bundle["text/html"]
    assert "<b>" not in bundle["text/html"]
