"""Counts names of one word, types defined twice, loose modules, and retired words.

    python .ci/count_names.py [REVISION ...]      # HEAD, if none is named

A row for each count, a column for each revision, as a table in Markdown.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from check_words import EXEMPT, ROOT, SUFFIXES, find_words, read_words

ONE_WORD_ALLOWED = {"main", "run"}
SIDES = ("core", "edge", "train", "convert")

Files = Mapping[str, str]
"""Text by path."""


def read_files(revision: str) -> Files:
    """The text files of a revision."""
    listed = _git("ls-tree", "-r", "--name-only", revision).split("\n")
    wanted = [name for name in listed if PurePosixPath(name).suffix in SUFFIXES]
    return {name: _git("show", f"{revision}:{name}") for name in wanted}


def _git(*words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def program_trees(files: Files) -> list[ast.Module]:
    """The syntax trees of the package's own modules, without tests and benchmarks."""
    return [
        ast.parse(text)
        for name, text in files.items()
        if name.endswith(".py") and name.split("/")[0] in SIDES
    ]


def functions(files: Files) -> list[str]:
    """Names of functions and methods, without properties, dunder methods and local functions."""
    found = []
    for tree in program_trees(files):
        for owner in (tree, *(one for one in tree.body if isinstance(one, ast.ClassDef))):
            found += [
                one.name
                for one in owner.body
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
                and not one.name.startswith("__")
                and not any(_is_property(decorator) for decorator in one.decorator_list)
            ]
    return found


def _is_property(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).split(".")[-1] in ("property", "cached_property", "setter")


def one_word_functions(files: Files) -> int:
    bare = [name.strip("_") for name in functions(files)]
    return sum("_" not in name and name not in ONE_WORD_ALLOWED for name in bare)


def types_defined_twice(files: Files) -> int:
    """Names of public classes that more than one module defines."""
    names = Counter(
        one.name
        for tree in program_trees(files)
        for one in tree.body
        if isinstance(one, ast.ClassDef) and not one.name.startswith("_")
    )
    return sum(count > 1 for count in names.values())


def loose_modules(files: Files) -> int:
    """Modules that lie next to the folders of `edge/`."""
    return sum(
        bool(re.fullmatch(r"edge/\w+\.py", name)) and name != "edge/__init__.py" for name in files
    )


def retired_words(files: Files) -> int:
    words = read_words()
    return sum(
        1
        for name, text in files.items()
        if name not in EXEMPT
        for _ in find_words(name, text, words)
    )


COUNTS: Mapping[str, Callable[[Files], int | str]] = {
    "functions and methods": lambda files: len(functions(files)),
    "of them named by one word": one_word_functions,
    "letters per function name": lambda files: (
        f"{sum(map(len, functions(files))) / len(functions(files)):.1f}"
    ),
    "names of types defined twice or more": types_defined_twice,
    "loose modules in edge/": loose_modules,
    "retired words": retired_words,
}


def main() -> None:
    revisions = sys.argv[1:] or ["HEAD"]
    columns = [read_files(one) for one in revisions]
    print("| count |", " | ".join(revisions), "|")
    print("|---" * (1 + len(revisions)) + "|")
    for name, count in COUNTS.items():
        print(f"| {name} |", " | ".join(str(count(files)) for files in columns), "|")


if __name__ == "__main__":
    main()
