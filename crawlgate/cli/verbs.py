"""A command that takes files, and has verbs beside: `crawlgate audit FILES...`, `crawlgate audit report ...`."""

from __future__ import annotations

from typing import Any

import click


class Itself(click.Command):
    """The command itself: it appears under the name of its group, and its help tells of the verbs."""

    verbs: click.Group

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if parent is not None:
            info_name, parent = parent.info_name, parent.parent
        return super().make_context(info_name, args, parent=parent, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        self.verbs.format_commands(ctx, formatter)


class WithVerbs(click.Group):
    """A group that is a command itself: what does not begin with one of its verbs goes to `itself`. A file that is
    called like a verb is written with its folder (`./report`)."""

    def __init__(self, itself: Itself, **attributes: Any) -> None:
        super().__init__(itself.name, help=itself.help, short_help=itself.short_help, **attributes)
        self.itself = itself
        itself.verbs = self

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments, led by the verb they are for."""
        return super().parse_args(ctx, args if args and args[0] in self.commands else ["", *args])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb; the command itself under no name."""
        return self.itself if cmd_name == "" else super().get_command(ctx, cmd_name)
