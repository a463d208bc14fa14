"""The commands on images: ``python -m lab_cloud build | images | history | save | load | tag | push | pull | rmi``."""

import argparse
import sys
from pathlib import Path
from typing import Any

from .control import IMAGES
from .errors import CloudError
from .working import for_programs, say, table, tell, work


def add(commands: Any) -> None:
    """Add the commands to the parser of `lab_cloud.__main__`.

    Parameters
    ----------
    commands : argparse sub-parsers
        Where they are added.
    """
    build = commands.add_parser("build", help="build an image from a Dockerfile, without a Docker engine")
    build.add_argument("folder", help="the build context: the folder with the Dockerfile and the files that it copies")
    build.add_argument("-t", "--tag", action="append", default=[], help="a name for the image, for example web:1")
    build.add_argument("-f", "--file", help="the Dockerfile (default: FOLDER/Dockerfile)")
    build.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="a value for an ARG")
    build.add_argument("--target", help="the stage to build (default: the last one)")
    build.add_argument("--no-cache", action="store_true", help="carry out every step again")
    for_programs(build).set_defaults(run=_build)
    for_programs(commands.add_parser("images", help="list the images that are here")).set_defaults(run=_images)
    history = commands.add_parser("history", help="say how an image was made, layer by layer")
    history.add_argument("image", help="its name, or the beginning of its digest")
    for_programs(history).set_defaults(run=_history)
    tag = commands.add_parser("tag", help="give an image another name")
    tag.add_argument("image", help="its name, or the beginning of its digest")
    tag.add_argument("name", help="the new name, for example web:2")
    for_programs(tag).set_defaults(run=_tag)
    save = commands.add_parser("save", help="write images to a .tar file, or to a folder as an OCI image layout")
    save.add_argument("image", nargs="+", help="its name, or the beginning of its digest")
    save.add_argument("-o", "--output", required=True, help="a file that ends with .tar, or a folder that is not there")
    for_programs(save).set_defaults(run=_save)
    load = commands.add_parser("load", help="take in what docker save, skopeo or this cloud has written")
    load.add_argument("-i", "--input", required=True, help="an archive, or the folder of an OCI image layout")
    load.add_argument("-t", "--tag", help="a name for the image, in place of the one that it brings")
    for_programs(load).set_defaults(run=_load)
    push = commands.add_parser("push", help="push an image to this cloud's registry")
    push.add_argument("image", help="its name there, for example 127.0.0.1:4566/web:1; see the command tag")
    for_programs(push).set_defaults(run=_push)
    pull = commands.add_parser("pull", help="bring an image here, from this cloud's registry or the course's images")
    pull.add_argument("image", help="its name")
    for_programs(pull).set_defaults(run=_pull)
    prune = commands.add_parser("prune", help="empty the build cache, and delete what no image needs")
    for_programs(prune).set_defaults(run=_prune)
    remove = commands.add_parser("rmi", help="take a name away from an image")
    remove.add_argument("image", help="the name")
    for_programs(remove).set_defaults(run=_remove)


def _build(options: argparse.Namespace) -> int:
    arguments = {}
    for word in options.build_arg:
        name, equals, value = word.partition("=")
        if not equals:
            raise CloudError(f"--build-arg {word} has no value.", f"Write --build-arg {name}=VALUE.")
        arguments[name] = value
    result = work(
        IMAGES,
        "build",
        say(options),
        folder=str(Path(options.folder).absolute()),
        dockerfile=str(Path(options.file).absolute()) if options.file else None,
        tags=options.tag,
        arguments=arguments,
        target=options.target,
        use_cache=not options.no_cache,
    )
    return tell(options, result)


def _images(options: argparse.Namespace) -> int:
    result = work(IMAGES, "list", say(options))
    if options.json:
        return tell(options, result)
    rows = [
        (
            image["name"],
            image["digest"][:19],
            size_text(image["size"]),
            str(len(image["layers"])),
            "yours" if image["mine"] else "the course's",
        )
        for image in result["images"]
    ]
    if not rows:
        print("No images yet. Build one: python -m lab_cloud build -t NAME FOLDER", file=sys.stderr)
        return 0
    table(("NAME", "DIGEST", "SIZE", "LAYERS", "FROM"), rows)
    return 0


def _history(options: argparse.Namespace) -> int:
    result = work(IMAGES, "history", say(options), image=options.image)
    if options.json:
        return tell(options, result)
    rows = [
        (step["layer"][:19] or "-", size_text(step["size"]) if step["layer"] else "-", step["created_by"])
        for step in result["steps"]
    ]
    table(("LAYER", "SIZE", "CREATED BY"), rows)
    return 0


def _tag(options: argparse.Namespace) -> int:
    result = work(IMAGES, "tag", say(options), image=options.image, name=options.name)
    return tell(options, result, f"{result['digest'][:19]} is now also {result['name']}.")


def _push(options: argparse.Namespace) -> int:
    return tell(options, work(IMAGES, "push", say(options), image=options.image))


def _pull(options: argparse.Namespace) -> int:
    result = work(IMAGES, "pull", say(options), image=options.image)
    return tell(options, result, f"{result['name']} is here.")


def _remove(options: argparse.Namespace) -> int:
    result = work(IMAGES, "rmi", say(options), image=options.image)
    freed = f" {size_text(result['freed'])} were freed." if result["freed"] else ""
    return tell(options, result, f"Removed {result['name']}.{freed}")


def _prune(options: argparse.Namespace) -> int:
    result = work(IMAGES, "prune", say(options))
    freed = size_text(result["freed"])
    return tell(options, result, f"The build cache of {result['steps']} steps is empty; {freed} were freed.")


def _save(options: argparse.Namespace) -> int:
    result = work(IMAGES, "save", say(options), images=options.image, path=str(Path(options.output).absolute()))
    lines = [f"Wrote {', '.join(result['names'])} to {options.output}, {size_text(result['size'])}."]
    lines += [
        f"Note: {base} is empty in this cloud, so no Python is in it. For `docker run`, build it with `docker build`."
        for base in result["empty_bases"]
    ]
    return tell(options, result, "\n".join(lines))


def _load(options: argparse.Namespace) -> int:
    result = work(IMAGES, "load", say(options), path=str(Path(options.input).absolute()), name=options.tag)
    return tell(options, result)


def size_text(size: int) -> str:
    """Bytes as people read them; 1 kB is 1000 bytes, as Docker counts."""
    from .runtime.build.steps import bytes_text

    return bytes_text(size)
