"""EC2 instance types: `data/instance_types.csv`.

The figures are those of EC2's DescribeInstanceTypes for us-east-1 (vCPU, memory, network interfaces and their
addresses, architecture), of the general families that run containers; DescribeInstanceTypes of the embedded cloud knows
all types.

References
----------
https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-types.html
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "data" / "instance_types.csv"
FREE_PART = 0.957
"""What system and ECS agent leave of the memory: AWS names no figure; 1 GiB registers as about 980."""


@dataclass(frozen=True)
class InstanceType:
    """What one instance of a type has.

    Parameters
    ----------
    name : str
        For example ``t3.micro``.
    vcpu : int
        Virtual processors; ECS counts 1,024 CPU units for each.
    memory : int
        Nominal memory in MiB.
    interfaces : int
        Network interfaces that can be attached, the primary one included.
    architecture : str
        ``x86_64`` or ``arm64``.
    addresses : int
        Private IPv4 addresses of each interface, its own included.
    """

    name: str
    vcpu: int
    memory: int
    interfaces: int
    architecture: str
    addresses: int

    @property
    def cpu_units(self) -> int:
        """CPU units that it registers with ECS."""
        return self.vcpu * 1024

    @property
    def free_memory(self) -> int:
        """MiB that it registers with ECS: a little less than nominal."""
        return int(self.memory * FREE_PART)

    @property
    def task_interfaces(self) -> int:
        """Tasks with a network interface of their own that fit: one interface is the instance's."""
        return self.interfaces - 1

    @property
    def most_pods(self) -> int:
        """Pods that fit with the VPC CNI plugin: each has an address; 110 at most, 250 with more than 30 vCPUs.

        References
        ----------
        https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
        """
        return min(self.interfaces * (self.addresses - 1) + 2, 250 if self.vcpu > 30 else 110)


@cache
def instance_types() -> dict[str, InstanceType]:
    """All types by name."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {
            row["type"]: InstanceType(
                row["type"],
                int(row["vcpu"]),
                int(row["memory_mib"]),
                int(row["network_interfaces"]),
                row["architecture"],
                int(row["ipv4_per_interface"]),
            )
            for row in csv.DictReader(file)
        }
