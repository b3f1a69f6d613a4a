"""How every process talks to Temporal: one plugin, one way to connect."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DefaultFailureConverterWithEncodedAttributes
from temporalio.envconfig import ClientConfig
from temporalio.plugin import SimplePlugin

from workflows.codec import EncryptingCodec


def jml_plugin(payload_keys: Sequence[str] = ()) -> SimplePlugin:
    """What API, worker, tests and replays share: pydantic payloads, encrypted when there are keys."""
    converter = pydantic_data_converter
    if payload_keys:
        converter = dataclasses.replace(
            converter,
            payload_codec=EncryptingCodec(payload_keys),
            failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
        )
    return SimplePlugin("jml", data_converter=converter)


async def connect(address: str, *, payload_keys: Sequence[str] = (), lazy: bool = False, **options: Any) -> Client:
    """A client of the cluster at ``address``; TLS, namespace and keys come from Temporal's own environment settings.

    ``lazy`` connects on the first call, so that a process can start while Temporal is away. Raises ``RuntimeError``
    (when connecting) or ``RPCError`` (when calling) if the cluster cannot be reached.
    """
    config = ClientConfig.load_client_connect_config()
    config["target_host"] = address
    return await Client.connect(**config, plugins=[jml_plugin(payload_keys)], lazy=lazy, **options)
