"""What a notebook shows when a cell fails: the learner's own lines, AWS's words, and what to do.

The frames of libraries are left out for errors that come out of a call: they are fifty lines of boto3 in which nobody
has made a mistake. ``%debug`` still reaches them.

References
----------
https://ipython.readthedocs.io/en/stable/api/generated/IPython.core.interactiveshell.html
"""

import difflib
import json
import re
import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Any

LIBRARIES = ("boto3", "botocore", "requests", "urllib", "urllib3", "kubernetes", "http", "socket")
FROM_THE_TOP = "To begin afresh, run all cells from the top: menu Run, Run All Above Selected Cell."
THERE = (
    f"It is there already: this cell has run before, or you made it by hand. Go on with the next cell.\n{FROM_THE_TOP}"
)
NOT_THERE = (
    "Look at the name, letter by letter. Or the cell that makes it has not run yet,"
    f" or lab.start() or lab.teardown() has taken it away since.\n{FROM_THE_TOP}"
)
NEW_CLOUD = f"The cloud was started anew, so it has new keys and knows nothing of before.\n{FROM_THE_TOP}"
NO_CLOUD = f"The cloud does not answer. lab.start() starts it again.\n{FROM_THE_TOP}"
NOBODY = (
    "Nobody answers at this address: what listened there has gone, or has another address now."
    " Ask for it anew with lab.url(...), and run lab.start() if the cloud has ended."
)
NOTHING_FITS = (
    "If this list came from AWS: it is empty, since nothing fits what was asked for."
    " Look at the names, letter by letter, and whether the cells above have run."
)
STOPPED = "You have stopped the cell. What it has asked AWS for goes on; to wait for it, run the cell again."
NO_NAME = (
    "If a cell further up makes this name, that cell has not run since the kernel started."
    " Run the cells above first: menu Run, Run All Above Selected Cell."
)


def explain_failures() -> None:
    """Show failures in this notebook so; without a notebook nothing happens, and a second time neither."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and not shell.custom_exceptions:
        shell.set_custom_exc((Exception, KeyboardInterrupt), _show)


def remedy(error: BaseException, names: Iterable[str] = ()) -> str:
    """What to do about an error, in one or two lines; nothing when that is not known.

    Parameters
    ----------
    error : BaseException
        What a cell has raised.
    names : iterable of str
        The names that the notebook knows, for a name that is nearly one of them.
    """
    if isinstance(error, NameError) and error.name:
        return _meant(error.name, names) + NO_NAME
    if isinstance(error, IndexError):
        return NOTHING_FITS if "list index" in str(error) else ""
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    told = getattr(error, "response", None)
    if isinstance(told, dict) and "Error" in told:
        return _refused(str(told["Error"].get("Code", "")), str(told["Error"].get("Message", "")))
    kind = type(error)
    if kind.__name__ == "UnknownServiceError":
        wanted, services = error.kwargs["service_name"], error.kwargs["known_service_names"]  # type: ignore[attr-defined]
        # The list has 400 names: it is no help to read it.
        error.args = (f"boto3 knows no service called {wanted}.",)
        return _meant(wanted, services.split(", ")).strip()
    if kind.__module__.startswith("kubernetes"):
        return _refused_by_kubernetes(error)
    if kind.__module__.startswith("botocore") and re.search("Connection|Timeout", kind.__name__):
        return NO_CLOUD
    if re.fullmatch("MaxRetryError|URLError|ConnectionError", kind.__name__):
        return NOBODY
    found = re.fullmatch(r"'\w+' object has no attribute '(\w+)'", str(error))
    if isinstance(error, AttributeError) and found:
        owner = error.obj if error.obj is not None else _owner(error.__traceback__)
        return _meant(found[1], dir(owner)).strip()
    return ""


def _meant(name: str, names: Iterable[str]) -> str:
    known = [one for one in names if not one.startswith("_")]
    swapped = [one for one in known if sorted(one) == sorted(name)]
    near = swapped or difflib.get_close_matches(name, known, 1)
    return f"Did you mean {near[0]}? " if near else ""


def _refused(code: str, message: str) -> str:
    if re.search("UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|AuthFailure", code):
        return NEW_CLOUD
    if re.search("Already|Duplicate|Exists|TargetConflict", code) or re.search(
        "already exists|not idempotent", message
    ):
        return THERE
    if re.search("NotFound|NoSuch|NotActive|DoesNotExist", code) or "not found" in message.lower():
        return NOT_THERE
    return ""


def _refused_by_kubernetes(error: BaseException) -> str:
    """The words of the API server, which its client hides among headers, and what to do."""
    first = next(iter(getattr(error, "api_exceptions", [])), error)
    try:
        told = str(json.loads(getattr(first, "body", None) or "{}").get("message", ""))
    except ValueError:
        told = ""
    advice = {404: NOT_THERE, 409: THERE}.get(getattr(first, "status", None) or 0, "")
    return "\n".join(line for line in (told and f"Kubernetes says: {told}", advice) if line)


def _owner(trace: TracebackType | None) -> Any:
    """The client on which a call was looked up in vain."""
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace.tb_frame.f_locals.get("self") if trace else None


def _show(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> None:
    if not hasattr(error, "_render_traceback_"):
        advice = remedy(error, shell.user_ns)
        library = _raised_by(trace).partition(".")[0] in LIBRARIES or kind.__module__.partition(".")[0] in LIBRARIES
        if advice or library:
            own = _own_frames(trace)
            error.__cause__, error.__suppress_context__ = None, True
            lines = shell.InteractiveTB.structured_traceback(kind, error, own, tb_offset=tb_offset)
            shown = [*lines, *([f"\n{advice}"] if advice else [])]
            error._render_traceback_ = lambda: shown  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _raised_by(trace: TracebackType) -> str:
    while trace.tb_next:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", ""))


def _own_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback down to the learner's last line."""
    frames = []
    while trace:
        frames.append(trace)
        trace = trace.tb_next
    while len(frames) > 1 and frames[-1].tb_frame.f_globals.get("__name__") != "__main__":
        frames.pop()
    cut = None
    for one in reversed(frames):
        cut = TracebackType(cut, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return cut
