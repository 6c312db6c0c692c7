"""TensorBoard within this process, which it ends with: no other Python, no command to be found."""

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from keras_nst.system.quiet import quiet_stderr

OPTIONS = {"host": "127.0.0.1", "samples_per_plugin": {"images": 100}, "reload_interval": 2.0}


shown: list[str] = []  # the addresses of those that this process has started


def show(folder: Path) -> str:
    """Starts TensorBoard, for those who sit at this machine, and returns what to tell of it."""
    from tensorboard import program

    board = program.TensorBoard()
    board.configure(logdir=str(folder), **OPTIONS)
    try:
        with quiet_stderr():  # it tells of itself what is of no use here
            shown.append(board.launch())
            return f"TensorBoard: {shown[-1]}"
    except (program.TensorBoardServerException, OSError) as error:
        return f"No TensorBoard: {error}"


def stay(tell: Callable[[str], None]) -> None:
    """Lets those who sit at a terminal look at TensorBoard, where one was started, until they press Ctrl-C."""
    if not (shown and sys.stdin and sys.stdin.isatty()):
        return
    tell("TensorBoard stays until Ctrl-C.")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return
