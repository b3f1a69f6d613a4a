"""Payloads are unreadable without a key, and keys can be changed."""

import pytest
from cryptography.fernet import Fernet
from temporalio.api.common.v1 import Payload
from temporalio.exceptions import ApplicationError

from workflows.codec import EncryptingCodec

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"family_name": "Lovelace"}')


async def test_what_is_encoded_is_unreadable_and_comes_back_whole() -> None:
    codec = EncryptingCodec([NEW])

    (hidden,) = await codec.encode([PLAIN])

    assert b"Lovelace" not in hidden.SerializeToString()
    assert await codec.decode([hidden]) == [PLAIN]


async def test_what_an_older_key_encrypted_is_still_read() -> None:
    (hidden,) = await EncryptingCodec([OLD]).encode([PLAIN])

    assert await EncryptingCodec([NEW, OLD]).decode([hidden]) == [PLAIN]


async def test_what_was_never_encrypted_passes() -> None:
    assert await EncryptingCodec([NEW]).decode([PLAIN]) == [PLAIN]


async def test_a_missing_key_is_named() -> None:
    (hidden,) = await EncryptingCodec([OLD]).encode([PLAIN])

    with pytest.raises(ApplicationError, match="JML_PAYLOAD_KEYS"):
        await EncryptingCodec([NEW]).decode([hidden])
