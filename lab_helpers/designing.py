"""What helps a learner to design a system: the decision guide."""

from typing import Any


class Designing:
    """Choosing a way to run containers; part of `Lab`."""

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
