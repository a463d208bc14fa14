"""SQS through real boto3: long polls, visibility, dead letters and their way back, batches, FIFO."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.stage import RunningCloud
from tests.waiting import until


@pytest.fixture
def sqs(cloud: RunningCloud) -> Any:
    return cloud.client("sqs")


def arn_of(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def test_long_polls_wait_without_holding_up_anybody(cloud: RunningCloud, sqs: Any) -> None:
    url = sqs.create_queue(QueueName=cloud.name("poll"))["QueueUrl"]
    found: list[dict[str, Any]] = []

    def poll() -> None:
        client = cloud.session().client("sqs", endpoint_url=cloud.endpoint)
        found.append(client.receive_message(QueueUrl=url, WaitTimeSeconds=20))

    polls = [threading.Thread(target=poll, daemon=True) for _ in range(8)]  # twice as many as the API has threads
    for each in polls:
        each.start()
    for number in range(8):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    until(lambda: len(found) == 8)
    bodies = [message["Body"] for answer in found for message in answer.get("Messages", ())]
    assert sorted(bodies) == [str(number) for number in range(8)]


def test_a_short_wait_ends_with_nothing(cloud: RunningCloud, sqs: Any) -> None:
    url = sqs.create_queue(QueueName=cloud.name("empty"))["QueueUrl"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)


def test_a_message_comes_back_and_then_goes_to_the_dead_letters_and_home_again(cloud: RunningCloud, sqs: Any) -> None:
    dead = sqs.create_queue(QueueName=cloud.name("dead"))["QueueUrl"]
    redrive = f'{{"deadLetterTargetArn": "{arn_of(sqs, dead)}", "maxReceiveCount": "2"}}'
    name = cloud.name("work")
    url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    sqs.send_message(
        QueueUrl=url, MessageBody="hard", MessageAttributes={"a": {"DataType": "Number", "StringValue": "1"}}
    )
    for count in ("1", "2"):
        (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=60, MessageSystemAttributeNames=["All"])[
            "Messages"
        ]
        assert message["Attributes"]["ApproximateReceiveCount"] == count
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    (message,) = sqs.receive_message(
        QueueUrl=dead, VisibilityTimeout=0, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
    )["Messages"]
    assert message["MessageAttributes"]["a"]["StringValue"] == "1"
    assert message["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(sqs, url)
    task = sqs.start_message_move_task(SourceArn=arn_of(sqs, dead))["TaskHandle"]
    assert task

    def done() -> bool:
        (move,) = sqs.list_message_move_tasks(SourceArn=arn_of(sqs, dead))["Results"]
        return bool(move["Status"] == "COMPLETED" and move["ApproximateNumberOfMessagesMoved"] == 1)

    assert until(done)
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])  # again is no error
    assert refused(sqs.start_message_move_task, SourceArn=arn_of(sqs, url)) == "InvalidParameterValue"
    assert refused(sqs.cancel_message_move_task, TaskHandle="no") == "ResourceNotFoundException"


def test_batches_tell_of_each_entry(cloud: RunningCloud, sqs: Any) -> None:
    url = sqs.create_queue(QueueName=cloud.name("batch"))["QueueUrl"]
    entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(10)]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert counts == {"ApproximateNumberOfMessages": "10"}
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(message["Body"] for message in messages) == [f"m{number}" for number in range(10)]
    handles = [{"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]} for number, one in enumerate(messages)]
    hidden = [{**handle, "VisibilityTimeout": 100} for handle in handles[:2]]
    assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=hidden)["Successful"]) == 2
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=[*handles[:9], {"Id": "no", "ReceiptHandle": "no"}])
    assert len(answer["Successful"]) == 9
    assert [one["Code"] for one in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
    flying = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert flying["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "1"}
    sqs.purge_queue(QueueUrl=url)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_group_of_a_fifo_queue_goes_one_by_one(cloud: RunningCloud, sqs: Any) -> None:
    name = f"{cloud.name('line')}.fifo"
    options = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName=name, Attributes=options)["QueueUrl"]
    for body in ("one", "one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    (first,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert first["Body"] == "one"
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    (second,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert second["Body"] == "two"


def test_bad_input_is_refused(cloud: RunningCloud, sqs: Any) -> None:
    url = sqs.create_queue(QueueName=cloud.name("bad"))["QueueUrl"]
    assert refused(sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11) == "InvalidParameterValue"
    assert refused(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=21) == "InvalidParameterValue"
    assert refused(sqs.delete_message, QueueUrl=url, ReceiptHandle="x") == "ReceiptHandleIsInvalid"
    assert "NonExistentQueue" in refused(sqs.receive_message, QueueUrl=f"{url}-nobody")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    hide = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 5}
    assert "MessageNotInflight" in refused(sqs.change_message_visibility, **hide)
    assert refused(sqs.send_message, QueueUrl=url, MessageBody="x" * (1024 * 1024 + 1)) == "InvalidParameterValue"
