"""``jml``: the platform from a terminal.

``up``, ``run``, ``migrate``, ``doctor``, ``logins``, ``policy check`` and ``audit verify FILE`` work by themselves;
``token`` asks the practice tenant; all others speak to the API.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.policy import Policy, PolicyError
from embedded.wire import Api, ApiError
from settings import Part, Settings, SettingsError, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Joiner, mover and leaver automation.")
audit = typer.Typer(no_args_is_help=True, help="The ledger.")
policy = typer.Typer(no_args_is_help=True, help="The rules in force.")
app.add_typer(audit, name="audit")
app.add_typer(policy, name="policy")

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False, soft_wrap=True)
WRONG_SETTING = 2
_MARKS = {"ok": ("ok", "green"), "look": ("--", "yellow"), "wrong": ("!!", "red")}
"""How a finding of the doctor begins, by its state."""

Role = Annotated[
    Literal["Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor"], typer.Argument(help="Whose sign-in")
]
Lifecycle = Annotated[str, typer.Argument(help="The lifecycle's id, e.g. leaver:1542A:leave")]
StepName = Annotated[str, typer.Argument(help="The step's name in the run sheet")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the ledger with your name")]
Once = Annotated[bool, typer.Option("--once", envvar="JML_ONCE", help="End after the table")]


@app.command()
def up() -> None:
    """Start the platform on this machine and keep it running until Ctrl-C."""
    from embedded.up import announce, serve

    raise typer.Exit(asyncio.run(serve(_settings(), _say, announce(out))))


@app.command()
def run(once: Once = False) -> None:
    """Start the platform and play the sample HR feed through it."""
    from embedded.play import play
    from embedded.up import serve

    raise typer.Exit(asyncio.run(serve(_settings(), _say, play(out, once=once))))


@app.command()
def migrate() -> None:
    """Bring the ledger's tables and Temporal's namespace up to date; the first thing a deployment runs."""
    from embedded.migrate import migrate as bring_up_to_date

    settings = _settings()
    try:
        asyncio.run(bring_up_to_date(settings, _say))
    except SettingsError as error:
        _wrong(error)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a finding")] = False) -> None:
    """Look at everything the platform needs and may do in the tenant, each with the commands that mend it.

    Exit status 1 if something needed is missing (!!); what is only worth a look (--) does not count.
    """
    from embedded.doctor import findings

    found = asyncio.run(findings(_settings("doctor")))
    for finding in found:
        if as_json:
            out.print(json.dumps(asdict(finding), ensure_ascii=False), markup=False)
        else:
            mark, colour = _MARKS[finding.state]
            out.print(Text(f"{mark}  ", colour) + Text("\n      ".join((str(finding), *finding.fix))))
    raise typer.Exit(1 if any(finding.state == "wrong" for finding in found) else 0)


@app.command()
def logins() -> None:
    """The practice tenant's logins, each with the one-time code of this moment; for the practice profile only."""
    from embedded.practice_login import one_time_code, practice_file

    table = Table("role", "user name", "password", "one-time code now")
    for login in practice_file(_practice())["logins"]:
        code = one_time_code(login["totp_secret"], time.time())
        table.add_row(login["role"] or "none", login["username"], login["password"], code)
    out.print(table)


@app.command()
def token(role: Role = "Iam.Admin") -> None:
    """Sign in as the practice login with this role and print the access token, for JML_TOKEN; it lasts an hour."""
    from embedded.practice_login import person_token

    out.print(asyncio.run(person_token(_practice(), role)), soft_wrap=True)


@app.command()
def show(lifecycle: Lifecycle) -> None:
    """Show a lifecycle and its run sheet."""
    _print(_ask(lambda api: api.get(f"/lifecycles/{lifecycle}")))


@app.command()
def retry(
    lifecycle: Lifecycle,
    reason: Reason,
    step: Annotated[str | None, typer.Option(help="Only this step; else all parked ones")] = None,
    corrected: Annotated[str | None, typer.Option("--input", help="Corrected input of the step, as JSON")] = None,
) -> None:
    """Begin what is parked anew."""
    body = {"step": step, "input": _json(corrected)}
    _command(lifecycle, "retry", reason, {name: value for name, value in body.items() if value is not None})


@app.command()
def skip(lifecycle: Lifecycle, step: StepName, reason: Reason) -> None:
    """Leave a parked or waiting step out."""
    _command(lifecycle, "skip", reason, {"step": step})


@app.command()
def cancel(
    lifecycle: Lifecycle,
    reason: Reason,
    mode: Annotated[Literal["stop", "restore", "contain"], typer.Option(help="How it ends")] = "stop",
) -> None:
    """End a lifecycle: as it is, with everything undone, or once the person is contained."""
    _command(lifecycle, "cancel", reason, {"mode": mode})


@audit.command()
def verify(
    file: Annotated[Path | None, typer.Argument(help="An export (jsonl) to verify by itself, without the API")] = None,
) -> None:
    """Recompute the ledger's chain, or an export's; exit status 1 if it does not hold."""
    answer = _ask(lambda api: api.get("/audit/verify")) if file is None else _verified(file)
    for problem in answer["problems"]:
        err.print(f"record {problem['record_id']} of {problem['lifecycle_id']}: {problem['problem']}")
    out.print(f"{answer['checked']} records checked: {'valid' if answer['valid'] else 'NOT VALID'}")
    raise typer.Exit(0 if answer["valid"] else 1)


@policy.command()
def check(file: Path) -> None:
    """Check a policy file for both profiles; every mistake is one line, and the exit status 1."""
    for profile in ("production", "practice"):
        try:
            rules = Policy.load(file, profile)
        except PolicyError as error:
            err.print(str(error))
            raise typer.Exit(1) from None
    out.print(f"{file}: fine, {len(rules.rules)} rules")


def _verified(file: Path) -> dict[str, Any]:
    from ledger.chain import verify_rows

    try:
        with file.open(encoding="utf-8") as lines:
            return asdict(verify_rows(json.loads(line) for line in lines if line.strip()))
    except (OSError, ValueError, LookupError, TypeError) as error:
        err.print(f"jml: {file}: cannot be read as an export in jsonl ({error!r})", markup=False)
        raise typer.Exit(1) from None


def _settings(part: Part | None = None) -> Settings:
    try:
        return load_settings(part)
    except SettingsError as error:
        _wrong(error)


def _practice() -> Settings:
    settings = _settings()
    if settings.profile != "practice":
        _wrong(SettingsError("JML_PROFILE: only the practice tenant's logins are known here; sign in at Entra ID"))
    if not settings.sandbox_file.exists():
        _wrong(SettingsError(f"JML_DATA_DIR={settings.data_dir}: there is no sandbox.json yet; run `jml up` once"))
    return settings


def _wrong(error: SettingsError) -> NoReturn:
    err.print(f"jml: {error}")
    raise typer.Exit(WRONG_SETTING)


def _say(line: str) -> None:
    (err if line.startswith("jml: ") else out).print(line, markup=False)


def _ask(question: Callable[[Api], Awaitable[Any]]) -> Any:
    url = _settings().api_url

    async def asked() -> Any:
        async with Api(url, os.environ.get("JML_TOKEN")) as api:
            return await question(api)

    try:
        return asyncio.run(asked())
    except ApiError as error:
        err.print(f"jml: {error}", markup=False)
        raise typer.Exit(1) from None


def _command(lifecycle: str, verb: str, reason: str, body: dict[str, Any]) -> None:
    _print(_ask(lambda api: api.post(f"/lifecycles/{lifecycle}/{verb}", {"reason": reason, **body})))


def _json(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"is no JSON: {error}", param_hint="--input") from None


def _print(lifecycle: dict[str, Any]) -> None:
    if not sys.stdout.isatty():
        out.print_json(data=lifecycle)
        return
    head = ("id", "kind", "status", "employee_id", "effective_at", "cut_at", "waiting_for")
    for name in head:
        if lifecycle.get(name):
            out.print(f"{name:13} {lifecycle[name]}", markup=False)
    table = Table("step", "leg", "state", "attempts", "trouble")
    for step in lifecycle["steps"]:
        trouble = ": ".join(str(step[key]) for key in ("cause", "last_error") if step.get(key))
        table.add_row(step["name"], step["leg"], step["state"], str(step["attempts"]), Text(trouble))
    out.print(table)


if __name__ == "__main__":
    app()
