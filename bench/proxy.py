"""Requests per second through the load balancer, beside nginx as a reverse proxy and MiniStack's ALB.

One backend (nginx, a 36-byte page), one client (wrk), the same run, turns taken in rounds; each proxy under test has
one core to itself where the system can pin processes. Run with ``python -m bench.proxy``.
"""

import argparse
import asyncio
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

GOAL_MINISTACK, GOAL_NGINX = 10.0, 0.15
CONNECTIONS = 32
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  {servers}
}}
"""
BACKEND = 'server {{ listen 127.0.0.1:{port}; location / {{ return 200 "hello from the target of this bench\\n"; }} }}'
PROXY = (
    "upstream target {{ server 127.0.0.1:{target}; keepalive 64; }} server {{ listen 127.0.0.1:{port}; location / {{ "
    'proxy_pass http://target; proxy_http_version 1.1; proxy_set_header Connection ""; }} }}'
)


def main() -> int:
    """Measure, print the medians and the ratios; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.proxy", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--serve", type=int, nargs=2, metavar=("PORT", "TARGET"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(serve(*options.serve))
        return 0
    missing = [name for name in ("nginx", "wrk") if shutil.which(name) is None]
    if missing:
        print(f"bench.proxy: skipped, {' and '.join(missing)} not installed")
        return 0
    with ExitStack() as stack:
        backend = stack.enter_context(nginx(BACKEND, core=1))
        contestants: dict[str, tuple[int, dict[str, str]]] = {
            "lab_cloud ALB": (stack.enter_context(ours(backend)), {}),
            "nginx": (stack.enter_context(nginx(PROXY, core=0, target=backend)), {}),
        }
        peer = stack.enter_context(ministack(backend))
        if peer is not None:
            contestants["MiniStack ALB"] = (peer, {"Host": "bench.alb.localhost"})
        for name, (port, headers) in contestants.items():
            check(name, port, headers)
        figures: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(options.rounds):
            for name, (port, headers) in contestants.items():
                figures[name].append(measure(port, headers, options.seconds))
    return report(figures)


def report(figures: dict[str, list[float]]) -> int:
    """Print medians and ratios; 1 when a goal is missed."""
    medians = {name: statistics.median(some) for name, some in figures.items()}
    for name, median in medians.items():
        some = figures[name]
        print(f"{name:15} {median:9,.0f} requests/s   (min {min(some):,.0f}, max {max(some):,.0f}, n={len(some)})")
    own, reached = medians["lab_cloud ALB"], True
    for peer, goal in (("MiniStack ALB", GOAL_MINISTACK), ("nginx", GOAL_NGINX)):
        if peer not in medians:
            print(f"{peer}: not installed, no ratio")
            continue
        ratio = own / medians[peer]
        reached &= ratio >= goal
        print(f"lab_cloud / {peer}: {ratio:.2f}  (goal {goal:g}: {'reached' if ratio >= goal else 'MISSED'})")
    return 0 if reached else 1


def measure(port: int, headers: dict[str, str], seconds: float) -> float:
    """Requests per second as wrk counts them; any failed request is an error."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command = pinned([*command, f"http://127.0.0.1:{port}/"], core=1)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"requests failed:\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found is not None, done.stdout
    return float(found.group(1))


def check(name: str, port: int, headers: dict[str, str]) -> None:
    """One request by hand, so that nobody is measured for answering errors."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/", headers=headers)
    body = connection.getresponse().read()
    connection.close()
    if b"hello from the target" not in body:
        raise RuntimeError(f"{name} does not reach the target: {body!r}")


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop that the cloud's server uses."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def serve(port: int, target: int) -> None:
    """The data plane of the cloud with one listener, as the server runs it."""
    from lab_cloud.clock import Clock
    from lab_cloud.elb.counters import Counters
    from lab_cloud.elb.listening import Forward, Listening
    from lab_cloud.elb.model import TargetGroup
    from lab_cloud.elb.plane import DataPlane, Door
    from lab_cloud.elb.targets import TargetRegistry
    from lab_cloud.network.addresses import AddressBook

    registry = TargetRegistry(Clock())
    registry.configure({"bench": TargetGroup("bench", "bench")}, ["bench"])
    registry.register("bench", "10.0.0.1", 80)
    book = AddressBook()
    book.add("10.0.0.1", 80, target)
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()
    plane = DataPlane(book, lambda start: tasks.add(loop.create_task(start())), lambda target: None)
    sock = socket.create_server(("127.0.0.1", port))
    sock.setblocking(False)
    action = Forward(((registry.group("bench"), 1),))
    plane.open(Door("bench", sock, Listening("bench", b"bench.elb.amazonaws.com", 80, action, Counters())))
    await asyncio.Event().wait()


@contextmanager
def ours(target: int) -> Iterator[int]:
    """Our data plane in a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "bench.proxy", "--serve", str(port), str(target)]
    with process(command, port, core=0):
        yield port


@contextmanager
def nginx(servers: str, *, core: int, target: int = 0) -> Iterator[int]:
    """nginx with one worker."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        text = NGINX.format(folder=folder, servers=servers.format(port=port, target=target))
        config = Path(folder) / "nginx.conf"
        config.write_text(text, encoding="utf-8")
        command = ["nginx", "-p", folder, "-c", str(config), "-e", f"{folder}/error.log"]
        with process(command, port, core=core):
            yield port


@contextmanager
def ministack(target: int) -> Iterator[int | None]:
    """MiniStack with one load balancer; None when it is not installed."""
    try:
        import boto3
        import ministack as _installed  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        yield None
        return
    port = free_port()
    environment = os.environ | {"GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"}
    with process([sys.executable, "-m", "ministack"], port, core=0, environment=environment):
        client = boto3.client(
            "elbv2", "us-east-1", endpoint_url=f"http://127.0.0.1:{port}", aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - MiniStack takes any
        )  # fmt: skip
        balancer = client.create_load_balancer(Name="bench", Subnets=["subnet-1", "subnet-2"])["LoadBalancers"][0]
        group = client.create_target_group(Name="bench", Protocol="HTTP", Port=target, VpcId="vpc-1", TargetType="ip")
        arn = group["TargetGroups"][0]["TargetGroupArn"]
        client.register_targets(TargetGroupArn=arn, Targets=[{"Id": "127.0.0.1", "Port": target}])
        client.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )  # fmt: skip
        client.close()
        yield port


@contextmanager
def process(
    command: list[str], port: int, *, core: int, environment: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server until the block ends; wait until its port is open."""
    with tempfile.TemporaryFile() as output:
        running = subprocess.Popen(pinned(command, core), stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            wait_for(port, running)
            yield running
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def wait_for(port: int, running: "subprocess.Popen[bytes]") -> None:
    """Wait until a port is open."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if running.poll() is not None:
            raise RuntimeError(f"{json.dumps(running.args)} ended with {running.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{running.args!r} did not open port {port}")


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def pinned(command: list[str], core: int) -> list[str]:
    """The command on one core, where `taskset` can do that and there are two."""
    if shutil.which("taskset") is None or (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", str(core), *command]


if __name__ == "__main__":
    sys.exit(main())
