import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecr.http import RegistryError, as_registry_error, byte_range, pages
from lab_cloud.errors import AwsError

DATA = bytes(range(256))


@given(st.integers(0, 300), st.integers(0, 300))
def test_a_range_is_the_slice_that_it_names(first: int, last: int) -> None:
    try:
        found = byte_range(f"bytes={first}-{last}", len(DATA))
    except RegistryError as refused:
        assert refused.status == 416
        assert first >= len(DATA) or last < first
    else:
        assert found is not None
        begin, length = found
        assert DATA[begin : begin + length] == DATA[first : last + 1]


@given(st.integers(1, 300))
def test_a_tail_is_the_end(size: int) -> None:
    found = byte_range(f"bytes=-{size}", len(DATA))
    assert found is not None
    assert DATA[found[0] : found[0] + found[1]] == DATA[-size:]


@given(st.text())
def test_no_text_breaks_a_range(text: str) -> None:
    try:
        byte_range(text, 10)
        byte_range(f"bytes={text}", 10)
    except RegistryError as refused:
        assert refused.status == 416


@given(st.lists(st.text("abc123", min_size=1), unique=True).map(sorted), st.integers(1, 5))
def test_pages_together_are_the_whole_list(names: list[str], size: int) -> None:
    seen: list[str] = []
    query = {"n": str(size)}
    while True:
        found, more = pages(names, query, "/v2/x/tags/list")
        seen += found
        if not more:
            break
        assert more["Link"].endswith('>; rel="next"')
        query["last"] = found[-1]
    assert seen == names


@pytest.mark.parametrize(("code", "word"), [("AccessDeniedException", "DENIED"), ("Anything", "UNSUPPORTED")])
def test_errors_are_told_in_the_specifications_words(code: str, word: str) -> None:
    assert as_registry_error(AwsError(code, "why")).code == word
