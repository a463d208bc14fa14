"""Look inside what runs: a command in a container of a task."""

from typing import Any


class Inside:
    """Commands inside containers; part of `Lab`."""

    def client(self, service: str) -> Any:
        """See `Lab.client`."""
        raise NotImplementedError

    def exec(self, task: str, command: str, container: str | None = None) -> None:
        """Run a command in a container of a task by ECS Exec, and print what it writes.

        The task must have been started with ``enableExecuteCommand=True``, and its task role must allow the actions
        ``ssmmessages:CreateControlChannel``, ``CreateDataChannel``, ``OpenControlChannel`` and ``OpenDataChannel``.
        The command gets no input.

        Parameters
        ----------
        task : str
            The task's ARN, which names its cluster; or the id of a task in the cluster ``default``.
        command : str
            For example ``ls -l /``. Whatever needs a shell goes to one: ``sh -c "ls | wc -l"``.
        container : str, optional
            Its name; only for a task with several containers.

        Raises
        ------
        ContainerProblem
            When the session cannot be opened, or breaks off.
        botocore.exceptions.ClientError
            AWS's own refusal, for example ``TargetNotConnectedException`` when the role lacks a permission.
        """
        from .exec_session import read

        parts = task.split("/")
        cluster = {"cluster": parts[1]} if len(parts) == 3 else {}
        more = {"container": container} if container else {}
        answer = self.client("ecs").execute_command(task=task, command=command, interactive=True, **cluster, **more)
        for piece in read(answer["session"]):
            print(piece, end="", flush=True)
