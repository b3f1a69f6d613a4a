"""``python -m sandbox``: start the practice tenant; SIGINT and SIGTERM end it."""

import gc
import logging
import os
import socket
import sys
from pathlib import Path

import uvicorn

from sandbox import app, document, tls
from sandbox.seed import seed
from sandbox.settings import Environment
from sandbox.store import Store

log = logging.getLogger("sandbox")


def main() -> int:
    """Bind first (a taken port is one clear line), then seed once, write ``sandbox.json`` and serve."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s", stream=sys.stdout
    )
    log.setLevel(logging.INFO)
    try:
        environment = Environment.read()
        _prepare(environment.data_dir)
        listener = _listen(environment)
    except (OSError, ValueError) as error:
        log.error("the practice tenant cannot start: %s", error)
        return 1
    _serve(environment, listener)
    return 0


def _prepare(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"JML_DATA_DIR={data_dir}: {error.strerror}") from error
    if not os.access(data_dir, os.W_OK):
        raise OSError(f"JML_DATA_DIR={data_dir}: cannot be written to")


def _listen(environment: Environment) -> socket.socket:
    """Named as TCP in full: only then does asyncio switch Nagle's algorithm off, which costs 40 ms an answer."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((environment.host, environment.port))
    except OSError as error:
        raise OSError(f"JML_SANDBOX_PORT={environment.port} on {environment.host}: {error.strerror}") from error
    listener.listen(512)
    return listener


def _serve(environment: Environment, listener: socket.socket) -> None:
    files = tls.prepare(environment.data_dir)
    gc.disable()
    store = Store(environment.data_dir / "sandbox.db")

    def fill() -> None:
        store.clear()
        seed(store, environment.data_dir, environment.people, environment.redirect_uris, environment.company_seed)

    if not store.all("users"):
        fill()
    _settle_memory()
    base_url = f"https://localhost:{listener.getsockname()[1]}"
    document.write(store, environment.data_dir, base_url, files.authority, environment.redirect_uris[0])
    log.info("practice tenant at %s, data in %s", base_url, environment.data_dir)
    config = uvicorn.Config(
        app.build(store, fill),
        ssl_certfile=str(files.server),
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=60,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _settle_memory() -> None:
    """The company stays as long as the process: taking it out of every collection keeps these short."""
    gc.enable()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
