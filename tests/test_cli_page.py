"""The list of commands, and what the page of the command line says beside their own help."""

import re
from pathlib import Path

from click.testing import CliRunner

from convcost._cli import output
from convcost._cli.main import app

PAGE = (Path(__file__).parent.parent / "docs" / "cli.md").read_text(encoding="utf-8")


def test_the_list_of_commands_has_whole_sentences():
    shown = CliRunner().invoke(app, ["--help"], terminal_width=80).output
    _, _, listed = shown.partition("Commands:\n")
    assert "..." not in listed
    assert max(map(len, listed.splitlines())) <= 80
    text = " ".join(listed.split())
    for name, command in app.commands.items():
        sentence = " ".join(command.help.partition("\n\n")[0].split()).removesuffix(".")
        assert f"{name} {sentence}" in text
    assert [line.split()[0] for line in listed.splitlines() if line[2:3].strip()] == sorted(
        app.commands
    )


def test_the_page_has_all_commands_and_exit_codes():
    assert ".. click:: convcost._cli.main:app\n   :prog: convcost\n   :nested: full\n" in PAGE
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert codes == {
        *(0, output.DISAGREEMENT, output.USAGE_OR_ENVIRONMENT),
        *(output.INTERRUPTED, output.CLOSED_PIPE),
    }
