"""What COPY and ADD copy: files of the context, of another stage or image, of a heredoc; archives for ADD."""

import posixpath
import re
from typing import TYPE_CHECKING

from lab_cloud.runtime.build.archives import unpacked
from lab_cloud.runtime.build.context import NoSource, Source
from lab_cloud.runtime.build.dockerfile import Instruction, without_heredocs
from lab_cloud.runtime.build.files import Files
from lab_cloud.runtime.build.ignore import glob, is_glob
from lab_cloud.runtime.build.instructions import exec_form, expanded, split
from lab_cloud.runtime.build.stage import Stage, find
from lab_cloud.runtime.build.variables import BadWord, expand_heredoc
from lab_cloud.runtime.layers import Entry

if TYPE_CHECKING:
    from lab_cloud.runtime.build.builder import _Run

_FROM_NETWORK = re.compile(r"(https?|ftp|git|ssh)://|git@", re.IGNORECASE)


class Sources:
    """The words of one COPY or ADD.

    Parameters
    ----------
    run : _Run
        The build under way.
    stage : Stage
        The stage that is built.
    instruction : Instruction
        The COPY or ADD.

    Raises
    ------
    DockerfileError
        It has no source or no destination.
    """

    def __init__(self, run: "_Run", stage: Stage, instruction: Instruction) -> None:
        self._run, self._stage, self._instruction = run, stage, instruction
        variables = stage.variables()
        flags = {name: expanded(instruction, value or "", variables) for name, value in instruction.flags}
        self._from = flags.get("from", "")
        self.chmod = flags.get("chmod", "")
        self.chown = flags.get("chown", "")
        words = exec_form(without_heredocs(instruction.rest))
        words = split(instruction, without_heredocs(instruction.rest), variables) if words is None else words
        if not words or (len(words) == 1 and not instruction.heredocs):
            raise instruction.error(
                f"{instruction.name} needs a source and a destination", f"For example: {instruction.name} main.py /app/"
            )
        *self._words, self._to = words
        if not self._to:
            raise instruction.error("the destination is empty", "For example: /app/")
        self.destination = joined(stage.config.get("WorkingDir") or "/", self._to)

    def find(self) -> list[Source]:
        """What is copied, in the order of the words.

        Raises
        ------
        NoSource
            Something is not there.
        """
        found = [self._heredoc(number) for number in range(len(self._instruction.heredocs))]
        image = self._other() if self._from and self._words else None
        for word in self._words:
            if self._instruction.name == "ADD" and _FROM_NETWORK.match(word):
                raise self._instruction.error(
                    f"{word} would be loaded from the network, and this builder loads nothing from there",
                    "Download it into the folder that you build, and COPY it.",
                )
            if image is not None:
                found += _in_image(image, word, self._from)
            else:
                found += self._run.context.find(word)
        if self._instruction.name == "ADD":
            found = [unpacked(source, self._run.scratch) for source in found]
        if len(found) > 1 and len(self._words) > 1 and not self._to.endswith(("/", "/.")) and self._to != ".":
            raise self._instruction.error(
                "with several sources the destination is a folder", f"End it with a slash: {self._to}/"
            )
        return found

    def mode(self) -> int | None:
        """``--chmod``."""
        if not self.chmod:
            return None
        if not re.fullmatch(r"0?[0-7]{3,4}", self.chmod):
            raise self._instruction.error(
                f"--chmod={self.chmod} is not understood here", "Write the mode as a number, for example --chmod=755"
            )
        return int(self.chmod, 8)

    def owner(self, files: Files) -> tuple[int, int] | None:
        """``--chown``: numbers, or names that the image's ``/etc/passwd`` and ``/etc/group`` know.

        The process runtime runs everything as you, so there an owner is only written into the layer.
        """
        if not self.chown:
            return None
        user, colon, group = self.chown.partition(":")
        uid, main = self._id(files, user, "etc/passwd")
        return uid, self._id(files, group, "etc/group")[0] if colon and group else main

    def _id(self, files: Files, name: str, file: str) -> tuple[int, int]:
        if name.isdigit():
            return int(name), int(name)
        entry = files.get(files.resolve(file))
        text = b"".join(entry.chunks()).decode("utf-8", "replace") if entry is not None else ""
        for line in text.splitlines():
            fields = line.split(":")
            if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
                return int(fields[2]), int(fields[3]) if len(fields) > 3 and fields[3].isdigit() else int(fields[2])
        if name == "root":
            return 0, 0
        raise self._instruction.error(
            f"--chown={self.chown}: the image knows no {name!r} (/{file})", "Use numbers, for example --chown=1000:1000"
        )

    def _heredoc(self, number: int) -> Source:
        heredoc = self._instruction.heredocs[number]
        text = heredoc.text
        if heredoc.expand:
            try:
                text = expand_heredoc(text, self._stage.variables(), self._instruction.escape)
            except BadWord as error:
                raise self._instruction.error(
                    str(error), f"Write <<'{heredoc.name}' to keep the text as it is."
                ) from error
        return Source(heredoc.name, Entry(data=text.encode(), mode=0o644))

    def _other(self) -> Files:
        """The files of ``--from``: an earlier stage, or an image."""
        stage = self._stage
        earlier = find(self._run.plans, self._from, stage.plan.place)
        if earlier is not None:
            return self._run.stage(earlier).files(self._run.store)
        if self._from.isdigit() or any(plan.name == self._from.lower() for plan in self._run.plans):
            raise self._instruction.error(
                f"--from={self._from} is no earlier stage", "A stage copies from those that stand before it."
            )
        return self._run.image_stage(self._instruction, stage.plan, self._from).files(self._run.store)


def joined(folder: str, destination: str) -> str:
    """A destination as an absolute path; the slash at its end stays."""
    path = posixpath.normpath("/" + posixpath.join(folder, destination).lstrip("/"))
    is_folder = destination.endswith(("/", "/.")) or destination == "."
    return path + "/" if is_folder and path != "/" else path


def _in_image(files: Files, pattern: str, name: str) -> list[Source]:
    wanted = posixpath.normpath("/" + pattern.lstrip("/")).strip("/")
    rule = glob(wanted) if is_glob(wanted) else None
    names = [each for each in sorted(files.entries) if rule.fullmatch(each)] if rule else [wanted]
    found = []
    for each in names:
        place = files.resolve(each)
        entry = files.get(place)
        if entry is not None:
            below = tuple(files.below(place)) if entry.is_folder else ()
            found.append(Source(posixpath.basename(each), entry, below))
    if not found:
        raise NoSource(f"/{wanted} is not in {name}", _near(files, wanted))
    return found


def _near(files: Files, wanted: str) -> str:
    folder = posixpath.dirname(wanted)
    there = sorted({child.partition("/")[0] for child, _ in files.below(files.resolve(folder))})
    return f"/{folder} holds {', '.join(there[:8])}." if there else f"/{folder} holds nothing."
