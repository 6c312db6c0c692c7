"""The folder that lower_step.py writes. No TensorFlow here."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from problem import Constants, Kernels


class Folder:
    """The programs, the network's weights and the constants of the objective."""

    def __init__(self, path: Path):
        self.path, told = path, json.loads((path / "programs.json").read_text(encoding="utf8"))
        self.programs: list[dict[str, Any]] = told["programs"]
        self.versions: dict[str, str] = told["versions"]
        self.constants = Constants(**told["constants"])
        self.kernels: Kernels = {}
        with np.load(path / "kernels.npz") as halves:
            for key in halves:  # of each layer the kernel first
                self.kernels.setdefault(key.split("/")[0], []).append(halves[key].astype(np.float32))

    def program(self, **asked: Any) -> dict[str, Any]:
        """Returns what is told of one objective, precision of the network, height and width."""
        for program in self.programs:
            if asked.items() <= program.items():
                return program
        raise ValueError(f"Expected {asked} in {self.path}. Received: none")

    def text(self, file: str, exact: bool) -> str:
        """Returns a program that leaves its arguments as they are, so that it can begin from them again.

        `exact`: with products of float32, where a GPU would by itself take TF32.
        """
        text = gzip.decompress((self.path / file).read_bytes()).decode()
        text = re.sub(r"mhlo\.input_output_alias = \[.*\], (?=mhlo\.is_dynamic)", "", text)
        # A GPU's client takes StableHLO alone, in which a copy is a conversion to the type that it has.
        text = re.sub(r"mhlo\.copy (%\S+ :)", r"stablehlo.convert \1", text)
        if not exact:
            return text
        of_convolution = "#stablehlo<precision {0}>, #stablehlo<precision {0}>"
        text = text.replace(of_convolution.format("DEFAULT"), of_convolution.format("HIGHEST"))
        return text.replace("precision = [DEFAULT, DEFAULT]", "precision = [HIGHEST, HIGHEST]")
