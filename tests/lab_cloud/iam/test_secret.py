import pytest

from lab_cloud.iam.secret import Wanted, picked, wanted, wanted_by

SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
PARAMETER = "arn:aws:ssm:eu-west-1:123456789012:parameter"


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (SECRET, Wanted("A", "secretsmanager", "eu-west-1", SECRET)),
        (f"{SECRET}:user::", Wanted("A", "secretsmanager", "eu-west-1", SECRET, "user")),
        (f"{SECRET}::AWSPREVIOUS:", Wanted("A", "secretsmanager", "eu-west-1", SECRET, "", "AWSPREVIOUS")),
        (f"{SECRET}:user::v1", Wanted("A", "secretsmanager", "eu-west-1", SECRET, "user", "", "v1")),
        (f"{PARAMETER}/app/key", Wanted("A", "ssm", "eu-west-1", "/app/key")),
        (f"{PARAMETER}/key", Wanted("A", "ssm", "eu-west-1", "key")),
        ("/app/key", Wanted("A", "ssm", "us-east-1", "/app/key")),
    ],
)
def test_what_a_reference_means(given: str, found: Wanted) -> None:
    assert wanted("A", given, "us-east-1") == found


def test_secrets_of_the_environment_and_of_the_log_driver() -> None:
    one, two = {"name": "A", "valueFrom": "/a"}, {"name": "url", "valueFrom": "/b"}
    definition = {"secrets": [one], "logConfiguration": {"logDriver": "splunk", "secretOptions": [two]}}
    assert [each.name for each in wanted_by(definition, "us-east-1")] == ["A", "url"]


def test_a_key_of_a_secret() -> None:
    assert picked("plain", "") == "plain"
    assert picked('{"a": "b", "n": 1}', "a") == "b"
    assert picked('{"a": "b", "n": 1}', "n") == "1"
    for text in ("plain", "[]", '{"b": 1}', "3"):
        with pytest.raises(KeyError):
            picked(text, "a")
