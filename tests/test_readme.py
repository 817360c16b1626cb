"""The shell output in the README and the docs is what the shell prints."""

import re

import pytest

from conftest import ROOT

BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# These print times, or install something; the rest must match exactly.
NOT_COMPARED = ("pip", "python", "git", "convcost verify")


def shown():
    """Yield every command that a page shows, with the output that it shows for it."""
    for page in PAGES:
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                line, _, output = command.partition("\n")
                if not line.startswith(NOT_COMPARED):
                    yield pytest.param(line, output.rstrip(), id=f"{page.name}: {line}")


@pytest.mark.parametrize(("line", "output"), list(shown()))
def test_shell_examples(line, output, run):
    program, *words = line.split()
    assert program == "convcost"
    code, out, _ = run(*words)
    assert code == 0
    assert [line.rstrip() for line in out.rstrip().splitlines()] == [
        line.rstrip() for line in output.splitlines()
    ]


def test_there_are_shell_examples():
    assert len(list(shown())) >= 2


def test_the_readme_shows_both_commands():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    first, second, *_ = re.findall(r"^(pip install .*)$", readme, flags=re.MULTILINE)
    assert first.endswith("&& convcost verify")
    assert second.endswith("&& pytest")
    for command in (first, second):
        assert f"\n{command}\n" in script
