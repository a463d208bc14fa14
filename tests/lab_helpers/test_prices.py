from datetime import date

import pytest

from lab_helpers.errors import NotFound
from lab_helpers.prices import price, prices


def test_every_row_is_whole() -> None:
    assert len(prices()) >= 35
    for name, one in prices().items():
        assert name == one.name
        assert one.usd > 0
        assert one.per in ("hour", "month", "use")
        assert date.fromisoformat(one.checked) >= date(2026, 11, 22)
        assert one.source.startswith("https://aws.amazon.com/")
        assert one.about and one.how


def test_an_hour_of_a_month_and_of_an_hour() -> None:
    assert price("alb").hourly(2) == pytest.approx(0.045)
    assert price("ebs.gp3").hourly(730) == pytest.approx(0.08)


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NotFound) as caught:
        price("alp")
    assert "alb" in caught.value.remedy
