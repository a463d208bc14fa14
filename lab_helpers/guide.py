"""Which way to run containers on AWS fits: questions, rules, and an advice with its reasons.

The rules are plain functions of the answers, so that the page, the notebook and the tests read the same ones.

References
----------
https://docs.aws.amazon.com/decision-guides/latest/containers-on-aws-how-to-choose/choosing-aws-container-service.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import product

from .errors import LabError

Answers = Mapping[str, str]


@dataclass(frozen=True)
class Option:
    """One answer that can be given.

    Parameters
    ----------
    key : str
        What `decide` knows it by.
    text : str
        What a learner reads.
    """

    key: str
    text: str


@dataclass(frozen=True)
class Question:
    """One question of the guide.

    Parameters
    ----------
    id, text : str
        Its name in `decide`, and what a learner reads.
    options : tuple of Option
        The answers; the first one counts when nothing is chosen.
    only : mapping of str to str
        Asked only when these earlier questions have these answers.
    """

    id: str
    text: str
    options: tuple[Option, ...]
    only: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def asked(self, answers: Answers) -> bool:
        """Whether the question matters after these answers."""
        return all(answers.get(earlier) in wanted for earlier, wanted in self.only)


@dataclass(frozen=True, repr=False)
class Advice:
    """What fits.

    Parameters
    ----------
    title : str
        The choice in a few words.
    who : str
        What looks after the containers: ECS, EKS or App Runner.
    computers : str
        What they run on.
    entry : str
        How work comes to them.
    why : tuple of str
        A reason for each answer that mattered.
    but : str
        What it asks of you.
    labs : tuple of int
        Where it was built.
    """

    title: str
    who: str
    computers: str
    entry: str
    why: tuple[str, ...]
    but: str
    labs: tuple[int, ...]

    def rows(self) -> list[tuple[str, str]]:
        """Name and value, line by line."""
        labs = ", ".join(f"{number:02}" for number in self.labs)
        return [
            ("looked after by", self.who),
            ("runs on", self.computers),
            ("work comes by", self.entry),
            *(("because", reason) for reason in self.why),
            ("but", self.but),
            ("see lab" if len(self.labs) == 1 else "see labs", labs),
        ]

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"  {name:15}  {text}" for name, text in self.rows())])

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in self.rows()
        )
        return f"<table><caption>{escape(self.title)}</caption><tbody>{rows}</tbody></table>"


QUESTIONS: tuple[Question, ...] = (
    Question(
        "kubernetes",
        "Must it be Kubernetes?",
        (
            Option("no", "No, or I do not know"),
            Option("yes", "Yes: we run it already, our tools need its API, or it must run on other clouds too"),
        ),
    ),
    Question(
        "work",
        "What does the program do?",
        (
            Option("web", "It answers HTTP requests"),
            Option("queue", "It takes work from a queue, all the time"),
            Option("job", "It runs and ends: by a schedule or after an event"),
        ),
    ),
    Question(
        "machine",
        "Does it need a special computer?",
        (
            Option("no", "No: CPU and memory are enough"),
            Option("special", "Yes: a GPU, or a certain kind of instance"),
            Option("own", "Yes, one that I change myself: my own machine image, agents, kernel settings"),
        ),
    ),
    Question(
        "care",
        "How much do you want to set up yourself?",
        (
            Option("little", "As little as possible: one call, and AWS's choices"),
            Option("all", "Every part: rules of the load balancer, deployments, scaling"),
        ),
        (("kubernetes", ("no",)), ("work", ("web",)), ("machine", ("no",))),
    ),
    Question(
        "runner",
        "Did your account have App Runner services before 30 April 2026?",
        (Option("no", "No"), Option("yes", "Yes")),
        (("kubernetes", ("no",)), ("work", ("web",)), ("machine", ("no",)), ("care", ("little",))),
    ),
    Question(
        "load",
        "How much work is there?",
        (Option("changing", "Little, or it comes and goes"), Option("steady", "Much, day and night")),
        (("machine", ("no",)),),
    ),
    Question(
        "interrupt",
        "May AWS take a copy away, two minutes after a warning?",
        (Option("no", "No"), Option("yes", "Yes: another copy does the work again")),
        (("work", ("queue", "job")), ("machine", ("no",))),
    ),
)

ENTRIES = {
    "web": "an Application Load Balancer, since it answers requests",
    "queue": "an SQS queue; the number of tasks follows the backlog per task",
    "job": "EventBridge, by a rule or a schedule; nothing runs in between",
}
PODS = {
    "web": "a Service or an Ingress with a load balancer in front",
    "queue": "an SQS queue; a Deployment takes from it",
    "job": "a CronJob of Kubernetes, or EventBridge",
}


def asked(answers: Answers) -> list[Question]:
    """The questions that matter after these answers, in their order."""
    return [question for question in QUESTIONS if question.asked(answers)]


def complete(answers: Answers) -> dict[str, str]:
    """The answers to all questions that matter; the first option where none is given.

    Raises
    ------
    LabError
        A question or an answer is not known; with those that are.
    """
    known = {question.id: question for question in QUESTIONS}
    for name, value in answers.items():
        if name not in known:
            raise LabError(f"The guide does not ask {name!r}.", f"It asks {', '.join(known)}.")
        keys = [option.key for option in known[name].options]
        if value not in keys:
            raise LabError(f"{value!r} is no answer to {name}.", f"Choose one of {', '.join(keys)}.")
    found: dict[str, str] = {}
    for question in QUESTIONS:
        if question.asked(found):
            found[question.id] = answers.get(question.id, question.options[0].key)
    return found


def decide(**answers: str) -> Advice:
    """What fits these answers.

    Parameters
    ----------
    **answers : str
        From a question's id to the key of an option; the first option counts where nothing is given.

    Raises
    ------
    LabError
        A question or an answer is not known.

    Examples
    --------
    >>> decide(work="queue", interrupt="yes").title
    'ECS on Fargate Spot'
    """
    given = complete(answers)
    if given["kubernetes"] == "yes":
        return _eks(given)
    if given.get("care") == "little":
        return _one_call(given)
    return _ecs(given)


def outcomes() -> Iterator[tuple[dict[str, str], Advice]]:
    """Every way through the guide, with what comes out."""
    seen = set()
    for keys in product(*([option.key for option in question.options] for question in QUESTIONS)):
        given = complete(dict(zip((question.id for question in QUESTIONS), keys, strict=True)))
        way = tuple(given.items())
        if way not in seen:
            seen.add(way)
            yield given, decide(**given)


def _one_call(given: Answers) -> Advice:
    """A web service without parts to set up."""
    why = ["One call makes the whole web service."]
    if given["runner"] == "yes":
        return Advice(
            title="App Runner, and a plan for ECS Express Mode",
            who="App Runner",
            computers="instances that you do not see",
            entry="an address that App Runner gives it",
            why=(*why, "Your account may go on with App Runner, and an idle instance costs its memory only."),
            but="App Runner gets no new features since April 2026. Take Express Mode for what you begin now.",
            labs=(11,),
        )
    why.append("App Runner takes no new customers since 30 April 2026; AWS recommends Express Mode.")
    if given["load"] == "steady":
        why.append("Up to 25 Express services share one load balancer, so its price is shared too.")
    return Advice(
        title="ECS Express Mode",
        who="ECS, with parts that Express Mode makes in your account",
        computers="Fargate",
        entry="a load balancer with HTTPS that it makes",
        why=tuple(why),
        but="It has no pause, and takes images only. When you need more, each part can be changed as in lab 03.",
        labs=(11,),
    )


def _ecs(given: Answers) -> Advice:
    who, entry = "ECS", ENTRIES[given["work"]]
    why = ["Nothing asks for Kubernetes, and ECS costs nothing by itself."]
    labs = {"web": (3, 4), "queue": (7,), "job": (7,)}[given["work"]]
    if given.get("care") == "all":
        why.append("You set up each part, so each can be changed.")
    if given["machine"] == "own":
        why.append("Only instances of your own can have your machine image and your settings.")
        but = "You patch the instances, and you drain them before they go."
        return Advice(
            "ECS on EC2 instances of your own", who, "an Auto Scaling group", entry, tuple(why), but, (5, *labs)
        )
    if given["machine"] == "special" or given["load"] == "steady":
        why.append(
            "Fargate has no GPU and lets you choose no instance."
            if given["machine"] == "special"
            else "Tasks that fill whole instances day and night cost less there than on Fargate."
        )
        if given.get("interrupt") == "yes":
            why.append("Work that may be done again can use Spot instances.")
        but = "AWS picks, patches and replaces the instances, for a fee; a half empty instance is paid in full."
        return Advice("ECS on Managed Instances", who, "instances that AWS manages", entry, tuple(why), but, (5, *labs))
    if given.get("interrupt") == "yes":
        why.append("Fargate Spot is up to 70 percent cheaper, and your work may be done again.")
        but = "A program has two minutes at most after SIGTERM, and there may be no Spot capacity at times."
        return Advice("ECS on Fargate Spot", who, "Fargate Spot", entry, tuple(why), but, (2, *labs))
    why.append("You pay for what runs, by the second, and look after no computer.")
    but = "At most 16 vCPU and 120 GB for a task; no GPU; a vCPU costs more than on a full instance."
    return Advice("ECS on Fargate", who, "Fargate", entry, tuple(why), but, labs)


def _eks(given: Answers) -> Advice:
    who, entry = "EKS", PODS[given["work"]]
    why = ["You need Kubernetes, and EKS runs its control plane for you."]
    price = "The cluster costs about 73 USD a month before anything runs, and asks for an update twice a year or so."
    if given["machine"] == "own":
        why.append("A managed node group takes a launch template with your own machine image.")
        return Advice(
            "EKS with a managed node group of your own image", who, "EC2 nodes from your launch template", entry,
            tuple(why), price, (9, 10),
        )  # fmt: skip
    if given["machine"] == "special":
        why.append("Pods on Fargate have no GPU, and you choose no instance there.")
    elif given.get("interrupt") == "yes":
        why.append("Nodes can be Spot instances; pods on Fargate cannot.")
    elif given["load"] == "steady":
        why.append("Much steady work fills whole nodes, and they cost less than Fargate then.")
    else:
        why.append("With little work, no node stands idle: you pay for each pod.")
        but = f"{price} Pods on Fargate have no EBS volumes and no DaemonSets; Auto Mode is the way between."
        return Advice("EKS with a Fargate profile", who, "Fargate", entry, tuple(why), but, (9, 10))
    return Advice(
        "EKS with a managed node group", who, "EC2 nodes that EKS makes and replaces", entry, tuple(why), price, (9, 10)
    )
