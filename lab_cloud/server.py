"""The cloud as one process: serve on loopback, end cleanly.

Start with ``python -m lab_cloud up``. Heavy parts (moto, botocore) are loaded on a thread of their own after the door
is open, so that the first call is answered within a second.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from . import home, system
from .errors import AlreadyRunning, CloudError, PortInUse

SWITCH_SECONDS = 0.001
"""How long a busy thread may keep the others waiting; Python's 5 ms would be felt by every proxied request."""


def serve(folder: Path, port: int, speed: float, runtime: str = "", *, to_terminal: bool = False) -> int:
    """Run the cloud until it is told to stop.

    Parameters
    ----------
    folder : Path
        The folder `.lab/`.
    port : int
        The loopback port; 0 for a free one.
    speed : float
        How many times shorter AWS's own waiting is.
    runtime : str
        How containers run; empty for the default.
    to_terminal : bool
        Whether somebody reads along.

    Returns
    -------
    int
        The exit code.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # the learner's own account is none of this cloud's business; moto would read a profile
    listener = _listen(folder, port)
    sys.setswitchinterval(SWITCH_SECONDS)
    system.share_heaps()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # What is imported stays: to look for garbage in it again and again takes a sixth of the start. The cloud turns the
    # collector on again when all is loaded.
    gc.disable()
    import uvicorn

    from .cloud import Cloud

    cloud = Cloud(folder, listener.getsockname()[1], speed, runtime)
    config = uvicorn.Config(
        cloud.gateway,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
        ws=_web_socket,  # type: ignore[arg-type]
    )
    server = uvicorn.Server(config)

    async def run() -> None:
        cloud.start(asyncio.get_running_loop())
        if to_terminal:
            print(f"The cloud is up at {cloud.core.running.endpoint} (speed {speed:g}). Ctrl-C stops it.", flush=True)
        way_back = cloud.core.runtime.way_back
        await server.serve(sockets=[listener, *(way_back.listeners if way_back else [])])

    # uvicorn sends itself the signal that ended it again: by the system's own handler that would be the end, and
    # everything that runs would be left to the guardian.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run())
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        cloud.close()
    return 0


def _web_socket(**given: Any) -> Any:
    """What speaks WebSocket; imported with the first one, since that takes long."""
    from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

    return WSProtocol(**given)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return None
    return uvloop.new_event_loop


def _listen(folder: Path, port: int) -> socket.socket:
    other = home.read(folder)
    if other is not None:
        raise AlreadyRunning(f"A cloud is already up on port {other.port}.", "Stop it first: python -m lab_cloud down")
    kept = home.last_port(folder) if port == 0 else 0
    if kept:
        with contextlib.suppress(PortInUse):
            return _bind(kept)
    return _bind(port)


def _bind(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if not system.WINDOWS:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"Port {port} is used by another program ({error.strerror}).",
            "Leave --port out to get a free one, or name another.",
        ) from error
    return listener


def main() -> int:
    """Run the daemon that ``up`` starts."""
    parser = argparse.ArgumentParser(prog="python -m lab_cloud.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--runtime", default="")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the learner's terminal is not meant for us
    try:
        return serve(options.home, options.port, options.speed, options.runtime)
    except CloudError as error:
        print(f"error: {error.message} | {error.remedy}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
