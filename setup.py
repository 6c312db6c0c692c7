"""Puts configs/, which stands at the top where people look for it, into the package that is installed."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class WithConfigs(build_py):
    """In a checkout that is installed editable they are found where they are."""

    def run(self) -> None:
        """Builds the package, and copies them."""
        super().run()
        if not self.editable_mode:
            shutil.copytree("configs", Path(self.build_lib, "keras_nst", "configs"), dirs_exist_ok=True)


setup(cmdclass={"build_py": WithConfigs})
