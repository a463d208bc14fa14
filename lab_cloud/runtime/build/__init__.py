"""Builds images from a Dockerfile, without an engine. Deterministic: the same input is the same digests everywhere."""
