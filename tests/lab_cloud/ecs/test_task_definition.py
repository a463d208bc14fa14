import pytest

from lab_cloud.ecs.task_definition import cpu_units, environment_of, memory_mib


@pytest.mark.parametrize(
    ("text", "units"), [("512", 512), ("0.5 vCPU", 512), (".25vcpu", 256), ("1 vCPU", 1024), (None, 0), ("", 0)]
)
def test_cpu_units(text: str | None, units: int) -> None:
    assert cpu_units(text) == units


@pytest.mark.parametrize(("text", "mib"), [("512", 512), ("1 GB", 1024), ("0.5GB", 512), (None, 0)])
def test_memory_mib(text: str | None, mib: int) -> None:
    assert memory_mib(text) == mib


@pytest.mark.parametrize("text", ["much", "1 cpu", "-5", "1 TB"])
def test_sizes_that_mean_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        cpu_units(text)
    with pytest.raises(ValueError, match=text):
        memory_mib(text)


def test_overrides_win() -> None:
    definition = {"environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    assert environment_of(definition, {"environment": [{"name": "B", "value": "3"}]}) == {"A": "1", "B": "3"}
