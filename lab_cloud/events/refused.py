"""The operations of EventBridge that the embedded cloud does not have, and why."""

API = "Nothing leaves this machine, so there are no API destinations."
ARCHIVE = "Archives and replays are not here: put the events again with PutEvents."
ENDPOINT = "Global endpoints are not here: the embedded cloud has no second place to fail over to."
PARTNER = "No partner sends events to the embedded cloud: put them yourself with PutEvents."

REFUSED = {
    **dict.fromkeys(
        (
            "CreateApiDestination",
            "DeleteApiDestination",
            "DescribeApiDestination",
            "ListApiDestinations",
            "UpdateApiDestination",
            "CreateConnection",
            "DeauthorizeConnection",
            "DeleteConnection",
            "DescribeConnection",
            "ListConnections",
            "UpdateConnection",
        ),
        API,
    ),
    **dict.fromkeys(
        (
            "CreateArchive",
            "DeleteArchive",
            "DescribeArchive",
            "ListArchives",
            "UpdateArchive",
            "CancelReplay",
            "DescribeReplay",
            "ListReplays",
            "StartReplay",
        ),
        ARCHIVE,
    ),
    **dict.fromkeys(
        ("CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "ListEndpoints", "UpdateEndpoint"), ENDPOINT
    ),
    **dict.fromkeys(
        (
            "ActivateEventSource",
            "CreatePartnerEventSource",
            "DeactivateEventSource",
            "DeletePartnerEventSource",
            "DescribeEventSource",
            "DescribePartnerEventSource",
            "ListEventSources",
            "ListPartnerEventSourceAccounts",
            "ListPartnerEventSources",
            "PutPartnerEvents",
        ),
        PARTNER,
    ),
}
