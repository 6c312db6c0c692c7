"""What is asked of a trained network: keras_nst/settings/application.py, which others take as well."""

from keras_nst.command.command import Command
from keras_nst.settings.application import Application

COMMAND = Command(
    "apply",
    Application,
    ("--model=FOLDER --contents=PICTURES [--flag=value ...]",),
    "Paints photographs by a trained network, in one pass.",
    example="contents",
    stopping="Stopping after this picture; once more ends at once.",
    interrupted="Interrupted: what is painted stays. The same command goes on.",
)
