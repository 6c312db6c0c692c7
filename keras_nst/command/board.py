"""TensorBoard inside this process, which ends with it: it needs no other Python and no command on the path."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from keras_nst.system.quiet import quiet_stderr

OPTIONS = {"host": "127.0.0.1", "samples_per_plugin": {"images": 100}, "reload_interval": 2.0}


shown: list[str] = []  # the addresses of the servers that this process has started


def show(folder: Path) -> str:
    """Starts TensorBoard, for users of this machine, and returns a message with its address."""
    from tensorboard import program

    board = program.TensorBoard()
    board.configure(logdir=str(folder), **OPTIONS)
    try:
        with quiet_stderr():  # its own messages are of no use here
            shown.append(board.launch())
            return f"TensorBoard: {shown[-1]}"
    except (program.TensorBoardServerException, OSError) as error:
        return f"Could not start TensorBoard: {error}"


def stay(tell: Callable[[str], None]) -> None:
    """Keeps TensorBoard running, if one was started from a terminal, until the user presses Ctrl-C."""
    if not (shown and sys.stdin and sys.stdin.isatty()):
        return
    tell("TensorBoard stays open until you press Ctrl-C.")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
