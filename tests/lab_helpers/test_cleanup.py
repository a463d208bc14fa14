from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lab_helpers import cleanup
from lab_helpers.errors import CleanupFailed
from lab_helpers.inventory import Kind, Tags, Thing, batches

OURS = {"lab": "containers-on-aws", "learner": "an", "lab-number": "03"}


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in order, in an account of two kinds whose things are in `Account.things`."""
    done: list[str] = []
    account.clear()
    account.update({"service": ["web", "api"], "cluster": ["demo"]})
    kinds = (kind("service", "ecs", done), kind("cluster", "ecs", done), kind("role", "iam", done))
    monkeypatch.setattr(cleanup, "KINDS", kinds)
    return done


account: dict[str, Any] = {}


def kind(name: str, service: str, done: list[str]) -> Kind:
    def find(client: Any, tags: Tags) -> Iterator[Thing]:
        found = account.get(name, [])
        if isinstance(found, ClientError):
            raise found
        yield from (Thing(name, one, one, lab=2 if name == "cluster" else 3) for one in found)

    def delete(client: Any, thing: Thing) -> None:
        error = account.get(f"delete {thing.name}")
        if error:
            raise error
        done.append(f"delete {thing.name}")

    def settle(client: Any, wait: Any, things: Any) -> None:
        done.append(f"wait for {' '.join(thing.name for thing in things)}")

    return Kind(name, service, find, delete, settle)


def find(**limits: Any) -> cleanup.Found:
    return cleanup.find(lambda service: service, Tags("an"), **limits)


def delete(things: list[Thing]) -> None:
    cleanup.delete(lambda service: service, lambda *a, **k: None, things)


@pytest.mark.parametrize(
    "tags",
    [
        OURS,
        [{"key": key, "value": value} for key, value in OURS.items()],
        [{"Key": key, "Value": value} for key, value in OURS.items()],
    ],
)
def test_our_tags_in_every_spelling(tags: object) -> None:
    assert Tags("an").lab(tags) == 3
    assert Tags("binh").lab(tags) is None


@pytest.mark.parametrize("tags", [None, [], {}, {"lab": "other"}, {"learner": "an"}])
def test_what_is_not_ours(tags: object) -> None:
    assert Tags("an").lab(tags) is None


def test_ours_without_a_number() -> None:
    assert Tags("an").lab({**OURS, "lab-number": "x"}) == 0


def test_things_are_found_in_the_order_in_which_they_can_go(log: list[str]) -> None:
    assert [thing.name for thing in find().things] == ["api", "web", "demo"]
    assert [thing.name for thing in find(labs=[2]).things] == ["demo"]
    assert find(services=["iam"]).things == []


def test_each_kind_has_gone_before_the_next_is_asked(log: list[str]) -> None:
    delete(find().things)
    assert log == ["delete api", "delete web", "wait for api web", "delete demo", "wait for demo"]


def test_what_has_gone_already_is_no_error(log: list[str]) -> None:
    account["delete web"] = refusal("ServiceNotFoundException")
    delete(find().things)
    assert "delete demo" in log


def test_what_aws_refuses_is_told_in_its_words(log: list[str]) -> None:
    account["delete web"] = refusal("AccessDenied")
    with pytest.raises(CleanupFailed, match="service web was not deleted: AccessDenied: No"):
        delete(find().things)


@pytest.mark.parametrize("error", [refusal("500", 500), refusal("InternalFailure", 501)])
def test_what_a_cloud_cannot_list_is_said(log: list[str], error: ClientError) -> None:
    account["cluster"] = error
    found = find()
    assert found.unseen == ("cluster",)
    assert cleanup.Report(tuple(found.things), unseen=found.unseen).verdict.endswith(
        "(This cloud cannot list: cluster.)"
    )


def test_a_cloud_without_the_operation_has_no_such_things(log: list[str]) -> None:
    account["cluster"] = refusal("UnsupportedOperation")
    assert find().unseen == ()


def test_a_refusal_to_list_is_an_error(log: list[str]) -> None:
    account["cluster"] = refusal("AccessDeniedException")
    with pytest.raises(ClientError):
        find()


def test_the_report_counts_and_holds_no_ids() -> None:
    things = [Thing("task", "web", f"arn:{number}", 3) for number in range(2)] + [
        Thing("cluster", "<demo>", "arn:9", 2)
    ]
    report = cleanup.Report(tuple(things))
    assert repr(report).splitlines() == [
        "task     web (2)",
        "cluster  <demo>",
        "Looked again: nothing that carries the lab's tag is left.",
    ]
    assert "<td>&lt;demo&gt;</td>" in report._repr_html_()
    assert "arn:" not in repr(report) + report._repr_html_()
    assert cleanup.names(things) == "task web (2), cluster <demo>"


def test_a_dry_run_says_so() -> None:
    assert cleanup.Report((), dry_run=True).verdict == "There is nothing to delete."
    report = cleanup.Report((Thing("task", "web", "x", 3),), dry_run=True)
    assert "Nothing has been deleted" in report.verdict
    assert "Would be deleted" in report._repr_html_()


def test_batches() -> None:
    assert list(batches("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batches([], 2)) == []
