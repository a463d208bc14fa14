"""Containers that really run: images, limits, and the ways to start a process. Knows nothing of AWS."""
