"""`crawlgate`: the group of commands, and how every error becomes a message and an exit code."""

from __future__ import annotations

import sys

import click

from .. import __version__
from ..errors import ConfigError, FeedError, LedgerError, LedgerInvalid
from . import exits
from .attest import attest
from .audit import audit
from .audit_apply import apply as audit_apply
from .audit_apply import verify as audit_verify
from .audit_report import report as audit_report
from .blocklist import blocklist
from .check import check
from .config import config
from .corpus import corpus
from .demo import demo
from .explain import explain
from .inquire import inquire
from .inspect_site import inspect_site
from .judge import judge
from .ledger import ledger
from .ledger_bundle import bundle
from .ledger_export import export
from .ledger_index import evidence, reindex
from .ledger_keep import compress, merge
from .ledger_outside import outside
from .ledger_prove import checkpoint, keygen, prove
from .ledger_retention import delete, hold
from .notice import notice
from .proxy import proxy
from .register import register
from .report import report
from .review import review
from .serve import serve
from .signals import signals


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="crawlgate")
def cli() -> None:
    """The gate that every fetch for AI-training collection passes.

    Data goes to stdout, words for people to stderr.

    \b
    Exit codes: 0 ran, nothing denied or unknown; 1 findings at or above --fail-on;
    2 usage or configuration; 3 a ledger, feed or signature does not verify;
    4 some input could not be judged; 5 internal error.
    """


# One a line, so that two branches may add one each.
_COMMANDS = (
    attest,
    audit,
    blocklist,
    check,
    config,
    corpus,
    demo,
    explain,
    inquire,
    inspect_site,
    judge,
    ledger,
    notice,
    proxy,
    register,
    report,
    review,
    serve,
    signals,
)
for command in _COMMANDS:
    cli.add_command(command)
_LEDGER_COMMANDS = (
    bundle,
    checkpoint,
    compress,
    delete,
    evidence,
    export,
    hold,
    keygen,
    merge,
    outside,
    prove,
    reindex,
)
_AUDIT_COMMANDS = (audit_apply, audit_report, audit_verify)
for command in _AUDIT_COMMANDS:
    audit.add_command(command)
for command in _LEDGER_COMMANDS:
    ledger.add_command(command)


def main() -> None:
    """Run the command line. Never ends in a traceback for what a user wrote or a disk did."""
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.Abort:
        click.echo("interrupted", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = exits.USAGE
    except (LedgerInvalid, FeedError) as error:
        code = _say(error, exits.NOT_VERIFIED)
    except (ConfigError, LedgerError) as error:
        code = _say(error, exits.USAGE)
    except BrokenPipeError:
        sys.stderr.close()
        code = exits.OK
    except Exception as error:
        code = _say(f"internal error, please report it: {type(error).__name__}: {error}", exits.INTERNAL)
    sys.exit(code if isinstance(code, int) else exits.OK)


def _say(message: object, code: int) -> int:
    click.echo(f"crawlgate: {message}", err=True)
    return code
