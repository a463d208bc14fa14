"""All that differs between Linux, macOS and Windows; nothing else in the cloud asks which system this is.

::

    host.py       files, signals, ports, the daemon's start
    tree.py       a child process with everything that it starts
    meter.py      what a tree has used
    job.py        Windows' job objects
    guardian.py   the end of whatever a killed cloud leaves behind
"""

from lab_cloud.system.guardian import MARK, Guardian, kill_marked
from lab_cloud.system.host import (
    KILLED,
    LINUX,
    WINDOWS,
    allow_many_files,
    command_line,
    ephemeral_ports,
    exit_code,
    is_alive,
    kill,
    share_heaps,
    signal_number,
    start_daemon,
    terminate,
    trim_memory,
    write_private,
)
from lab_cloud.system.tree import Tree

__all__ = [
    "KILLED",
    "LINUX",
    "MARK",
    "WINDOWS",
    "Guardian",
    "Tree",
    "allow_many_files",
    "command_line",
    "ephemeral_ports",
    "exit_code",
    "is_alive",
    "kill",
    "kill_marked",
    "share_heaps",
    "signal_number",
    "start_daemon",
    "terminate",
    "trim_memory",
    "write_private",
]
