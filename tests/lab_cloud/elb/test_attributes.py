import fnmatch
from pathlib import Path

import pytest

import lab_cloud
from lab_cloud.elb import attributes
from lab_cloud.errors import AwsError


def test_every_default_is_a_value_that_may_be_set() -> None:
    for tables in (attributes.BALANCERS, attributes.TARGET_GROUPS, attributes.LISTENERS):
        for table in tables.values():
            for key, (check, default) in table.items():
                assert default == "" or check(key, default) == ""


@pytest.mark.parametrize("value", ["", "-1", "0", "4001", "1.5", "٣", "true"])
def test_numbers_out_of_range(value: str) -> None:
    assert attributes.between(1, 4000)("x", value) == f"'x' value '{value}' must be between '1-4000' inclusive"


def test_keys_that_are_unknown_elsewhere_or_twice() -> None:
    def refused(*wanted: tuple[str, str]) -> str:
        with pytest.raises(AwsError) as raised:
            tables = attributes.BALANCERS
            attributes.check("Load balancer", "network ones", tables, tables["network"], wanted)
        return f"{raised.value.code}: {raised.value.message}"

    on = ("deletion_protection.enabled", "true")
    assert refused(on, on).endswith("cannot be specified multiple times")
    assert refused(("x", "1")) == "ValidationError: Load balancer attribute key 'x' is not recognized"
    text = "InvalidConfigurationRequest: Load balancer attribute key 'waf.fail_open.enabled' is not supported on "
    assert refused(("waf.fail_open.enabled", "true")) == text + "network ones"


def test_what_is_only_kept_is_named_and_all_else_is_carried_out() -> None:
    tables = (attributes.BALANCERS, attributes.TARGET_GROUPS, attributes.LISTENERS)
    keys = {key for kinds in tables for table in kinds.values() for key in table}
    patterns = [one for keys_told in attributes.KEPT for one in keys_told.split(", ")]
    assert [one for one in patterns if not fnmatch.filter(keys, one)] == []
    kept = {key for one in patterns for key in fnmatch.filter(keys, one)}
    package = Path(lab_cloud.__file__).parent
    sources = [path for path in package.rglob("*.py") if path.name != "attributes.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    by_prefix = ("routing.http.response.", "routing.http.request.", "stickiness.")
    assert [key for key in sorted(keys - kept) if key not in text and not key.startswith(by_prefix)] == []
