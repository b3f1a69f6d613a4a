"""The grants that stand for a signed-in person: authorization code, refresh token, device code, on behalf of."""

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.entra_answers import answer, asked_for
from sandbox.entra_clients import Client, must_prove, refuse, required
from sandbox.exchange import Exchange
from sandbox.signin_log import note
from sandbox.store import Doc

POLL_S = 5
"""How long a device is asked to wait between two polls."""


# -- authorization code ------------------------------------------------------------------------------------------------


def authorization_code(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """``grant_type=authorization_code``: one use within ten minutes."""
    value, redirect = required(sent, form, "code"), required(sent, form, "redirect_uri")
    code = sent.store.get("codes", value)
    if code is None or code["client_id"] != client.app_id:
        refuse(sent, 70000, "invalid_grant", "Provided grant is invalid or malformed.")
    if code["used"]:
        text = (
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an "
            "existing refresh token."
        )
        refuse(sent, 54005, "invalid_grant", text)
    if code["expires"] < sent.store.now().timestamp():
        text = (
            "The provided authorization code or refresh token has expired due to inactivity. Send a new "
            "interactive authorization request for this user and resource."
        )
        refuse(sent, 70008, "invalid_grant", text)
    if redirect != code["redirect_uri"]:
        text = (
            f"The reply address '{redirect}' does not match the reply address '{code['redirect_uri']}' provided "
            "when requesting Authorization code."
        )
        refuse(sent, 500112, "invalid_grant", text)
    _check_client_type(sent, client, code.get("client_type", "web"))
    if not _proves(code, form.get("code_verifier")):
        text = "The Code_Verifier does not match the code_challenge supplied in the authorization request."
        refuse(sent, 501481, "invalid_grant", text)
    sent.store.change("codes", value, used=True)
    return answer(sent, client, code, asked_for(sent, form, code))


def _check_client_type(sent: Exchange, client: Client, kind: str) -> None:
    """A web redirect needs a secret, a public client must have none, a single-page app calls across origins."""
    proves_nothing = client.method == "0"
    if proves_nothing and (kind == "web" or (kind == "device" and not _public(client))):
        must_prove(sent)
    if kind == "public" and client.method != "0":
        text = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
        refuse(sent, 700025, "invalid_client", text)
    if kind == "spa" and "origin" not in sent.headers:
        text = (
            "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin "
            "requests."
        )
        refuse(sent, 9002327, "invalid_request", text)


def _public(client: Client) -> bool:
    return bool(client.application.get("isFallbackPublicClient"))


def _proves(code: Doc, verifier: str | None) -> bool:
    """RFC 7636, section 4.6; a code asked for without a challenge needs no verifier."""
    challenge = code["challenge"]
    if challenge is None:
        return verifier is None
    if verifier is None:
        return False
    if code["challenge_method"] == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(verifier.encode(), challenge.encode())


# -- refresh token -----------------------------------------------------------------------------------------------------


def refresh_token(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """``grant_type=refresh_token``: a new one each time; disabling, revoking and a new password end all of them."""
    value = required(sent, form, "refresh_token")
    held = sent.store.get("refresh_tokens", value)
    if held is None or held["client_id"] != client.app_id:
        refuse(sent, 9002313, "invalid_grant", "Invalid request. Request is malformed or invalid.")
    if held["expires"] < sent.store.now().timestamp():
        text = (
            "The provided authorization code or refresh token has expired due to inactivity. Send a new "
            "interactive authorization request for this user and resource."
        )
        refuse(sent, 70008, "invalid_grant", text)
    _check_client_type(sent, client, held.get("client_type", "web"))
    body = answer(sent, client, held, asked_for(sent, form, held))
    note(sent, client, sent.store.get("users", held["_user"]) or {}, 0, interactive=False)
    return body


# -- device code -------------------------------------------------------------------------------------------------------


def device_code(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """``grant_type=urn:…:device_code`` (RFC 8628, section 3.4): pending until the person has signed in elsewhere."""
    device = sent.store.get("device_codes", required(sent, form, "device_code"))
    if client.method == "0" and not _public(client):
        must_prove(sent)
    if device is None or device["client_id"] != client.app_id:
        text = "The provided value for the input parameter 'device_code' is not valid."
        refuse(sent, 70018, "bad_verification_code", text)
    if device["state"] == "used":
        text = (
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an "
            "existing refresh token."
        )
        refuse(sent, 54005, "invalid_grant", text)
    if device["expires"] < sent.store.now().timestamp():
        text = "The provided value for the input parameter 'device_code' is not valid. This device code has expired."
        refuse(sent, 70020, "expired_token", text)
    if device["state"] == "declined":
        refuse(sent, 65004, "authorization_declined", "User declined to consent to access the app.")
    if device["state"] == "pending":
        _pending(sent, device)
    sent.store.change("device_codes", device["id"], state="used")
    return answer(sent, client, device["grant"], asked_for(sent, form, device))


def _pending(sent: Exchange, device: Doc) -> None:
    """Who keeps asking faster than the interval is told to slow down."""
    now = time.time()
    hasty = device["hasty"] + 1 if now - device["polled"] < POLL_S / 2 else 0
    sent.store.change("device_codes", device["id"], polled=now, hasty=hasty)
    if hasty > 2:
        text = f"The client polls too often. Wait {POLL_S} seconds longer between requests."
        refuse(sent, 70016, "slow_down", text)
    text = "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
    refuse(sent, 70016, "authorization_pending", text)


# -- on behalf of ------------------------------------------------------------------------------------------------------


def on_behalf_of(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """``grant_type=urn:…:jwt-bearer``: an API exchanges a person's token for itself for one of another resource."""
    assertion = required(sent, form, "assertion")
    if required(sent, form, "requested_token_use") != "on_behalf_of":
        refuse(sent, 90027, "invalid_request", "The 'requested_token_use' must be 'on_behalf_of'.")
    if client.method == "0":
        must_prove(sent)
    claims = sent.pipeline.tokens.read(assertion)
    if claims is None:
        text = "Assertion failed signature validation. [Reason - The key was not found.]"
        refuse(sent, 50013, "invalid_grant", text)
    _check_assertion(sent, client, claims)
    known = sent.store.get("grants", str(claims.get("sid")))
    begun = datetime.fromtimestamp(claims.get("iat", 0), UTC).isoformat()
    unknown = {"sid": str(claims.get("sid")), "amr": ["pwd"], "auth_time": claims.get("iat", 0), "issued": begun}
    grant = {**(known or unknown), "_user": claims["oid"], "scope": form.get("scope", ""), "client_type": "web"}
    return answer(sent, client, grant, asked_for(sent, form, grant))


def _check_assertion(sent: Exchange, client: Client, claims: Doc) -> None:
    if float(claims.get("exp", 0)) < time.time():
        text = (
            "Assertion is not within its valid time range. Ensure that the access token is not expired before "
            "using it for user assertion, or request a new token."
        )
        refuse(sent, 500133, "invalid_grant", text)
    names = {client.app_id, f"api://{client.app_id}", *(client.application.get("identifierUris") or ())}
    if str(claims.get("aud")).rstrip("/") not in names:
        text = (
            f"Assertion audience does not match the Client app presenting the assertion. The audience in the assertion "
            f"was '{claims.get('aud')}' and the expected audience is '{client.app_id}' or one of the Application Uris "
            f"of this application with App ID '{client.app_id}'({client.name})."
        )
        refuse(sent, 500131, "invalid_grant", text)
    if not claims.get("scp"):
        text = f"Application '{client.app_id}' is not allowed to make application on-behalf-of calls."
        refuse(sent, 7000114, "invalid_grant", text)
