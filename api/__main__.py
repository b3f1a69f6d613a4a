"""``python -m api``: serve (on the loopback address unless ``JML_BIND`` says otherwise) until told to stop."""

import logging
import socket
import sys

import uvicorn

from api.app import create_app
from domain.policy import PolicyError
from settings import Settings, SettingsError, load_settings

GOODBYE_SECONDS = 10


def main() -> None:
    """Serve; what is wrong with the settings, or a taken port, is one line naming the variable."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("httpx", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        settings = load_settings("api")
        app, listener = create_app(settings), _listen(settings)
    except (SettingsError, PolicyError, ValueError) as error:
        sys.exit(str(error))
    # No proxy headers: who sits on this machine could choose their address, and with it their limit.
    config = uvicorn.Config(
        app,
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _listen(settings: Settings) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's delay off.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.bind, settings.api_port))
    except OSError as error:
        raise SettingsError(f"JML_API_PORT={settings.api_port}: {error.strerror}") from None
    return listener


if __name__ == "__main__":
    main()
