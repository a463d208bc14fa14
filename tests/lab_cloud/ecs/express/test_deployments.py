"""Updates of Express services: canaries that go well, that are rolled back, and that are overtaken."""

import threading
from collections import Counter

from tests.lab_cloud.ecs.express.stage import PYTHON, Gateways, program
from tests.waiting import until


class Load:
    """Requests one after another, and what was answered."""

    def __init__(self, gateways: Gateways, arn: str) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(gateways, arn))

    def _run(self, gateways: Gateways, arn: str) -> None:
        while not self._done.wait(0.005):
            self.counts[gateways.get(arn)] += 1

    def __enter__(self) -> Counter[tuple[int, str]]:
        self._thread.start()
        return self.counts

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()


def test_a_good_update_comes_and_a_bad_one_is_rolled_back(gateways: Gateways) -> None:
    with gateways.made(program("one"), healthCheckPath="/health") as arn:
        first = gateways.service(arn)["activeConfigurations"][0]
        gateways.pace(arn, 1, 0)
        with Load(gateways, arn) as counts:
            done = gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=program("two"))
            wanted = done["service"]["targetConfiguration"]
            assert wanted["taskDefinitionArn"].endswith(":2")
            assert wanted["healthCheckPath"] == "/health", "what an update leaves out stays"
            log = wanted["primaryContainer"]["awsLogsConfiguration"]
            assert log == first["primaryContainer"]["awsLogsConfiguration"]
            found = gateways.until_deployment(arn, "SUCCESSFUL")
            assert found["lifecycleStage"] == "CLEAN_UP"
            (active,) = gateways.service(arn)["activeConfigurations"]
            assert active["serviceRevisionArn"] == wanted["serviceRevisionArn"]
        assert set(counts) == {(200, "one"), (200, "two")}
        gateways.pace(arn, 1440, 3)
        with Load(gateways, arn) as counts:
            until(lambda: sum(counts.values()) > 20)
            gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=program("bad", 500))
            found = gateways.until_deployment(arn, "ROLLBACK_SUCCESSFUL")
            # from here on nobody gets the bad one
            before, enough = counts[500, "bad"], sum(counts.values()) + 20
            until(lambda: sum(counts.values()) > enough)
            assert counts[500, "bad"] == before
        assert set(counts) == {(200, "two"), (500, "bad")}
        name = arn.rpartition("/")[2]
        assert found["alarms"]["triggeredAlarmNames"] == [f"default/{name}/RollbackAlarm"]
        assert found["rollback"]["serviceRevisionArn"] == wanted["serviceRevisionArn"]
        assert gateways.service(arn)["status"]["statusCode"] == "ACTIVE"
        (active,) = gateways.service(arn)["activeConfigurations"]
        assert active["serviceRevisionArn"] == wanted["serviceRevisionArn"]


def test_tasks_that_never_start_are_rolled_back_and_nobody_notices(gateways: Gateways) -> None:
    with gateways.made(program("one")) as arn:
        broken = {"image": PYTHON, "command": ["python", "-c", "raise SystemExit(1)"]}
        with Load(gateways, arn) as counts:
            gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=broken)
            found = gateways.until_deployment(arn, "ROLLBACK_SUCCESSFUL")
        assert set(counts) == {(200, "one")}
        assert found["deploymentCircuitBreaker"]["status"] == "TRIGGERED"
        assert found["targetServiceRevision"]["requestedProductionTrafficWeight"] == 0.0


def test_an_update_overtakes_one_that_is_in_progress(gateways: Gateways) -> None:
    with gateways.made(program("one")) as arn:
        gateways.pace(arn, 1440, 3)
        gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=program("two"))
        until(lambda: gateways.deployment(arn)["targetServiceRevision"]["requestedProductionTrafficWeight"] == 5.0, 20)
        assert gateways.service(arn)["currentDeployment"] == gateways.deployment(arn)["serviceDeploymentArn"]
        assert len(gateways.service(arn)["activeConfigurations"]) == 2
        # another port, and another path to check
        third = {**program("three"), "containerPort": 8081, "environment": [{"name": "A", "value": "b"}]}
        gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=third, healthCheckPath="/health")
        until(lambda: gateways.deployment(arn, 1)["status"] == "STOPPED")
        gateways.pace(arn, 0, 0)
        gateways.until_deployment(arn, "SUCCESSFUL")
        assert gateways.get(arn) == (200, "three")
        groups = [one["arn"] for one in gateways.resources(arn)["ingressPaths"][0]["targetGroups"]]
        found = gateways.cloud.client("elbv2").describe_target_groups(TargetGroupArns=groups)["TargetGroups"]
        assert sorted(one["HealthCheckPath"] for one in found) == ["/", "/health"], "the old revision keeps its own"


def test_an_image_that_is_not_there_is_told_and_mended_by_an_update(gateways: Gateways) -> None:
    made = gateways.ecs.create_express_gateway_service(**gateways.params({"image": "nobody/nothing:1"}))["service"]
    arn = made["serviceArn"]
    until(lambda: "tasks failed to start" in gateways.service(arn)["status"].get("statusReason", ""), 30)
    assert gateways.deployment(arn)["status"] == "STOPPED"
    assert gateways.get(arn)[0] == 503
    gateways.ecs.update_express_gateway_service(serviceArn=arn, primaryContainer=program("mended"))
    gateways.until_deployment(arn, "SUCCESSFUL")
    assert gateways.get(arn) == (200, "mended")
    cluster, name = arn.split("/")[1:]
    gateways.ecs.delete_service(cluster=cluster, service=name, force=True)
    assert gateways.service(arn)["status"]["statusCode"] == "DRAINING", "the ordinary operation does as well"
