from .small_cloud import cloud

__all__ = ["cloud"]
