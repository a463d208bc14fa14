"""How long a container waits before it is started, or its image pulled, again. Pure.

References
----------
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
"""

from dataclasses import dataclass

FIRST, MOST = 10.0, 300.0
"""Seconds of Kubernetes; the speed divides them."""
FORGOTTEN = 2 * MOST


@dataclass(frozen=True)
class Backoff:
    """What has been waited so far.

    Parameters
    ----------
    seconds : float
        The wait that is due after the next failure; 0 for none yet.
    since : float
        When that was last raised, in epoch seconds.
    """

    seconds: float = 0.0
    since: float = 0.0

    def left(self, ended: float, now: float, speed: float) -> float:
        """Real seconds still to wait after what ended then."""
        if self._is_forgotten(ended, speed):
            return 0.0
        return max(ended + self.seconds / speed - now, 0.0)

    def next(self, now: float, speed: float) -> "Backoff":
        """After one more attempt: twice as long, up to five minutes; from the start again after ten quiet ones."""
        if not self.seconds or self._is_forgotten(now, speed):
            return Backoff(FIRST, now)
        return Backoff(min(self.seconds * 2, MOST), now)

    def _is_forgotten(self, moment: float, speed: float) -> bool:
        return moment - self.since > FORGOTTEN / speed


def words(seconds: float) -> str:
    """A wait as Kubernetes writes it, for example ``1m20s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
