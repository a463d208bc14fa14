"""The few file commands that Dockerfiles use in RUN, so that they are the same on every system.

Run as ``python tools.py NAME ARGUMENTS`` by a Python that has loaded `sitecustomize`.
"""

import glob
import os
import shutil
import sys
from collections.abc import Callable


def _split(arguments: list[str], known: str) -> tuple[set[str], list[str]]:
    """Options of one letter, and the rest."""
    options: set[str] = set()
    while arguments and arguments[0].startswith("-") and len(arguments[0]) > 1:
        word = arguments.pop(0)
        if word == "--":
            break
        if word.startswith("--") or set(word[1:]) - set(known):
            sys.exit(f"{word} is not known here; there is {', '.join('-' + letter for letter in known)}")
        options |= set(word[1:])
    return options, [name for word in arguments for name in (sorted(glob.glob(word)) or [word])]


def mkdir(arguments: list[str]) -> None:
    """``mkdir [-p] FOLDER…``."""
    options, names = _split(arguments, "p")
    for name in names:
        if "p" in options:
            os.makedirs(name, exist_ok=True)
        else:
            os.mkdir(name)


def rm(arguments: list[str]) -> None:
    """``rm [-r] [-f] NAME…``."""
    options, names = _split(arguments, "rfR")
    for name in names:
        if os.path.isdir(name) and not os.path.islink(name):
            if not options & {"r", "R"}:
                sys.exit(f"rm: {name} is a folder; use rm -r")
            shutil.rmtree(name)
        elif os.path.lexists(name):
            os.unlink(name)
        elif "f" not in options:
            sys.exit(f"rm: {name} is not there")


def cp(arguments: list[str]) -> None:
    """``cp [-r] SOURCE… TO``."""
    options, names = _split(arguments, "raR")
    *sources, to = names
    for source in sources:
        if os.path.isdir(source):
            if not options:
                sys.exit(f"cp: {source} is a folder; use cp -r")
            place = os.path.join(to, os.path.basename(source.rstrip("/"))) if os.path.isdir(to) else to
            shutil.copytree(source, place, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy(source, to)


def mv(arguments: list[str]) -> None:
    """``mv SOURCE… TO``."""
    _, names = _split(arguments, "f")
    *sources, to = names
    for source in sources:
        shutil.move(source, to)


def touch(arguments: list[str]) -> None:
    """``touch FILE…``."""
    for name in _split(arguments, "")[1]:
        with open(name, "ab"):
            os.utime(name)


def chmod(arguments: list[str]) -> None:
    """``chmod [-R] MODE NAME…``; MODE is a number, or ``+x``."""
    options, names = _split(arguments, "R")
    text = names.pop(0)
    if text not in ("+x", "a+x") and not (text.isdigit() and not set(text) - set("01234567")):
        sys.exit(f"chmod: {text} is not known here; write a number, as in chmod 755, or +x")
    for name in names:
        below = [os.path.join(at, each) for at, dirs, files in os.walk(name) for each in (*dirs, *files)]
        for each in [name, *(below if options else [])]:
            os.chmod(each, os.stat(each).st_mode & 0o777 | 0o111 if "x" in text else int(text, 8))


def ln(arguments: list[str]) -> None:
    """``ln -s TARGET NAME``."""
    options, names = _split(arguments, "sf")
    if "s" not in options:
        sys.exit("ln: only ln -s is known here")
    target, name = names
    if "f" in options and os.path.lexists(name):
        os.unlink(name)
    os.symlink(target, name)


def echo(arguments: list[str]) -> None:
    """``echo TEXT…``."""
    print(*arguments)


def cat(arguments: list[str]) -> None:
    """``cat FILE…``."""
    for name in _split(arguments, "")[1]:
        with open(name, encoding="utf-8") as file:
            print(file.read(), end="")


def ls(arguments: list[str]) -> None:
    """``ls [-a] [-l] [FOLDER…]``."""
    _, names = _split(arguments, "al1R")
    for name in names or ["."]:
        print(*(sorted(os.listdir(name)) if os.path.isdir(name) else [name]), sep="\n")


TOOLS: dict[str, Callable[[list[str]], None]] = {
    tool.__name__: tool for tool in (cat, chmod, cp, echo, ln, ls, mkdir, mv, rm, touch)
}

if __name__ == "__main__":
    try:
        TOOLS[sys.argv[1]](sys.argv[2:])
    except (OSError, ValueError) as error:
        sys.exit(f"{sys.argv[1]}: {error}")
