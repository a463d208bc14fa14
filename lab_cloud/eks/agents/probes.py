"""Probes: what is asked of a container, and what its answers mean.

A period is Kubernetes' own waiting and goes with the speed, down to a second; delays and timeouts race with the
learner's program, so they are real seconds. Until a container has passed a liveness or startup probe once, its failures
count no faster than on a real cluster: a program that needs ten seconds to start gets them.

References
----------
https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import http.client
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ...errors import CloudError
from ...runtime.spec import Handle

Object = Mapping[str, Any]
STARTUP, LIVENESS, READINESS = "startupProbe", "livenessProbe", "readinessProbe"
WORDS = {STARTUP: "Startup", LIVENESS: "Liveness", READINESS: "Readiness"}
LEAST_INTERVAL = 1.0
MOST_OUTPUT = 10_240


@dataclass(frozen=True)
class Probe:
    """A probe as it runs here.

    Parameters
    ----------
    kind : str
        ``startupProbe``, ``livenessProbe`` or ``readinessProbe``.
    action : mapping
        Its ``httpGet``, ``tcpSocket``, ``exec`` or ``grpc``.
    delay, timeout, period : float
        Real seconds, as written.
    interval : float
        Real seconds between two answers.
    successes, failures : int
        How many in a row change what is thought of it.
    """

    kind: str
    action: Object
    delay: float
    timeout: float
    period: float
    interval: float
    successes: int
    failures: int


@dataclass(frozen=True)
class Record:
    """What the answers have said so far.

    Parameters
    ----------
    passing : bool
        What is thought of it.
    passed : bool
        Whether it has ever passed.
    successes, failures : int
        In a row.
    counted : float
        When a failure was counted last, in epoch seconds.
    """

    passing: bool
    passed: bool = False
    successes: int = 0
    failures: int = 0
    counted: float = 0.0


def probes_of(container: Object, speed: float) -> dict[str, Probe]:
    """The probes of a container."""
    found = {}
    for kind in (STARTUP, LIVENESS, READINESS):
        each = container.get(kind)
        if not each:
            continue
        period = float(each.get("periodSeconds", 10))
        found[kind] = Probe(
            kind=kind,
            action=each,
            delay=float(each.get("initialDelaySeconds", 0)),
            timeout=float(each.get("timeoutSeconds", 1)),
            period=period,
            interval=max(period / speed, min(period, LEAST_INTERVAL)),
            successes=int(each.get("successThreshold", 1)),
            failures=int(each.get("failureThreshold", 3)),
        )
    return found


def first(kind: str) -> Record:
    """What is thought before the first answer: a container is alive, and is not ready."""
    return Record(passing=kind == LIVENESS)


def step(record: Record, probe: Probe, passed: bool, now: float) -> Record:
    """The record after one more answer; pure."""
    if passed:
        successes = record.successes + 1
        passing = record.passing or successes >= probe.successes
        return Record(passing, passed=True, successes=successes)
    # a little less than the period: a timer may be early
    early = not record.passed and record.failures > 0 and now - record.counted < probe.period * 0.95
    if early and probe.kind != READINESS:
        return replace(record, successes=0)
    failures = record.failures + 1
    return Record(record.passing and failures < probe.failures, record.passed, 0, failures, now)


def has_failed(record: Record, probe: Probe) -> bool:
    """Whether a container must be started again because of this probe."""
    return probe.kind != READINESS and record.failures >= probe.failures


def port_of(wanted: Any, container: Object) -> int:
    """The number of a port that may be given by its name; 0 for a name that no port has."""
    if isinstance(wanted, int):
        return wanted
    ports = container.get("ports") or ()
    named = next((int(each["containerPort"]) for each in ports if each.get("name") == wanted), 0)
    return named or (int(wanted) if str(wanted).isdecimal() else 0)


def ask(probe: Probe, container: Object, handle: Handle, address: str) -> tuple[bool, str]:
    """Ask a container; slow.

    Returns
    -------
    bool
        Whether it passed.
    str
        Why not, in the words of a kubelet.
    """
    action = probe.action
    if action.get("exec"):
        return _command(action["exec"].get("command") or [], handle, probe.timeout)
    if action.get("httpGet"):
        port = port_of(action["httpGet"]["port"], container)
        return _http(action["httpGet"], port, handle.ports.get(port), address, probe.timeout)
    if action.get("tcpSocket"):
        port = port_of(action["tcpSocket"]["port"], container)
        why = _connect(handle.ports.get(port), probe.timeout)
        return not why, f"dial tcp {address}:{port}: {why}" if why else ""
    return False, "a gRPC probe is not simulated by the embedded cloud: use httpGet, tcpSocket or exec"


def _command(argv: list[str], handle: Handle, timeout: float) -> tuple[bool, str]:
    try:
        done = handle.exec(argv, timeout)
    except CloudError as error:
        return False, error.message
    if done.timed_out:
        return False, f'command timed out: "{" ".join(argv)}" timed out after {timeout:g}s'
    return done.code == 0, done.output[:MOST_OUTPUT]


def _connect(port: int | None, timeout: float) -> str:
    if port is None:
        return "connect: connection refused"
    try:
        socket.create_connection(("127.0.0.1", port), timeout).close()
    except TimeoutError:
        return "i/o timeout"
    except OSError:
        return "connect: connection refused"
    return ""


def _http(action: Object, port: int, loopback: int | None, address: str, timeout: float) -> tuple[bool, str]:
    scheme, path = str(action.get("scheme") or "HTTP").lower(), action.get("path") or "/"
    url = f"{scheme}://{address}:{port}{path if path.startswith('/') else f'/{path}'}"
    if loopback is None:
        return False, f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
    headers = {"User-Agent": "kube-probe/1", "Accept": "*/*", "Host": f"{address}:{port}", "Connection": "close"}
    headers |= {each["name"]: each.get("value", "") for each in action.get("httpHeaders") or ()}
    connection: http.client.HTTPConnection
    if scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # as a kubelet: it does not look
        connection = http.client.HTTPSConnection("127.0.0.1", loopback, timeout=timeout, context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", loopback, timeout=timeout)
    try:
        connection.request("GET", url.partition(f":{port}")[2] or "/", headers=headers)
        code = connection.getresponse().status
    except TimeoutError:
        why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
        return False, f'Get "{url}": {why}'
    except ConnectionRefusedError:
        return False, f'Get "{url}": dial tcp {address}:{port}: connect: connection refused'
    except (OSError, http.client.HTTPException):
        return False, f'Get "{url}": EOF'
    finally:
        connection.close()
    return 200 <= code < 400, f"HTTP probe failed with statuscode: {code}"
