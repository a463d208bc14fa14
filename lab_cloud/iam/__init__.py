"""Who may do what: policies evaluated as AWS does, the callers they are asked about, and the credentials of roles."""
