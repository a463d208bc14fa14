"""The one object that a notebook makes."""

import textwrap
from datetime import datetime
from html import escape
from typing import Any

from . import (
    backends,
    bringing,
    cleanup,
    endpoint_cells,
    exercises,
    home,
    in_kubernetes,
    kinds_apprunner,
    tagging,
    waiting,
)
from .address import Url
from .aws.account import Aws
from .aws.proof import prove
from .designing import Designing
from .errors import BackendError, CleanupFailed
from .estimates import Estimates
from .inside import Inside
from .inventory import Tags, Thing
from .load import begin, hosts, stop_all
from .on_kubernetes import OnKubernetes
from .on_this_machine import OnThisMachine
from .pictures import Pictures
from .progress import Progress
from .replay import Built
from .tracebacks import explain_failures

START_FIRST = "Run lab.start() first."
LONG = 120.0  # seconds of AWS's waiting that are worth a word


class Lab(OnThisMachine, OnKubernetes, Inside, Pictures, Estimates, Designing):
    """A lab of the course, connected to a cloud.

    Nothing happens before `start`.

    Parameters
    ----------
    number : int
        The lab's number.

    Examples
    --------
    >>> lab = Lab(3)
    >>> lab.start()  # doctest: +SKIP
    >>> ecs = lab.client("ecs")  # doctest: +SKIP
    """

    def __init__(self, number: int) -> None:
        self.number = int(number)
        self._backend: backends.Backend | None = None
        self._clients: dict[str, Any] = {}
        self._hints: dict[str, int] = {}
        self._tags: dict[str, str] = {}
        self._used: set[str] = set()
        self._started = False
        explain_failures()

    # -- the cloud -------------------------------------------------------------------------------------------

    def start(self, speed: float | None = None, confirm: str = "") -> None:
        """Bring the account to where this lab begins, from any state, and say so.

        What an earlier run of this lab left is removed, and the labs that it stands on are replayed where they are
        missing.

        Parameters
        ----------
        speed : float, optional
            How many times shorter AWS's own waiting is; only for the embedded cloud, and 60 when it is not given.
            Another speed than that of the running cloud starts the cloud anew.
        confirm : str
            Only for a real account: ``yes``, or its number, where nobody can type it.

        Raises
        ------
        CloudUnavailable, BackendError
            When the cloud cannot be reached.
        ReplayFailed, CleanupFailed
            When the account cannot be brought to where the lab begins.
        """
        stop_all()
        about = home.notebook(self.number)
        backend = self._cloud()
        if isinstance(backend, Aws):
            backend.cost, backend.confirm, backend.guard.learner = about.cost, confirm, self._learner()
        identity = backend.start(speed)
        self._clients.clear()
        self._used.clear()
        self._tags = {}
        built = Built(backend.name)
        built.begin(identity)
        removed = bringing.remove(self, [self.number, *home.dependents(self.number)], built)
        skipped: list[float] = []
        brought: list[Thing] = []
        for number in home.needed(self.number):
            brought += bringing.bring(self, number, built, skipped)
        self._started = True
        where = f"Lab {self.number:02d} begins here, on {backend.describe()}."
        print(textwrap.fill(where, 84, break_long_words=False, break_on_hyphens=False))
        elsewhere = self._elsewhere()
        if elsewhere:
            print(elsewhere)
        if isinstance(backend, backends.Endpoint):
            print(endpoint_cells.told(self.number), end="")
        if brought:
            print(cleanup.told("Ready from the labs before", brought))
        if sum(skipped) >= LONG:
            print(f"On AWS they take about {sum(skipped) / 60:.0f} minutes; here nobody waited for that.")
        if removed:
            print(cleanup.told("Removed from an earlier run", removed))

    def client(self, service: str) -> Any:
        """A boto3 client of the cloud, the same one each time.

        Parameters
        ----------
        service : str
            boto3's name of the service, for example ``ecs``.

        Returns
        -------
        botocore.client.BaseClient
            What it creates carries the lab's tags.
        """
        if service not in self._clients:
            self._clients[service] = self._cloud().client(service, self._add_tags)
        return self._clients[service]

    @property
    def session(self) -> Any:
        """A boto3 session of the cloud, for what a client cannot do."""
        return self._cloud().session(self._add_tags)

    def wait(self, what: Any, name: str, /, *, seconds: float | None = None, **params: Any) -> None:
        """Wait for a boto3 waiter, or for a condition of your own.

        Parameters
        ----------
        what : boto3 client, str or callable
            A client or the name of its service; or a function without parameters that answers true when it is reached.
        name : str
            The waiter's name; for a function, what is waited for, in words.
        seconds : float, optional
            For a function: how long to wait at most, in seconds of AWS's own pace (600 when not given).
        **params
            The waiter's parameters.

        Raises
        ------
        NotReached, NotFound
            When the time is over, or it cannot be reached any more, with the latest events; or no waiter is called so.

        Examples
        --------
        >>> lab.wait("ecs", "services_stable", cluster="DemoCluster", services=["web"])  # doctest: +SKIP
        """
        backend = self._cloud()
        if callable(what):
            limit = max(waiting.LEAST, (seconds or 600.0) / backend.speed)
            waiting.wait_until(what, name, backend.delay, limit)
            return
        client = self.client(what) if isinstance(what, str) else what
        waiting.wait(client, name, params, backend.delay, backend.speed)

    def url(self, name: str, path: str = "/") -> Url:
        """The address at which a load balancer or an App Runner service answers.

        Parameters
        ----------
        name : str
            A load balancer's name or DNS name; ``name:8080`` for a listener other than the first. Or the
            name of an App Runner service.
        path : str
            A path below it.

        Returns
        -------
        Url
            Text that Python can open, and a link in the page.
        """
        return self._address(name).at(path)

    def interrupt(self, task: str) -> None:
        """Act as AWS does when it needs the capacity of a Fargate Spot task back, and say that it is simulated.

        The task gets SIGTERM at once and stops with the code SpotInterruption; its service starts another one.

        Parameters
        ----------
        task : str
            The task's id or ARN.

        Raises
        ------
        NotFound
            When there is no such task, or it does not run on Fargate Spot.
        BackendError
            On other clouds: AWS has no call for this with Fargate.
        """
        print(self._cloud().interrupt(task))

    def load(self, url: str, rps: float, minutes: float, **request: Any) -> Any:
        """Send requests at a constant rate, in a process of their own; answers at once.

        Parameters
        ----------
        url : str
            The page to ask for, at a server of your own: on this machine, or on AWS a load balancer that a lab made.
        rps : float
            Requests a second. They are real seconds: the embedded cloud shortens waiting and no rate.
        minutes : float
            How long, in AWS minutes: the embedded cloud's are shorter by its speed.
        **request
            ``method`` (GET, POST, PUT, PATCH or DELETE), ``headers`` (a mapping), ``body`` (bytes or str), and
            ``timeout`` (10 when not given): real seconds after which a request without a whole answer has failed.

        Returns
        -------
        Load
            Shows itself live; ``rps`` can be set, ``stop()`` and ``wait()`` answer a report, ``report.frame()`` is a
            table for charts. A latency counts from the moment when the request was due, so that a slow server is not
            flattered.

        Raises
        ------
        LoadRefused
            When something of it makes no sense, or the server is not your own.
        BackendError
            Before `start`.
        """
        backend = self._cloud()
        if not self._started:
            raise BackendError("The lab has not been started, so nobody knows how long a minute is.", START_FIRST)
        where = hosts.address(url, backend, self.client, self._learner())
        return begin(url, rps, minutes, backend.speed, where, **request)

    def now(self) -> datetime:
        """The time that schedules read: it runs at the embedded cloud's speed; on AWS it is the real time."""
        return self._cloud().now()

    def teardown(self, dry_run: bool = False) -> cleanup.Report:
        """Delete everything that the labs have made, by its tag, and look again.

        Parameters
        ----------
        dry_run : bool
            Only say what would be deleted.

        Returns
        -------
        Report
            A table of what was deleted.

        Raises
        ------
        CleanupFailed
            When something is left.
        """
        built = Built(self._cloud().name)
        found = bringing.find(self, built, None)
        if dry_run:
            return cleanup.Report(tuple(found.things), dry_run=True, unseen=found.unseen)
        stop_all()
        if isinstance(self._cloud(), Aws):
            self._cloud().start(None)  # asks, unless it has been confirmed
        in_kubernetes.clear(self, built, None)
        bringing.delete(self, found.things)
        built.forget(home.all_numbers())
        left = bringing.find(self, built, None).things
        if left:
            raise CleanupFailed(f"Still there: {cleanup.names(left)}.", "Run lab.teardown() again in a minute.")
        real = isinstance(self._cloud(), Aws)
        proof = prove(self.client, self._learner(), found.things, self.wait) if real else ""
        return cleanup.Report(tuple(found.things), unseen=found.unseen, proof=proof)

    # -- learning --------------------------------------------------------------------------------------------

    def check(self, exercise: str) -> exercises.Outcome:
        """Look at the account and say how far an exercise is.

        Parameters
        ----------
        exercise : str
            The exercise's id, for example ``03a``.

        Returns
        -------
        Outcome
            Done, NotYet (with what is missing), NotAttempted or CheckError.
        """
        outcome = exercises.run_check(exercises.find(exercise), self)
        self.progress.record_check(exercise, outcome.kind)
        return outcome

    def hint(self, exercise: str) -> exercises.Hint:
        """One more hint each time it is asked for.

        Parameters
        ----------
        exercise : str
            The exercise's id.
        """
        found = exercises.find(exercise)
        given = self._hints[exercise] = min(self._hints.get(exercise, 0) + 1, len(found.hints))
        return exercises.Hint(exercise, found.hints[:given], len(found.hints))

    def solution(self, exercise: str) -> exercises.Solution:
        """One way to solve an exercise; its ``code`` can be run.

        Parameters
        ----------
        exercise : str
            The exercise's id.
        """
        found = exercises.find(exercise)
        return exercises.Solution(exercise, found.title, found.code)

    @property
    def progress(self) -> Progress:
        """What you have done so far, in `.lab/progress.json`."""
        return Progress(home.home())

    def quiz(self) -> Any:
        """The questions of this lab."""
        from .quiz import Quiz

        return Quiz(self.number, self.progress.record_quiz)

    def glossary(self, *terms: str) -> Any:
        """What words mean, in English, with their Vietnamese names; all of them when none is given.

        Parameters
        ----------
        *terms : str
            English or Vietnamese.
        """
        from .glossary import look_up

        return look_up(*terms)

    # -- inside ----------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        state = self._backend.describe() if self._started and self._backend else "not started; run lab.start()"
        return f"Lab {self.number:02d}: {state}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(repr(self))}</p>"

    def _cloud(self) -> backends.Backend:
        if self._backend is None:
            self._backend = backends.choose()
        return self._backend

    def _learner(self) -> str:
        return self.progress.learner()

    def _add_tags(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any] | None:
        if not self._tags:
            self._tags = tagging.tags_of(self.number, self._learner())
        kinds_apprunner.mark_logs(self.client, model, params, Tags(self._learner()))
        found = tagging.tagged(model, params, self._tags)
        for service in tagging.makes_in(model, tagged=found is not None):
            if service not in self._used:
                self._used.add(service)
                Built(self._cloud().name).used(service)
        return found

    def _as(self, number: int) -> "Lab":
        """The same cloud as another lab, whose things then carry that lab's number."""
        other = Lab(number)
        other._backend = self._cloud()
        return other
