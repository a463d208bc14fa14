"""The operations of EC2 Auto Scaling that the embedded cloud does not have, and why."""

HOOKS = "Lifecycle hooks are not here, but for the one with which ECS drains instances (managed draining)."
CLASSIC = "Classic Load Balancers are not part of the embedded cloud: attach target groups."
REFRESH = (
    "Instance refresh is not here. Terminate instances one by one with TerminateInstanceInAutoScalingGroup: their "
    "replacements come from the newest launch template."
)
NOTIFICATIONS = "The embedded cloud sends no notifications of groups. DescribeScalingActivities tells what happened."
WARM = "Warm pools are not here: instances start as fast as LAB_SPEED makes them."

REFUSED = {
    **dict.fromkeys(
        (
            "CompleteLifecycleAction",
            "DeleteLifecycleHook",
            "DescribeLifecycleHooks",
            "DescribeLifecycleHookTypes",
            "PutLifecycleHook",
            "RecordLifecycleActionHeartbeat",
        ),
        HOOKS,
    ),
    **dict.fromkeys(("AttachLoadBalancers", "DetachLoadBalancers", "DescribeLoadBalancers"), CLASSIC),
    **dict.fromkeys(
        ("CancelInstanceRefresh", "DescribeInstanceRefreshes", "RollbackInstanceRefresh", "StartInstanceRefresh"),
        REFRESH,
    ),
    **dict.fromkeys(
        (
            "DeleteNotificationConfiguration",
            "DescribeAutoScalingNotificationTypes",
            "DescribeNotificationConfigurations",
            "PutNotificationConfiguration",
        ),
        NOTIFICATIONS,
    ),
    **dict.fromkeys(("DeleteWarmPool", "DescribeWarmPool", "PutWarmPool"), WARM),
    "GetPredictiveScalingForecast": "Predictive scaling is stored but not simulated: there is no forecast.",
    "LaunchInstances": "The embedded cloud launches instances for the desired capacity only. Use SetDesiredCapacity.",
    "PutAccountSetting": "There are no settings of the account here.",
    "DescribeAccountSettings": "There are no settings of the account here.",
}
