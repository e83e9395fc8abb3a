"""A command with verbs beside its files."""

from __future__ import annotations

import click
from click.testing import CliRunner

from crawlgate.cli.main import cli
from crawlgate.cli.verbs import Itself, WithVerbs


@click.command("look", cls=Itself)
@click.argument("files", nargs=-1, required=True)
@click.option("--far", is_flag=True)
def _look(files: tuple[str, ...], far: bool) -> None:
    """Look at files."""
    click.echo(f"{files} {far}")


look = WithVerbs(_look)


@look.command()
@click.argument("place")
def again(place: str) -> None:
    """Look once more."""
    click.echo(f"again {place}")


def said(*arguments: str, code: int = 0) -> str:
    ran = CliRunner().invoke(look, arguments, prog_name="look")
    assert ran.exit_code == code, ran.output
    return ran.output


def test_the_first_word_is_a_verb_or_a_file() -> None:
    assert said("again", "there") == "again there\n"
    assert said("a.csv", "again", "--far") == "('a.csv', 'again') True\n"
    assert said("--far", "./again") == "('./again',) True\n"


def test_help_tells_of_both() -> None:
    told = said("--help")
    assert "Usage: look [OPTIONS] FILES..." in told
    assert "again  Look once more." in told
    assert "Usage: look again [OPTIONS] PLACE" in said("again", "--help")
    assert "Usage: look [OPTIONS] FILES..." in said(code=2)


def test_the_commands_of_the_program_name_it_as_before() -> None:
    told = CliRunner().invoke(cli, ["audit", "--help"], prog_name="crawlgate").output
    assert "Usage: crawlgate audit [OPTIONS] FILES..." in told
    assert "Judge every row" in CliRunner().invoke(cli, ["--help"]).output
