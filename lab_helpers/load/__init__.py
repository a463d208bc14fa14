"""Load on a service: requests at a constant rate, from a process of its own, and what came of them."""

from .load import Load, begin, stop_all

__all__ = ["Load", "begin", "stop_all"]
