"""A Kubernetes API server, in memory; it knows nothing of AWS."""
