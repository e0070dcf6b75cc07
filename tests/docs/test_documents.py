"""Every command in the documents exists with its options, and every Python example runs."""

import re
import shlex
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/*.md")])
PROGRAMS = {
    "crackscan": "crackscan.edge.cli:crackscan",
    "crackscan-train": "crackscan.train.cli:crackscan_train",
    "crackscan-convert": "crackscan.convert.cli:crackscan_convert",
}
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:crackscan|crackscan-train|crackscan-convert) [^`]+)`")
PAST = {"CHANGELOG.md", "arm64.md"}
"""What was typed once, at an older version."""


def blocks(language: str) -> Iterator[tuple[str, str]]:
    for path in DOCUMENTS:
        for found, text in FENCE.findall(path.read_text()):
            if found == language:
                yield str(path.relative_to(ROOT)), text


def commands() -> list[tuple[str, str]]:
    """Each command of our three programs in a document, with the document's name."""
    found = [
        (name, line.split("#")[0].strip() if " #" in line else line.strip())
        for name, text in blocks("sh")
        for line in text.replace("\\\n", " ").splitlines()
    ]
    found += [
        (str(path.relative_to(ROOT)), command)
        for path in DOCUMENTS
        for command in INLINE.findall(path.read_text())
    ]
    kept = []
    for name, line in found:
        for part in re.split(r"&&|\|\||;|\|", line):
            words = part.strip().removeprefix("sudo ").removeprefix("python -m ")
            elided = "…" in words or "..." in words
            if words.split(" ")[0] in PROGRAMS and Path(name).name not in PAST and not elided:
                kept.append((name, words))
    return sorted(set(kept))


def resolved(words: list[str]) -> tuple[click.Command, click.Context, list[str]]:
    """The click command that the words name, down to its subcommand, and what is left of them."""
    module, attribute = PROGRAMS[words[0]].split(":")
    command: click.Command = getattr(import_module(module), attribute)
    context = click.Context(command, info_name=words[0])
    rest = words[1:]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        assert found is not None, f"there is no command {rest[0]}"
        command, rest = found, rest[1:]
        context = click.Context(command, info_name=command.name, parent=context)
    return command, context, rest


@pytest.mark.parametrize(("document", "line"), commands())
def test_a_command_of_the_documents_exists_with_its_options(document: str, line: str) -> None:
    command, context, rest = resolved(shlex.split(line))
    options = {
        name
        for parameter in command.get_params(context)
        for name in (*parameter.opts, *parameter.secondary_opts)
    } | {"--help", "-h", "--version"}
    used = {word.split("=")[0] for word in rest if word.startswith("-") and not _is_number(word)}
    assert used <= options, f"{document}: {line}"


def test_documents_name_commands() -> None:
    assert len(commands()) > 40
    assert {line.split()[0] for _, line in commands()} == set(PROGRAMS)


@pytest.mark.parametrize(("document", "text"), list(blocks("python")))
def test_a_python_example_of_the_documents_runs(
    document: str, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Examples find `wall.jpg` and `patch.jpg` in their folder, and `rgb`, a picture."""
    from crackscan.core.pictures import read_picture

    shutil.copy(ROOT / "samples/cracked-wall-below-tiles.jpg", tmp_path / "wall.jpg")
    shutil.copy(ROOT / "samples/cracked-patch-upright.jpg", tmp_path / "patch.jpg")
    monkeypatch.chdir(tmp_path)
    names = {"rgb": read_picture(tmp_path / "wall.jpg"), "__name__": document}
    exec(compile(text, document, "exec"), names)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_documents_lead_somewhere(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{path.name} links to {target}"
        if anchor and found.suffix == ".md":
            assert anchor in _anchors(found.read_text()), f"{path.name} links to {target}"


def _anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _is_number(word: str) -> bool:
    return bool(re.fullmatch(r"-\d+(\.\d+)?", word))
