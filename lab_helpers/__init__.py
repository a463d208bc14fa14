"""What a notebook imports: `Lab`, the one object it makes, and a way to show a call that AWS refuses."""

from .errors import LabError
from .lab import Lab
from .refusals import expect_error

__all__ = ["Lab", "LabError", "expect_error"]
