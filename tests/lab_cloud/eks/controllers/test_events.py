"""Events that controllers write."""

from lab_cloud.eks.controllers.client import Loopback
from lab_cloud.eks.controllers.events import Recorder
from tests.lab_cloud.eks.kubernetes.server import CONFIG_MAPS, Server, config

EVENTS = "/api/v1/namespaces/default/events"


def test_what_happens_again_is_counted(server: Server) -> None:
    recorder = Recorder(Loopback(server.api, "me"), "me")
    about = server.made(CONFIG_MAPS, config())
    for when in (1_700_000_000.0, 1_700_000_009.0):
        recorder.tell(about, "Seen", "It was seen.", when)
    recorder.tell(about, "Broken", "It broke.", 1_700_000_010.0, warning=True)
    found = {each["reason"]: each for each in server.get(EVENTS)["items"]}
    assert {name: each["count"] for name, each in found.items()} == {"Seen": 2, "Broken": 1}
    assert found["Seen"]["lastTimestamp"] > found["Seen"]["firstTimestamp"]
    assert found["Seen"]["involvedObject"]["uid"] == about["metadata"]["uid"]
    assert found["Broken"]["type"] == "Warning"


def test_events_of_one_moment_stay_in_their_order(server: Server) -> None:
    about = server.made(CONFIG_MAPS, config())
    reasons = ["Scheduled", "Pulling", "Pulled", "Created", "Started"]
    for each in reasons:  # each from another component
        Recorder(Loopback(server.api, each), each).tell(about, each, "It went on.", 1_700_000_000.0)
    assert [each["reason"] for each in server.get(EVENTS)["items"]] == reasons


def test_an_event_that_was_deleted_is_written_anew(server: Server) -> None:
    recorder = Recorder(Loopback(server.api, "me"), "me")
    about = server.made(CONFIG_MAPS, config())
    recorder.tell(about, "Seen", "It was seen.", 1.0)
    server.ask("DELETE", EVENTS)
    recorder.tell(about, "Seen", "It was seen.", 2.0)
    assert [each["count"] for each in server.get(EVENTS)["items"]] == [1]


def test_an_event_is_worth_no_failure(server: Server) -> None:
    about = server.made(CONFIG_MAPS, config())
    about["metadata"]["namespace"] = "gone"
    Recorder(Loopback(server.api, "me"), "me").tell(about, "Seen", "It was seen.", 1.0)
