"""One stage of a build while it grows: its layers, its configuration, its history."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from lab_cloud.runtime.build.cache import key_of
from lab_cloud.runtime.build.dockerfile import Instruction
from lab_cloud.runtime.build.files import Files, read_layer
from lab_cloud.runtime.build.settings import environment
from lab_cloud.runtime.contents import Contents, plain_layers
from lab_cloud.runtime.images import EPOCH, Descriptor, Store

SCRATCH_PLATFORM = {"architecture": "amd64", "os": "linux"}


@dataclass(frozen=True)
class Plan:
    """A stage as the Dockerfile has it.

    Parameters
    ----------
    place : int
        Its number, from 0.
    name : str
        What ``AS`` calls it, in small letters; empty when it has no name.
    base : str
        The word after FROM, with variables replaced.
    instructions : tuple of Instruction
        Its instructions, FROM first.
    """

    place: int
    name: str
    base: str
    instructions: tuple[Instruction, ...]

    @property
    def label(self) -> str:
        """What the learner reads."""
        return self.name or f"stage {self.place}"


@dataclass
class Stage:
    """A stage that is being built.

    Parameters
    ----------
    plan : Plan
        What is to be built.
    key : str
        The key of the last step in the cache.
    config : dict
        The ``config`` of the image so far.
    """

    plan: Plan
    key: str
    config: dict[str, Any] = field(default_factory=dict)
    layers: list[Descriptor] = field(default_factory=list)
    diff_ids: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    platform: dict[str, Any] = field(default_factory=lambda: dict(SCRATCH_PLATFORM))
    args: dict[str, str] = field(default_factory=dict)
    from_scratch: bool = True
    own_cmd: bool = False
    _files: Files = field(default_factory=Files)
    _laid: int = 0

    @classmethod
    def from_image(cls, plan: Plan, store: Store, image: Contents) -> "Stage":
        """Begin with an image."""
        plain_layers(store, image)
        return cls(
            plan,
            key_of("", "FROM", image.manifest.digest),
            config=dict(image.configuration.get("config") or {}),
            layers=list(image.layers),
            diff_ids=list(image.diff_ids),
            history=image.history,
            platform=image.platform or dict(SCRATCH_PLATFORM),
            from_scratch=False,
        )

    @classmethod
    def from_stage(cls, plan: Plan, base: "Stage") -> "Stage":
        """Begin where an earlier stage ends."""
        return cls(
            plan,
            base.key,
            config=dict(base.config),
            layers=list(base.layers),
            diff_ids=list(base.diff_ids),
            history=list(base.history),
            platform=dict(base.platform),
            from_scratch=base.from_scratch,
        )

    def variables(self) -> dict[str, str]:
        """What ``$NAME`` means now: ENV wins over ARG."""
        return {**self.args, **environment(self.config)}

    def files(self, store: Store) -> Files:
        """The files so far."""
        for digest in self.diff_ids[self._laid :]:
            self._files.lay(read_layer(store.path(digest)))
        self._laid = len(self.diff_ids)
        return self._files

    def note(self, created_by: str, layer: Descriptor | None) -> None:
        """One instruction is done."""
        entry: dict[str, Any] = {"created": EPOCH, "created_by": created_by}
        if layer is None:
            entry["empty_layer"] = True
        else:
            self.layers.append(layer)
            self.diff_ids.append(layer.digest)
        self.history.append(entry)


def find(plans: Sequence[Plan], name: str, before: int) -> Plan | None:
    """An earlier stage by its name or number."""
    for plan in reversed(plans[:before]):
        if name.lower() == plan.name or name == str(plan.place):
            return plan
    return None
