"""Builds an image: carries out a Dockerfile's instructions, or finds what they made in the cache."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lab_cloud.errors import BuildFailed, DockerfileError, ImageNotFound
from lab_cloud.runtime.build import dockerfile, planning
from lab_cloud.runtime.build.cache import Cache, content_of, key_of
from lab_cloud.runtime.build.context import Context, NoSource, Source
from lab_cloud.runtime.build.copying import Look, copied
from lab_cloud.runtime.build.dockerfile import Instruction
from lab_cloud.runtime.build.files import LinkLoop
from lab_cloud.runtime.build.instructions import DOCKER
from lab_cloud.runtime.build.running import Runner, changed, look
from lab_cloud.runtime.build.settings import SETTINGS, configured
from lab_cloud.runtime.build.sources import Sources
from lab_cloud.runtime.build.stage import Plan, Stage, find
from lab_cloud.runtime.build.steps import Built, Step, bytes_text
from lab_cloud.runtime.contents import contents
from lab_cloud.runtime.images import LAYER, Descriptor, Store
from lab_cloud.runtime.layers import Entry, tar
from lab_cloud.runtime.references import parse
from lab_cloud.runtime.spec import Image

Say = Callable[[str], None]
MUCH = 50_000_000
"""Bytes whose reading one would notice; they are told of before."""


@dataclass(frozen=True)
class Request:
    """What is to be built.

    Parameters
    ----------
    folder : Path
        The build context.
    dockerfile : Path or None
        The Dockerfile; None: ``Dockerfile`` in the folder.
    tags : tuple of str
        Names for the image.
    arguments : mapping of str to str
        ``--build-arg``.
    target : str or None
        The stage to build; None: the last one.
    use_cache : bool
        Whether what was built before is used.
    """

    folder: Path
    dockerfile: Path | None = None
    tags: tuple[str, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    target: str | None = None
    use_cache: bool = True


class Builder:
    """Builds images into a store.

    Parameters
    ----------
    store : Store
        Where layers, images and the cache are kept.
    pull : callable
        Finds a base by its reference, for example `Catalog.pull`; raises ImageNotFound.
    """

    def __init__(self, store: Store, pull: Callable[[str], Image]) -> None:
        self._store = store
        self._pull = pull
        self.cache = Cache(store)

    def build(self, request: Request, say: Say = lambda line: None) -> Built:
        """Build an image.

        Parameters
        ----------
        request : Request
            What is to be built.
        say : callable
            Given each line of progress as it comes.

        Raises
        ------
        DockerfileError
            A line cannot be read, or asks for what this builder does not do.
        BuildFailed
            Anything else went wrong; nothing is tagged.
        ImageCorrupt
            A base is damaged.
        """
        with self._store.building():
            return self._build(request, say)

    def _build(self, request: Request, say: Say) -> Built:
        began = time.perf_counter()
        names = tuple(str(parse(tag)) for tag in request.tags)
        context = Context(request.folder, self._ignored(request))
        found, arguments = planning.plans(dockerfile.parse(self._text(request)), request.arguments)
        target = planning.needed(found, request.target)
        warnings = planning.warnings(found, request.arguments)
        for warning in warnings:
            say(f"Note: {warning}")
        with tempfile.TemporaryDirectory(dir=self._store.incoming, ignore_cleanup_errors=True) as scratch:
            run = _Run(self, request, context, found, arguments, Path(scratch), say)
            stage = run.stage(target)
        manifest = self._store.add(
            stage.layers, stage.config, stage.history, diff_ids=stage.diff_ids, platform=stage.platform
        )
        for name in names:
            self._store.tag(name, manifest, mine=True)
        self.cache.tidy()
        image = contents(self._store, manifest)
        built = Built(
            manifest.digest,
            image.config.digest,
            names,
            image.size,
            time.perf_counter() - began,
            tuple(run.steps),
            tuple(warnings),
        )
        called = f", tagged {', '.join(request.tags)}" if names else ""
        say(f"Built {manifest.digest[:19]}{called} in {built.seconds:.2f} s")
        return built

    def _ignored(self, request: Request) -> Path | None:
        """``NAME.dockerignore`` beside a Dockerfile of another name goes before ``.dockerignore``, as with Docker."""
        file = request.dockerfile or request.folder / "Dockerfile"
        own = file.with_name(f"{file.name}.dockerignore")
        return own if own.is_file() else None

    def _text(self, request: Request) -> str:
        file = request.dockerfile or request.folder / "Dockerfile"
        try:
            return file.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BuildFailed(
                f"There is no file {file.name} in {file.parent}.", "Write one, or name it: -f FILE"
            ) from None
        except (OSError, ValueError) as error:
            raise BuildFailed(f"{file} cannot be read: {error}", "It must be a text in UTF-8.") from error


class _Run:
    """One build under way."""

    def __init__(
        self,
        builder: Builder,
        request: Request,
        context: Context,
        plans: Sequence[Plan],
        arguments: Mapping[str, str],
        scratch: Path,
        say: Say,
    ) -> None:
        self.store, self.cache = builder._store, builder.cache
        self.pull = builder._pull
        self.request, self.plans, self.arguments, self.scratch, self.say = request, plans, arguments, scratch, say
        self.context = context
        self.steps: list[Step] = []
        self._stages: dict[int, Stage] = {}
        self._missed = False

    def stage(self, plan: Plan) -> Stage:
        """Build a stage and those that it needs, once."""
        if plan.place not in self._stages:
            self._stages[plan.place] = self._built(plan)
        return self._stages[plan.place]

    def image_stage(self, instruction: Instruction, plan: Plan, name: str) -> Stage:
        """An image as a stage to begin or to copy from."""
        try:
            image = self.pull(name)
        except ImageNotFound as error:
            raise instruction.error(f"the image {name} is not here", error.remedy) from error
        found = self.store.descriptor(image.digest)
        if image.config.get("OnBuild") and instruction.name == "FROM":
            raise instruction.error(
                f"the image {name} has ONBUILD instructions, which this builder does not carry out",
                f"Choose another base. {DOCKER}",
            )
        return Stage.from_image(plan, self.store, contents(self.store, found))

    def _built(self, plan: Plan) -> Stage:
        first = plan.instructions[0]
        earlier = find(self.plans, plan.base, plan.place)
        began = time.perf_counter()
        if earlier is not None:
            stage = Stage.from_stage(plan, self.stage(earlier))
        elif plan.base.lower() == "scratch":
            stage = Stage(plan, key_of("", "FROM", "scratch"))
        else:
            stage = self.image_stage(first, plan, plan.base)
        self._tell(stage, 1, first, cached=True, began=began)
        for number, instruction in enumerate(plan.instructions[1:], 2):
            try:
                self._step(stage, number, instruction)
            except (NoSource, LinkLoop) as error:
                raise instruction.error(str(error.args[0]), str(error.args[1]) if error.args[1:] else "") from error
            except DockerfileError:
                raise
            except BuildFailed as error:
                raise instruction.error(error.message, error.remedy) from error
        return stage

    def _step(self, stage: Stage, number: int, instruction: Instruction) -> None:
        began = time.perf_counter()
        if instruction.name == "ARG":
            self._argument(stage, instruction)
            self._tell(stage, number, instruction, cached=not self._missed, began=began)
        elif instruction.name in ("COPY", "ADD"):
            self._copy(stage, number, instruction, began)
        elif instruction.name == "RUN":
            self._execute(stage, number, instruction, began)
        else:
            self._configure(stage, number, instruction, began)

    def _argument(self, stage: Stage, instruction: Instruction) -> None:
        for name, default in planning.argument(instruction, stage.variables()):
            value = self.request.arguments.get(name)
            if value is None:
                value = default if default is not None else self.arguments.get(name)
            if value is not None:
                stage.args[name] = value

    def _configure(self, stage: Stage, number: int, instruction: Instruction, began: float) -> None:
        assert instruction.name in SETTINGS
        stage.config = configured(instruction, stage.config, stage.variables())
        if instruction.name == "CMD":
            stage.own_cmd = True
        if instruction.name == "ENTRYPOINT" and not stage.own_cmd:
            stage.config.pop("Cmd", None)  # the base's command was meant for the base's entry point
        key = key_of(stage.key, instruction.name, stage.config)
        cached, made = self._look_up(key)
        if not cached and instruction.name == "WORKDIR":
            files = stage.files(self.store)
            made = self._kept(copied(files, [Source("", Entry())], stage.config["WorkingDir"], Look()))
        self._finish(stage, number, instruction, key, cached, made, began)

    def _copy(self, stage: Stage, number: int, instruction: Instruction, began: float) -> None:
        sources = Sources(self, stage, instruction)
        found = sources.find()
        size = sum(entry.size for source in found for _, entry in [("", source.entry), *source.below])
        if size > MUCH:
            self.say(f"{self._step_of(stage, number, instruction).head}   reading {bytes_text(size)} …")
        facts = [[source.name, content_of([("", source.entry), *source.below])] for source in found]
        key = key_of(stage.key, instruction.name, facts, sources.destination, sources.chmod, sources.chown)
        cached, made = self._look_up(key)
        if not cached:
            files = stage.files(self.store)
            made = self._kept(copied(files, found, sources.destination, Look(sources.mode(), sources.owner(files))))
        self._finish(stage, number, instruction, key, cached, made, began)

    def _execute(self, stage: Stage, number: int, instruction: Instruction, began: float) -> None:
        if stage.from_scratch:
            raise instruction.error("nothing can run in scratch", "Begin with a base that has Python: FROM python:3.12")
        inside = [stage.args, stage.config.get("Env") or [], stage.config.get("WorkingDir") or "/"]
        heredocs = [heredoc.text for heredoc in instruction.heredocs]
        key = key_of(stage.key, instruction.text, heredocs, inside, list(sys.version_info[:2]))
        cached, made = self._look_up(key)
        output: list[str] = []
        if not cached:
            self.say(f"{self._step_of(stage, number, instruction).head}   running …")

            def heard(line: str) -> None:
                output.append(line)
                self.say(f"    {line}")

            runner = Runner((self.store.path(digest) for digest in stage.diff_ids), self.scratch)
            before = look(runner.root)
            runner.run(instruction, stage.config, stage.args, heard)
            layer = changed(runner.root, before, look(runner.root), stage.files(self.store))
            made = self._kept(layer)
            runner.close()
        self._finish(stage, number, instruction, key, cached, made, began, tuple(output))

    def _look_up(self, key: str) -> tuple[bool, Descriptor | None]:
        if not self.request.use_cache:
            return False, None
        return self.cache.get(key)

    def _kept(self, layer: Mapping[str, Entry]) -> Descriptor | None:
        """A layer in the store; None when nothing was changed."""
        return self.store.put_stream(tar(layer), LAYER) if layer else None

    def _finish(
        self,
        stage: Stage,
        number: int,
        instruction: Instruction,
        key: str,
        cached: bool,
        made: Descriptor | None,
        began: float,
        output: tuple[str, ...] = (),
    ) -> None:
        """Remember a step, and tell of it."""
        if not cached:
            self.cache.put(key, made)
        stage.key = key
        stage.note(instruction.text, made)
        self._tell(stage, number, instruction, cached=cached, began=began, layer=made, output=output)

    def _tell(
        self,
        stage: Stage,
        number: int,
        instruction: Instruction,
        *,
        cached: bool,
        began: float,
        layer: Descriptor | None = None,
        output: tuple[str, ...] = (),
    ) -> None:
        self._missed = self._missed or not cached
        step = replace(
            self._step_of(stage, number, instruction),
            cached=cached,
            seconds=time.perf_counter() - began,
            layer=layer.digest if layer else "",
            size=layer.size if layer else 0,
            output=output,
        )
        self.steps.append(step)
        self.say(step.line())

    def _step_of(self, stage: Stage, number: int, instruction: Instruction) -> Step:
        label = stage.plan.label if len(self.plans) > 1 else ""
        return Step(label, number, len(stage.plan.instructions), instruction.text)
