"""HTTP in, AWS answers out: signatures, models, validation, protocols, and the one door to moto.

Nothing outside this folder imports moto.
"""

from .call import ACCOUNT, FORWARD, PARTITION, Answer, Call, Response

__all__ = ["ACCOUNT", "FORWARD", "PARTITION", "Answer", "Call", "Response"]
