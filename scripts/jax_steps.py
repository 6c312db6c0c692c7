"""Our steps, as lower_step.py wrote them, compiled and run by JAX's client. No TensorFlow here."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import ml_dtypes
import numpy as np
from jaxlib import _jax
from lowered import Folder

jax.config.update("jax_enable_x64", True)  # else Adam's count of steps, which is int64, becomes int32

Pictures = dict[str, np.ndarray]  # content, style and first: (1, h, w, 3)


class Way(NamedTuple):
    """How a program is run."""

    device: Any
    exact: bool  # products of float32, where a GPU would by itself take TF32
    aim_device: Any  # makes the aim where `device` cannot


class OurStep:
    """Our step of one objective, precision and size, from the same picture in each chunk.

    Args:
        told: what the folder tells of the programs.
    """

    def __init__(self, folder: Folder, told: dict[str, Any], pictures: Pictures, way: Way):
        self.told, self.device = told["step"], way.device
        self.aim = self._aim(folder, told["aim"], pictures, way)
        self.step = compiled(folder.text(self.told["file"], way.exact), way.device)
        known = [of for of in self.told["arguments"] if of["is"] not in ("count", "aim")]
        self.known = [jax.device_put(value_of(of, folder, pictures), way.device) for of in known]

    def take(self, count: int) -> float:
        """Takes so many steps; returns the loss before the last one.

        Raises:
            RuntimeError: it did not take them all.
        """
        while count > self.told["longest"]:
            self._chunk(self.told["longest"])
            count -= self.told["longest"]
        return self._chunk(count)

    def _chunk(self, count: int) -> float:
        given = [jax.device_put(np.int32(count), self.device), *self.aim, *self.known]
        outputs = jax.block_until_ready(run(self.step, given))
        taken, losses = int(outputs[self.told["taken"]]), np.asarray(outputs[self.told["losses"]])
        if taken != count:
            raise RuntimeError(f"Expected {count} steps. Received: {taken}, losses {losses[: taken + 1, 0]}")
        return float(losses[count - 1, 0])

    def _aim(self, folder: Folder, told: dict[str, Any], pictures: Pictures, way: Way) -> list[Any]:
        """Returns the leaves of the aim."""
        given = [value_of(of, folder, pictures) for of in told["arguments"]]
        text = folder.text(told["file"], way.exact)

        def made_by(device: Any) -> list[Any]:
            return jax.block_until_ready(run(compiled(text, device), [jax.device_put(of, device) for of in given]))

        try:
            leaves = made_by(way.device)
        except Exception:  # of any kind: only the steps are timed
            leaves = made_by(way.aim_device)
        return [jax.device_put(leaf, way.device) for leaf in leaves]


def cpu() -> Any:
    """Returns the processor as a device."""
    return jax.devices("cpu")[0]


def compiled(text: str, device: Any) -> Any:
    """Returns a program for a device."""
    return device.client.compile_and_load(text, _jax.DeviceList((device,)), _jax.CompileOptions())


def run(program: Any, arguments: Sequence[Any]) -> list[Any]:
    """Returns the outputs."""
    results = program.execute_sharded(list(arguments)).disassemble_into_single_device_arrays()
    return [of_one_device for (of_one_device,) in results]


def value_of(argument: dict[str, Any], folder: Folder, pictures: Pictures) -> np.ndarray:
    """Returns an argument that is known beforehand: a picture, weights, or one value everywhere."""
    name = argument["dtype"]
    dtype = np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)
    if argument["is"] in pictures:
        return pictures[argument["is"]].astype(dtype)
    if argument["is"] == "value":
        return np.full(argument["shape"], argument["value"], dtype)
    kernel, bias = folder.kernels[argument["layer"]]
    turned = kernel[::-1, ::-1].transpose(0, 1, 3, 2)
    return {"kernel": kernel, "bias": bias, "turned kernel": turned}[argument["is"]].astype(dtype)
