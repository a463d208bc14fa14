"""ECS Express Mode: a service with its load balancer, scaling, logs and alarm, made by one call."""
