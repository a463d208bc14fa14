"""What helps a learner to design a system: the decision guide, and a picture of what is there."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .system import System
    from .views.system import SystemPicture


class Designing:
    """Choosing a way to run containers, and looking at the whole; part of `Lab`."""

    if TYPE_CHECKING:
        number: int

        def client(self, service: str) -> Any:
            """A boto3 client."""

        def _learner(self) -> str: ...

    def guide(self, **answers: str) -> Any:
        """Which way to run containers fits: ECS, EKS, Fargate, Express Mode or App Runner.

        Parameters
        ----------
        **answers : str
            From a question to its answer, for example ``work="queue"``; the first answer counts where none is given.
            Without any answer the questions are shown, to be answered in the page.

        Returns
        -------
        GuideView or Advice
            The questions, or what fits, with its reasons.

        Raises
        ------
        LabError
            A question or an answer is not known; with those that are.
        """
        from .guide import decide

        if answers:
            return decide(**answers)
        from .views.guide import GuideView

        return GuideView()

    def system(self) -> "SystemPicture":
        """A picture of what is there, drawn from the account: services, load balancers, queues, schedules.

        What other labs have made is left out.
        """
        from .views.system import SystemPicture

        return SystemPicture(self.read_system())

    def read_system(self) -> "System":
        """The same as plain data."""
        from .inventory import Tags
        from .system_found import Reader

        return Reader(self.client, Tags(self._learner()), self.number).read()
