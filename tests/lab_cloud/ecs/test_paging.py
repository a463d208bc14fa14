import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab_cloud.ecs.paging import page
from lab_cloud.errors import AwsError


@given(st.lists(st.integers(), max_size=350), st.integers(1, 100))
def test_pages_put_together_are_the_list(items: list[int], size: int) -> None:
    found: list[int] = []
    token: str | None = None
    while True:
        some, token = page(items, {"maxResults": size, "nextToken": token})
        assert len(some) <= size
        found += some
        if token is None:
            break
    assert found == items


@pytest.mark.parametrize("params", [{"maxResults": 101}, {"maxResults": -1}, {"nextToken": "x"}, {"nextToken": "eDox"}])
def test_bad_pages_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(AwsError) as caught:
        page([], params)
    assert caught.value.code == "InvalidParameterException"
