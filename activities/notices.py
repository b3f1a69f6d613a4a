"""Messages to people. A message cannot be looked up once it is sent, so it is announced in the ledger first."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from activities.attempt import Attempt
from activities.failures import StepError
from activities.step import StepRunner, given, step
from connectors.graph import GraphClient
from connectors.tally import write_id
from domain.runsheet import Outcome, StepCall
from ledger import Entry


class Notices:
    """Activities ``notices.*``. ``sender`` and ``attention_to`` are the policy's, for notices without their own."""

    def __init__(
        self, graph: GraphClient, runner: StepRunner, *, sender: str = "", attention_to: Sequence[str] = ()
    ) -> None:
        self._graph = graph
        self._runner = runner
        self._sender = sender
        self._attention_to = list(attention_to)

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.send, self.attention]

    @step("notices.send")
    async def send(self, call: StepCall) -> Outcome:
        """Send a message: input ``to`` (addresses), ``subject``, ``text``, ``sender``; ``{upn}`` is filled in.

        A new account's name is not known yet when the notice is planned.
        """
        subject, text = (_filled(given(call, name), call) for name in ("subject", "text"))
        message = _message(given(call, "to"), subject, text)
        sender = call.input.get("sender") or self._sender
        return await self._runner.run(call, lambda: self._send_once(call, sender, message), settles=False)

    @step("notices.attention")
    async def attention(self, call: StepCall) -> Outcome:
        """Tell administrators of a parked step (input ``step cause error``) or of an event that could not be met."""
        recipients: list[str] = call.input.get("to") or self._attention_to
        message = _message(recipients, _subject(call), _text(call))
        sender = call.input.get("sender") or self._sender
        return await self._runner.run(call, lambda: self._send_once(call, sender, message), settles=False, listed=False)

    async def _send_once(self, call: StepCall, sender: str, message: dict[str, Any]) -> Outcome:
        recipients = len(message["toRecipients"])
        if not (recipients and sender):
            raise StepError("NoAddress", "There is nobody to write to, or no sender. Name them; then retry, or skip.")
        if not await asyncio.to_thread(self._announce, call, Attempt.of(call), recipients):
            return Outcome(evidence={"sent": "may have been sent", "recipients": recipients})
        await self._graph.send_mail(sender, message)
        return Outcome(evidence={"sent": True, "recipients": recipients}, grade="acknowledged")

    def _announce(self, call: StepCall, attempt: Attempt, recipients: int) -> bool:
        """A row before sending; False if an earlier attempt left one and never said that it sent nothing."""
        key = f"{call.key}/sending"
        if self._runner.ledger.record(key) is not None:
            return attempt.number > 1 and attempt.certain
        self._runner.ledger.append(
            Entry(
                key=key,
                kind="notice.sending",
                actor=call.actor,
                employee_id=call.employee_id,
                event_id=call.event_id,
                lifecycle_id=call.lifecycle_id,
                reason=call.reason,
                body={
                    "step": call.step,
                    "attempt": attempt.number,
                    "recipients": recipients,
                    "client_request_ids": [write_id(attempt.seed, 0)],
                },
            )
        )
        return True


def _message(to: Sequence[str], subject: str, text: str) -> dict[str, Any]:
    """A plain-text message as Graph's sendMail takes it (resource type ``message``)."""
    return {
        "subject": subject,
        "body": {"contentType": "Text", "content": text},
        "toRecipients": [{"emailAddress": {"address": address}} for address in to],
    }


def _filled(text: str, call: StepCall) -> str:
    return text.replace("{upn}", str(call.facts.get("upn") or call.employee_id))


def _subject(call: StepCall) -> str:
    about = call.input.get("step") or call.step
    return f"Needs attention: {about} for {call.employee_id}"


def _text(call: StepCall) -> str:
    lines = [f"Employee: {call.employee_id}", f"Event: {call.event_id}", f"Lifecycle: {call.lifecycle_id}"]
    lines += [f"{name.replace('_', ' ').capitalize()}: {value}" for name, value in call.input.items() if value]
    return "\n".join(lines)
