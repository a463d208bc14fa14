"""The controllers of a cluster: clients of its API and of nothing else."""
