"""The settings of the command run: those of keras_nst/settings/config.py, which other commands share."""

from keras_nst.command.command import BEGINS_AGAIN, Command
from keras_nst.run.request import OWN_FLAGS
from keras_nst.settings.config import Config

COMMAND = Command(
    "run",
    Config,
    (
        "--content=PICTURE --style=PICTURE [--flag=value ...]",
        "--flagfile=configs/starry.cfg",
        "--from_image=RESULT --follow",
        "--resume=FOLDER",
    ),
    "Makes a picture with the content of one and the style of another.",
    own_flags=OWN_FLAGS,
    interrupted=BEGINS_AGAIN,
    more_help=(
        "\nMost used: --size, --style_strength (how much style), --color (whose colors), --style_scale (how coarse),\n"
        "--output, --workdir. The others may stay as they are.\n"
    ),
    home="keras_nst.run.drive",
)
