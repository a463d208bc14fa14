from tests.lab_cloud.ecs.test_tasks_api import refused
from tests.stage import RunningCloud


def test_settings_are_kept_and_shown(cloud: RunningCloud) -> None:
    ecs = cloud.client("ecs")
    made = ecs.put_account_setting(name="containerInsights", value="enabled")["setting"]
    assert (made["name"], made["value"]) == ("containerInsights", "enabled")
    assert [each["value"] for each in ecs.list_account_settings(name="containerInsights")["settings"]] == ["enabled"]
    ecs.delete_account_setting(name="containerInsights")
    assert ecs.list_account_settings(name="containerInsights")["settings"] == []
    effective = ecs.list_account_settings(effectiveSettings=True, name="taskLongArnFormat")["settings"]
    assert [each["value"] for each in effective] == ["enabled"]


def test_bad_values(cloud: RunningCloud) -> None:
    put = cloud.client("ecs").put_account_setting
    refused(put, "InvalidParameterException", "enum value set", name="nothing", value="x")
    refused(put, "InvalidParameterException", "only be enabled", name="taskLongArnFormat", value="disabled")
    refused(put, "InvalidParameterException", "0, 7 or 14", name="fargateTaskRetirementWaitPeriod", value="1")


def test_the_accounts_default_is_what_a_new_cluster_gets(cloud: RunningCloud) -> None:
    # in a region of its own: other tests make clusters too
    ecs = cloud.session().client("ecs", region_name="eu-west-1", endpoint_url=cloud.endpoint)
    put = ecs.put_account_setting_default(name="containerInsights", value="enabled")["setting"]
    assert (put["name"], put["value"]) == ("containerInsights", "enabled")
    made = ecs.create_cluster(clusterName=cloud.name("cluster"))["cluster"]
    assert made["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    refused(ecs.list_account_settings, "InvalidParameterException", "Name the setting", value="enabled")
