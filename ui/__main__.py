"""``python -m ui``: the console on localhost, port ``JML_UI_PORT``."""

import logging
import sys

import uvicorn

from settings import SettingsError, load_settings
from ui.app import create_app


def main() -> int:
    """Serve until SIGINT or SIGTERM; 2 if a setting is missing or wrong."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load_settings("ui")
    except SettingsError as wrong:
        sys.stdout.write(f"{wrong}\n")
        return 2
    app = create_app(settings)
    # What people look for stands in addresses, and so does not belong in the log.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # Addresses of the callback carry one-time codes, and Streamlit gives uvicorn's access log a handler of its own.
    logging.getLogger("uvicorn.access").disabled = True
    uvicorn.run(
        app,
        host=settings.bind,
        port=settings.ui_port,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
