"""How an application proves itself at the token endpoint: a secret, posted or by Basic, or a signed assertion."""

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn
from urllib.parse import parse_qs, parse_qsl, unquote_plus

from starlette.responses import Response

from sandbox.answers import NO_STORE, aadsts_error
from sandbox.entra_assertions import Assertion, BadAssertion, certificate_proof, federated_proof
from sandbox.entra_resources import service_principal
from sandbox.entra_tokens import unique
from sandbox.exchange import Exchange, Refused
from sandbox.store import Doc

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SHARED = frozenset({"common", "organizations", "consumers"})
"""Names that stand for "whichever tenant the person is of"."""
_DOMAINS = frozenset({"practice.example", "practice.onmicrosoft.com"})


@dataclass(frozen=True)
class Client:
    """An application that proved itself: ``method`` is 0 for none, 1 for a secret, 2 for a certificate."""

    application: Doc
    principal: Doc
    method: str

    @property
    def app_id(self) -> str:
        """The client id."""
        return str(self.application["appId"])

    @property
    def name(self) -> str:
        """What people call the application."""
        return str(self.application["displayName"])


def correlation(sent: Exchange) -> str | None:
    """The caller's ``client-request-id``: a header, or for MSAL for Node part of the query or the form."""
    if sent.client_request_id:
        return sent.client_request_id
    asked = parse_qs(sent.query).get("client-request-id") or form_of(sent).get("client-request-id", "").split()
    return asked[0] if asked else None


def form_of(sent: Exchange) -> dict[str, str]:
    """The fields of a form-encoded body."""
    return dict(parse_qsl(sent.body.decode(errors="replace"), keep_blank_values=True))


def refuse(sent: Exchange, code: int, error: str, text: str, **extra: object) -> NoReturn:
    """Answer with an AADSTS envelope."""
    answer = aadsts_error(sent.store.now(), code, error, text, correlation_id=correlation(sent), **extra)
    dress(sent, answer)
    raise Refused(answer)


def dress(sent: Exchange, answer: Response) -> Response:
    """The headers and cookies that every answer of the token endpoint has."""
    answer.headers.update(
        {
            **NO_STORE,
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "X-Content-Type-Options": "nosniff",
            "P3P": 'CP="DSP CUR OTPi IND OTRi ONL FIN"',
            "client-request-id": correlation(sent) or sent.request_id,
            "x-ms-request-id": sent.request_id,
            "x-ms-ests-server": "2.1.22000.1 - PRACTICE ProdSlices",
            "x-ms-srs": "1.P",
        }
    )
    month = 30 * 86400
    answer.set_cookie("fpc", unique(), month, path="/", secure=True, httponly=True, samesite="none")
    for name, value in (("x-ms-gateway-slice", "estsfd"), ("stsservicecookie", "estsfd")):
        answer.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="none")
    return answer


def required(sent: Exchange, form: Mapping[str, str], name: str) -> str:
    """A form field that must be there (AADSTS900144)."""
    value = form.get(name)
    if not value:
        refuse(sent, 900144, "invalid_request", f"The request body must contain the following parameter: '{name}'.")
    return value


def tenant_of(sent: Exchange, name: str) -> str:
    """The tenant's id for a path's first segment; an unknown one is AADSTS90002."""
    if name.lower() in SHARED | _DOMAINS or name.lower() == sent.pipeline.tenant_id:
        return sent.pipeline.tenant_id
    text = (
        f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into "
        "the correct "
        "cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for "
        "the tenant."
    )
    refuse(sent, 90002, "invalid_request", text)


def find(sent: Exchange, client_id: str) -> tuple[Doc, Doc]:
    """An application and its enabled principal, or the refusal that Entra gives."""
    application = registered(sent, client_id)
    principal = service_principal(sent.store, client_id)
    if application is None or principal is None:
        text = (
            f"Application with identifier '{client_id}' was not found in the directory 'Practice'. This can happen if "
            "the application has not been installed by the administrator of the tenant or consented to by any user in "
            "the tenant. You may have sent your authentication request to the wrong tenant."
        )
        refuse(sent, 700016, "unauthorized_client", text)
    if not principal["accountEnabled"]:
        text = f"Application '{client_id}'({principal['displayName']}) is disabled."
        refuse(sent, 7000112, "unauthorized_client", text)
    return application, principal


def registered(sent: Exchange, client_id: str) -> Doc | None:
    """An application of this tenant, or one of Microsoft's own that every tenant has."""
    found = sent.store.find("applications", "appId", client_id)
    return next(iter(found or sent.store.find("foreign_applications", "appId", client_id)), None)


def single_tenant(application: Doc, tenant_name: str) -> str | None:
    """Why an application may not use an address shared by all tenants; None if it may, or the address is its own."""
    if tenant_name.lower() not in SHARED or application.get("signInAudience", "AzureADMyOrg") != "AzureADMyOrg":
        return None
    return (
        f"Application '{application['appId']}'({application['displayName']}) is not configured as a multi-tenant "
        f"application. Usage of the /{tenant_name.lower()} endpoint is not supported for such apps created after "
        "'10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant."
    )


def authenticate(sent: Exchange, form: Mapping[str, str], tenant: str) -> Client:
    """The client of a token request; refusals as AADSTS errors. Who proves nothing is a public client (method 0)."""
    client_id, secret = _basic(sent) or (form.get("client_id", ""), form.get("client_secret"))
    if not client_id:
        required(sent, form, "client_id")
    sent.app_id = client_id
    application, principal = find(sent, client_id)
    if secret:
        sent.store.secret("client_secret", secret)
        _check_secret(sent, application, principal, secret)
        return Client(application, principal, "1")
    if assertion := form.get("client_assertion"):
        sent.store.secret("client_assertion", assertion)
        _check_assertion(sent, application, principal, form, tenant)
        return Client(application, principal, "2")
    return Client(application, principal, "0")


def must_prove(sent: Exchange) -> NoReturn:
    """Refuse a client that has shown neither secret nor assertion where one is needed."""
    text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    refuse(sent, 7000218, "invalid_client", text)


def _basic(sent: Exchange) -> tuple[str, str] | None:
    """RFC 6749, section 2.3.1: id and secret are form-encoded before they are joined."""
    scheme, _, value = sent.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        refuse(sent, 7000215, "invalid_client", "The Authorization header cannot be read.")
    return unquote_plus(name), unquote_plus(secret)


def _check_secret(sent: Exchange, application: Doc, principal: Doc, secret: str) -> None:
    """One of several secrets; each has its own life."""
    app_id = application["appId"]
    matching = [until for text, until in _secrets(application, principal) if same_secret(text, secret)]
    if not matching:
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{app_id}'."
        )
        refuse(sent, 7000215, "invalid_client", text)
    if all(until is not None and until <= sent.store.now() for until in matching):
        text = (
            f"The provided client secret keys for app '{app_id}' are expired. Visit the Azure portal to create new "
            "keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added "
            "security: https://aka.ms/certCreds."
        )
        refuse(sent, 7000222, "invalid_client", text)


def _secrets(*holders: Doc) -> Iterator[tuple[str, datetime | None]]:
    """The secrets of an application and its principal with their ends, which stand in ``passwordCredentials``."""
    for holder in holders:
        key_of = {value: key for key, value in (holder.get("_secret_of") or {}).items()}
        ends = {held["keyId"]: held.get("endDateTime") for held in holder.get("passwordCredentials") or ()}
        for value in holder.get("_secrets") or ():
            end = ends.get(key_of.get(value, ""))
            yield value, datetime.fromisoformat(end) if end else None


def same_secret(one: str, other: str) -> bool:
    """Are two secrets the same? Takes as long whether they are or not."""
    return hmac.compare_digest(one.encode(), other.encode())


def _check_assertion(sent: Exchange, application: Doc, principal: Doc, form: Mapping[str, str], tenant: str) -> None:
    """By a certificate's key, or by another identity provider that the application trusts."""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        required(sent, {}, "client_assertion_type")
    try:
        assertion = Assertion.parse(form["client_assertion"])
        if assertion.claims.get("iss") in (application["appId"], None):
            certificate_proof(sent, application, principal, assertion, tenant)
        else:
            federated_proof(sent, application, assertion)
    except BadAssertion as bad:
        refuse(sent, bad.code, "invalid_client", bad.text)
