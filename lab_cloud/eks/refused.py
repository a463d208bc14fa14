"""The operations of EKS that the embedded cloud does not have, and why."""

ANYWHERE = "EKS Anywhere is software for machines of your own; the embedded cloud does not sell subscriptions."
AUTHORITY = "Each cluster's certificate is signed by this machine's own authority, which cannot be changed."
CAPABILITY = "EKS Capabilities are not here."
CONNECTOR = "Clusters of elsewhere cannot be connected: use them with their own kubeconfig (LAB_KUBECONFIG)."
ENCRYPTION = "Encryption is kept and shown when a cluster is made with it; it cannot be added later here."
IDENTITY = "OIDC identity providers are not here: use access entries."
INSIGHT = "Cluster insights are not here."

REFUSED = {
    "CancelUpdate": "Updates are short here and cannot be cancelled.",
    **dict.fromkeys(
        (
            "CreateEksAnywhereSubscription",
            "DeleteEksAnywhereSubscription",
            "DescribeEksAnywhereSubscription",
            "ListEksAnywhereSubscriptions",
            "UpdateEksAnywhereSubscription",
        ),
        ANYWHERE,
    ),
    **dict.fromkeys(
        (
            "ActivateCertificateAuthority",
            "CreateCertificateAuthority",
            "DeleteCertificateAuthority",
            "DescribeCertificateAuthority",
            "ListCertificateAuthorities",
        ),
        AUTHORITY,
    ),
    **dict.fromkeys(
        ("CreateCapability", "DeleteCapability", "DescribeCapability", "ListCapabilities", "UpdateCapability"),
        CAPABILITY,
    ),
    **dict.fromkeys(("DeregisterCluster", "RegisterCluster"), CONNECTOR),
    "AssociateEncryptionConfig": ENCRYPTION,
    **dict.fromkeys(
        (
            "AssociateIdentityProviderConfig",
            "DescribeIdentityProviderConfig",
            "DisassociateIdentityProviderConfig",
            "ListIdentityProviderConfigs",
        ),
        IDENTITY,
    ),
    **dict.fromkeys(("DescribeInsight", "DescribeInsightsRefresh", "ListInsights", "StartInsightsRefresh"), INSIGHT),
}
