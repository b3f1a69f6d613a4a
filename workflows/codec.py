"""What workflows carry, encrypted: nobody who reads a history without a key learns a name."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec
from temporalio.exceptions import ApplicationError

ENCODING = b"binary/encrypted"


class EncryptingCodec(PayloadCodec):
    """Encrypts with the first of ``keys`` (Fernet's: 32 bytes in base64), decrypts with any: so keys can change.

    Payloads written before there was a key pass as they are. Search attributes and ids are not payloads.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ``ValueError`` if a key is none."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Each payload whole, metadata included, in one that says only that it is encrypted."""
        return [
            Payload(metadata={"encoding": ENCODING}, data=self._fernet.encrypt(payload.SerializeToString()))
            for payload in payloads
        ]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """The payloads as they were; raises ``ApplicationError`` if no key fits."""
        return [self._decoded(payload) for payload in payloads]

    def _decoded(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        try:
            return Payload.FromString(self._fernet.decrypt(payload.data))
        except InvalidToken:
            raise ApplicationError(
                "A payload was encrypted with a key that is not among JML_PAYLOAD_KEYS.", type="UnknownKey"
            ) from None
