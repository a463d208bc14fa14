"""What a lab can do only where the cloud is this machine's own: build images, run containers by themselves."""

from typing import TYPE_CHECKING

from .errors import BackendError

if TYPE_CHECKING:
    from .backends import Backend
    from .containers import Containers
    from .images import Images


class OnThisMachine:
    """Images and containers without a Docker engine; part of `Lab`."""

    number: int

    def _cloud(self) -> "Backend":
        raise NotImplementedError

    @property
    def images(self) -> "Images":
        """Build images without a Docker engine, and look into them; see `Images`.

        Raises
        ------
        BackendError
            On any other cloud, where ``docker build`` does it.
        """
        from .images import Images
        from .made import Made

        self._need("Only the embedded cloud builds images itself.", "Use docker build and docker push.")
        return Images(Made(self.number).note)

    @property
    def containers(self) -> "Containers":
        """Run containers by themselves, as ``docker run`` does; see `Containers`.

        Raises
        ------
        BackendError
            On any other cloud, where ``docker run`` does it.
        """
        from .containers import Containers
        from .made import Made

        self._need("Only the embedded cloud runs a container by itself.", "Use docker run.")
        return Containers(f"{self.number:02d}", Made(self.number).note)

    def _need(self, problem: str, remedy: str) -> None:
        from .backends import Embedded

        if not isinstance(self._cloud(), Embedded):
            raise BackendError(problem, remedy)
