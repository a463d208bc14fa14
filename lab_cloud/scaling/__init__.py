"""Application Auto Scaling: scalable targets, and policies that act on measured load."""
