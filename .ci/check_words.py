"""Refuses words that this repository no longer uses; .ci/retired_words.toml lists them.

    python .ci/check_words.py            # exit code 1 if an enforced word is found
    python .ci/check_words.py --all      # show also those that are counted only

Names, docstrings, comments, help, messages, pages and documents are read alike.
"""

import re
import subprocess
import sys
import tomllib
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORDS = Path(__file__).with_name("retired_words.toml")
SUFFIXES = {".py", ".md", ".html", ".js", ".css", ".sh", ".cfg", ".toml"}
EXEMPT = {"docs/glossary.md", "docs/arm64.md", ".ci/retired_words.toml", "tests/test_lint.py"}
"""Files that list the words, and a transcript of programs as they were."""


@dataclass(frozen=True)
class RetiredWord:
    """A word, or a turn of phrase, and what to say instead."""

    pattern: re.Pattern[str]
    say: str
    enforced: bool


@dataclass(frozen=True)
class Hit:
    """One place at which a retired word stands."""

    file: str
    line: int
    found: str
    word: RetiredWord

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.found!r}: say {self.word.say!r}"


def read_words(file: Path = WORDS) -> list[RetiredWord]:
    """The list. Between letters a word does not count, but `_` separates words of a name."""
    table = tomllib.loads(file.read_text("utf-8"))
    return [
        RetiredWord(
            re.compile(rf"(?<![^\W_])(?:{one['pattern']})(?![^\W_])", re.IGNORECASE),
            one["say"],
            one["enforced"],
        )
        for one in table["word"]
    ]


def tracked_files(root: Path = ROOT) -> list[str]:
    """Paths of the files that git knows and that are read, relative to the root."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z"], capture_output=True, text=True, check=True
    )
    return [
        name
        for name in listed.stdout.split("\0")
        if Path(name).suffix in SUFFIXES and name not in EXEMPT
    ]


def find_words(name: str, text: str, words: list[RetiredWord]) -> Iterator[Hit]:
    """The hits in one file; a phrase may go on in the next line, after a comment sign."""
    lines = [line.strip(" \t#*") for line in text.split("\n")]
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    joined = " ".join(lines)
    for word in words:
        for found in word.pattern.finditer(joined):
            yield Hit(name, bisect_right(starts, found.start()), found.group(), word)


def main() -> int:
    words = [one for one in read_words() if one.enforced or "--all" in sys.argv[1:]]
    hits = [
        hit
        for name in tracked_files()
        for hit in find_words(name, (ROOT / name).read_text("utf-8"), words)
    ]
    for hit in hits:
        print(hit)
    return 1 if any(hit.word.enforced for hit in hits) else 0


if __name__ == "__main__":
    sys.exit(main())
