"""The settings of the command apply: those of keras_nst/settings/application.py, which other commands share."""

from keras_nst.command.command import Command
from keras_nst.settings.application import Application

COMMAND = Command(
    "apply",
    Application,
    ("--model=FOLDER --contents=PICTURES [--flag=value ...]",),
    "Paints photographs by a trained network, in one pass.",
    example="contents",
    short={"content": "contents", "workdir": "output"},  # as in other commands
    stopping="Stopping after this picture. Press Ctrl-C again to end immediately.",
    interrupted="Interrupted. Finished pictures are kept; the same command resumes.",
)
