"""How a cluster's Services are reached: their loopback ports, and their load balancers."""
