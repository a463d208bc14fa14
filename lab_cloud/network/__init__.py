"""Who reaches whom: addresses, security groups and routes of the embedded cloud."""
