"""All commands: python -m keras_nst COMMAND, or keras-nst COMMAND."""

import sys

from keras_nst.command.commands import main

if __name__ == "__main__":
    sys.exit(main())
