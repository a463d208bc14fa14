"""Elastic Load Balancing: load balancers that really listen, and targets whose health is really checked."""
