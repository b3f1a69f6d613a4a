"""Standard Webhooks (standardwebhooks.com): a signature over the raw body in place of a token."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from api.errors import unauthorized, unfit
from api.routes import Role
from api.visit import Caller
from domain.events import EventId

HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
ACTOR = "webhook"

_EVENT_ID = TypeAdapter[str](EventId)


class Signatures:
    """Verifies signatures with any of several secrets, so that one can be replaced while both are in use."""

    def __init__(self, secrets: Sequence[str]) -> None:
        try:
            self._webhooks = [Webhook(secret) for secret in secrets]
        except (ValueError, RuntimeError, EmptyWebhookSecretError) as error:
            raise ValueError("JML_WEBHOOK_SECRETS: each one must be `whsec_` and base64") from error

    def caller(self, headers: Mapping[str, str], body: bytes, address: str) -> Caller:
        """Who signed this; raises a 401 problem. A timestamp more than five minutes off counts as replayed."""
        failure: Exception | None = None
        for webhook in self._webhooks:
            try:
                webhook.verify(body, dict(headers), json_parse=False)
            except (WebhookVerificationError, ValueError) as error:
                failure = error
            else:
                return Caller(f"{ACTOR}:{address}", ACTOR, frozenset({Role.SUBMIT}), _event_id(headers["webhook-id"]))
        if "timestamp" in str(failure):
            raise unauthorized("signature-replayed", "The signature's timestamp is not of the last five minutes.")
        raise unauthorized("signature-wrong", "The webhook signature does not fit this body with any known secret.")


def _event_id(webhook_id: str) -> str:
    try:
        return _EVENT_ID.validate_python(webhook_id)
    except ValidationError:
        raise unfit("webhook-id", "is the event's id: 1 to 128 of A-Z a-z 0-9 _ . : -") from None
