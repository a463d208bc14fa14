"""Amazon CloudWatch: metrics that were measured, and alarms that evaluate."""
