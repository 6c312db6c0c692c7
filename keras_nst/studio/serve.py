"""Opens the studio, and closes it on Ctrl-C."""

import asyncio
import os
import socket
import sys
import threading
import webbrowser
from typing import Any

from aiohttp import web

from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.studio.atelier import Atelier
from keras_nst.studio.guard import Pass
from keras_nst.studio.routes import application
from keras_nst.studio.settings import StudioConfig
from keras_nst.studio.studio import Studio
from keras_nst.system.pace import Stop

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for the current run to take its last step and be saved
# Seconds for which a refused request is still read and ignored, so that its sender gets the answer.
LINGERING = 3.0
LINE = 16_384  # bytes of a request's first line and of each header


def serve(config: StudioConfig, stop: Stop, tell: Tell) -> bool:
    """Serves the studio until `stop` is set; returns whether its painter's thread still runs.

    Raises:
        SettingError: the port or the folder cannot be used.
    """
    listening = listen(config.port)
    with listening:
        atelier = Atelier.open(config)
        with atelier.held:
            studio = Studio(atelier)
            asyncio.run(opened(studio, listening, stop, tell))
    return studio.painter.thread.is_alive()


async def opened(studio: Studio, listening: socket.socket, stop: Stop, tell: Tell) -> None:
    """Keeps the studio open until `stop` is set."""
    known = Pass.new(listening.getsockname()[1])
    limits: dict[str, Any] = {"lingering_time": LINGERING, "max_line_size": LINE, "max_field_size": LINE}
    runner = web.AppRunner(application(studio, known), access_log=None, **limits)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    studio.hub.loop = asyncio.get_running_loop()
    studio.painter.thread.start()
    tell(f"The studio is open: {known.address}")
    tell(f"Pictures: {studio.gallery.folder}. Ctrl-C closes the studio; the queue is kept.")
    if studio.atelier.config.browser and has_a_screen():
        threading.Thread(target=webbrowser.open, args=(known.address,), daemon=True).start()
    while not stop.is_set():
        await asyncio.sleep(0.2)
    await studio.hub.close()
    await runner.cleanup()
    await asyncio.to_thread(studio.painter.close, PATIENCE)


def listen(port: int) -> socket.socket:
    """Returns a socket that listens on this machine only.

    Raises:
        SettingError: the port is in use.
    """
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        expected = "Expected a port that is free, or 0 for any."
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise SettingError("port", port, f"{reason}. {expected}") from None


def has_a_screen() -> bool:
    """Returns whether there is a screen for a browser: a text browser would take over the terminal."""
    return sys.platform != "linux" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
