"""What every part of the cloud stands on, and the hooks by which it plugs in."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .clock import Clock
from .control import Command
from .delays import Delays
from .home import Running
from .iam.authority import Authority
from .iam.guard import Guard
from .iam.vendor import Vendor
from .network.addresses import AddressBook
from .runtime.spec import Runtime
from .wire.dispatch import Dispatcher
from .wire.gateway import Door, SocketDoor, StreamDoor
from .wire.moto_apps import MotoApps
from .world import World

Hook = Callable[[], None]


@dataclass
class Core:
    """What the parts share, and what they leave here when they are made.

    Parameters
    ----------
    folder : Path
        The folder `.lab/`.
    running : Running
        How this cloud is reached, and its keys.
    clock : Clock
        The time and the speed.
    delays : Delays
        How long AWS's own steps take.
    world : World
        The lock, the reconcilers, the workers.
    moto : MotoApps
        What answers where nothing of ours does.
    dispatcher : Dispatcher
        The table of services.
    book : AddressBook
        Where private addresses really lead.
    runtime : Runtime
        What starts containers.
    authority : Authority
        What knows who may do what.
    guard : Guard
        What lets calls pass, or refuses them.
    vendor : Vendor
        What gives out the credentials of roles to what runs.
    check_signatures : bool
        False only under ``LAB_AUTH=off``.

    Attributes
    ----------
    doors, slow_doors, stream_doors
        What answers plain HTTP, beside the API; the slow ones take the world's lock themselves.
    sockets : dict
        What answers WebSockets, by the beginning of their path.
    commands : dict
        What the command line may ask for.
    on_start, on_reset, on_close : list of callable
        Called in this order; `on_reset` under the world's lock.
    """

    folder: Path
    running: Running
    clock: Clock
    delays: Delays
    world: World
    moto: MotoApps
    dispatcher: Dispatcher
    book: AddressBook
    runtime: Runtime
    authority: Authority
    guard: Guard
    vendor: Vendor
    check_signatures: bool
    doors: dict[str, Door] = field(default_factory=dict)
    slow_doors: dict[str, Door] = field(default_factory=dict)
    stream_doors: list[StreamDoor] = field(default_factory=list)
    sockets: dict[str, SocketDoor] = field(default_factory=dict)
    commands: dict[str, Command] = field(default_factory=dict)
    on_start: list[Hook] = field(default_factory=list)
    on_reset: list[Hook] = field(default_factory=list)
    on_close: list[Hook] = field(default_factory=list)
