"""Write our compiled steps as programs that a machine without TensorFlow can run: see benchmark_gpu.py.

    python scripts/lower_step.py programs --sizes=512,1024,2048

For each objective, precision and size there are two programs, as StableHLO: one makes the aim of two pictures, one
takes many steps towards it. `programs.json` tells what their arguments are; `kernels.npz` has the network's weights.
Nothing is computed here but the style's aim of w2 at a small size, which shows how many columns its root has.
"""

import argparse
import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest import mock

import measuring
import numpy as np
from problem import DECAYING, PLAIN

from keras_nst.core.plan.pyramid import Scale, Size
from keras_nst.session import machine
from keras_nst.session.session import load_features
from keras_nst.settings.config import Config, Resolved

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

OBJECTIVES: dict[str, dict[str, Any]] = {"plain": PLAIN, "default": {}}
LARGEST = 512  # pixels a side, of the style's aim that is computed here
HOW = {"device": "cpu", "xla": "on", "evaluator": "whole", "convolution": "direct"}
NUMPY_NAMES = {"f32": "float32", "bf16": "bfloat16", "i32": "int32", "i64": "int64", "i1": "bool"}

Argument = dict[str, Any]  # what it is, its shape and dtype


class Lowered(NamedTuple):
    """A program as text, what its arguments are, and its outputs as TensorFlow has them."""

    text: str
    arguments: list[Argument]
    outputs: Any


def main(argv: Sequence[str] | None = None) -> None:
    """Writes the folder."""
    options = parser().parse_args(argv)
    base = Config(weights=options.weights, **HOW)
    weights, device = machine.find_weights(base), machine.start(base)
    options.out.mkdir(parents=True, exist_ok=True)
    programs = []
    for name, objective in OBJECTIVES.items():
        for precision in options.precisions.split(","):
            given = Config(weights=options.weights, precision=precision, **HOW, **objective)
            config = machine.on_device(given, device).resolved()
            features = load_features(config, weights)
            for size in measuring.sizes(options.sizes):
                measuring.tell(f"{name}, {precision}, {size}")
                programs.append(written(name, size, config, features, options.out))
    exact = config.resolved(precision="float32")  # a network in bfloat16 has its weights so as well
    write_kernels(load_features(exact, weights), options.out)
    told = {"constants": constants(), "versions": measuring.machine()["versions"], "programs": programs}
    (options.out / "programs.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf8")


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(description="Write our compiled steps as StableHLO.")
    parser.add_argument("out", type=Path, metavar="OUT", help="the folder to write")
    parser.add_argument("--sizes", default="512,1024,2048", help="PIXELS or WIDTHxHEIGHT, ... [%(default)s]")
    parser.add_argument("--precisions", default="float32,bfloat16", help="of the network [%(default)s]")
    parser.add_argument("--weights", default="imagenet", help="imagenet, random or a file [%(default)s]")
    return parser


def constants() -> dict[str, Any]:
    """Returns the numbers of the objective that are no settings."""
    import steps

    return steps.CONSTANTS._asdict()


def write_kernels(features: "keras.Model", folder: Path) -> None:
    """Writes the weights of the network's convolutions, rounded to half their bytes."""
    import steps

    names = ("kernel", "bias")
    halves = {
        f"{layer}/{name}": weights.astype(np.float16)
        for layer, both in steps.kernels(features).items()
        for name, weights in zip(names, both, strict=True)
    }
    np.savez(folder / "kernels.npz", **halves)


# --- The programs ---


def written(name: str, size: Size, config: Resolved, features: "keras.Model", folder: Path) -> dict[str, Any]:
    """Writes the programs of one objective, precision and size; returns what there is to know of them."""
    known = {"objective": name, "precision": config.precision, "height": size.height, "width": size.width}
    aim = lowered_aim(size, config, features)
    step = lowered_step(size, config, features, aim.outputs)
    for kind, program in (("aim", aim), ("step", step)):
        file = f"{name}-{config.precision}-{measuring.as_flag(size)}-{kind}.mlir.gz"
        (folder / file).write_bytes(gzip.compress(program.text.encode(), mtime=0))
        known[kind] = {"file": file, "arguments": program.arguments}
    known["step"] |= places(step.outputs)
    return known


def lowered_aim(size: Size, config: Resolved, features: "keras.Model") -> Lowered:
    """Returns the program from content and style to the leaves of the aim, in `tf.nest.flatten`'s order."""
    import tensorflow as tf

    from keras_nst.core.network.network import Network
    from keras_nst.core.objective import gaussians
    from keras_nst.core.objective.moments import Moments
    from keras_nst.core.seeing.sight import Pictures, Style, aim_at
    from keras_nst.session.method import method_of

    columns = iter(columns_of_roots(size, config, features))

    def gaussian(style: Moments) -> gaussians.Gaussian:  # how many columns has to be known beforehand
        known = gaussians.every_direction(style)
        return known._replace(root=known.root[..., : next(columns)])

    def aim(content: tf.Tensor, style: tf.Tensor) -> Any:
        return aim_at(Pictures(content, (Style(style),)), size, Network(features), method_of(config))

    picture = tf.TensorSpec((1, *size, 3))
    with mock.patch.object(gaussians, "gaussian", gaussian):
        return lowered(aim, [picture, picture], [{"is": "content"}, {"is": "style"}], features)


def columns_of_roots(size: Size, config: Resolved, features: "keras.Model") -> list[int]:
    """Returns how many columns w2's roots of the style have at this size, or at the largest that is computed here."""
    import steps

    from keras_nst.core.network.network import Network
    from keras_nst.core.seeing.sight import aim_at
    from keras_nst.session.method import method_of

    if "w2" not in dict(config.style_loss):
        return []
    small = Size(*(min(side, LARGEST) for side in size))
    aim = aim_at(steps.pictures(small), small, Network(features), method_of(config))
    return [of.root.shape[-1] for of in aim.terms["style"].gaussians.values()]


def lowered_step(size: Size, config: Resolved, features: "keras.Model", aim: Any) -> Lowered:
    """Returns the program that takes many steps towards an aim of this shape, as a stage compiles it."""
    import tensorflow as tf

    from keras_nst.core.descent.stage import Stage
    from keras_nst.core.descent.steps import Stepper
    from keras_nst.core.network.network import Network
    from keras_nst.core.network.programs import shape_of
    from keras_nst.core.seeing.sight import evaluator_of, look_at
    from keras_nst.session.method import method_of

    method = method_of(config)
    stage = Stage(Scale(1, size, DECAYING, 0), 1, method, Network(features))
    stage.begin(*beginning(size), None, method, before=0)
    look = look_at(size, features, method.objective, method.seeing)
    steps_ = Stepper(stage.picture, evaluator_of(look), stage.mover, stage.watch, method.objective)
    shapes = tf.nest.map_structure(shape_of, aim)

    def take(count: tf.Tensor, *leaves: tf.Tensor) -> tuple:
        return steps_._take(steps_._apply, count, tf.nest.pack_sequence_as(shapes, leaves))

    leaves = tf.nest.flatten(shapes)
    told = [{"is": "count"}, *({"is": "aim", "leaf": leaf} for leaf in range(len(leaves)))]
    return lowered(take, [tf.TensorSpec((), tf.int32), *leaves], told, features)


def beginning(size: Size) -> tuple[Any, "tf.Tensor"]:
    """Returns the pictures and the first one."""
    import steps

    shown = steps.pictures(size)
    return shown, shown.first


def places(outputs: tuple) -> dict[str, Any]:
    """Returns where among a step's outputs is what became of it."""
    import tensorflow as tf

    from keras_nst.core.descent.steps import LONGEST

    numbers = iter(range(len(tf.nest.flatten(outputs))))
    taken, sound, settled, (values, _) = tf.nest.map_structure(lambda _: next(numbers), outputs)
    return {"taken": taken, "sound": sound, "settled": settled, "losses": values.total, "longest": LONGEST}


# --- Their arguments ---


def lowered(work: Callable, specs: list, told: list[Argument], features: "keras.Model") -> Lowered:
    """Returns a program for inputs of these shapes; what it takes besides follows them, in the order of the capture.

    Raises:
        ValueError: the text has other arguments or outputs.
    """
    import tensorflow as tf

    from keras_nst.core.network.programs import compiled

    function = compiled(work, by_xla=True)
    program = function.get_concrete_function(*specs)
    text = function.experimental_get_compiler_ir(*specs)(stage="stablehlo")
    arguments = [
        {**of, "shape": spec.shape.as_list(), "dtype": spec.dtype.name} for of, spec in zip(told, specs, strict=True)
    ]
    arguments += captured(program, features)
    taken, given = signature(text)
    expected = [(of["dtype"], of["shape"]) for of in arguments]
    outputs = [(of.dtype.name, of.shape.as_list()) for of in tf.nest.flatten(program.structured_outputs)]
    if taken != expected or given[: len(outputs)] != outputs:
        raise ValueError(f"Expected arguments {expected} and outputs {outputs}. Received: {taken}, {given}")
    return Lowered(text, arguments, program.structured_outputs)


def captured(program: Any, features: "keras.Model") -> Iterator[Argument]:
    """Yields what a program takes besides its inputs: the network's weights, and variables as they are."""
    weights = {id(tensor): told for tensor, told in weights_of(features)}
    variables = {id(variable.handle): variable for variable in program.graph.variables}
    for tensor in program.captured_inputs:
        if id(tensor) in weights:
            yield {**weights[id(tensor)], "shape": tensor.shape.as_list(), "dtype": tensor.dtype.name}
        else:
            variable = variables[id(tensor)]
            yield {
                **begun(variable.numpy()),
                "name": variable.name,
                "shape": variable.shape.as_list(),
                "dtype": variable.dtype.name,
            }


def weights_of(features: "keras.Model") -> Iterator[tuple["tf.Tensor", Argument]]:
    """Yields the tensors that the convolutions compute with."""
    for layer in features.layers:
        if layer.get_weights():
            kernel, bias = layer.fixed
            for name, tensor in (("kernel", kernel), ("bias", bias), ("turned kernel", layer.turned_kernel)):
                yield tensor, {"is": name, "layer": layer.name}


def begun(values: np.ndarray) -> Argument:
    """Returns what a variable is before the first step: one value everywhere, or else the first picture.

    Raises:
        ValueError: it is something else.
    """
    if np.all(values == values.flat[0]):
        return {"is": "value", "value": float(values.flat[0])}
    size = Size(*values.shape[1:3])
    if values.ndim == 4 and np.array_equal(values, beginning(size)[1]):
        return {"is": "first"}
    raise ValueError(f"Expected one value or the first picture. Received: {values.shape} others")


def signature(text: str) -> tuple[list[tuple[str, list[int]]], list[tuple[str, list[int]]]]:
    """Returns the types of a text's arguments and outputs: dtype, shape."""
    head = re.search(r"func\.func (?:public )?@main\((.*)\) -> \(?(.*?)\)? \{$", text, re.MULTILINE)
    if head is None:
        raise ValueError("Expected a function @main. Received: none")
    taken, given = ([as_type(written) for written in re.findall(r"tensor<([^>]*)>", part)] for part in head.groups())
    return taken, given


def as_type(written: str) -> tuple[str, list[int]]:
    """Reads 1x64x64x3xf32."""
    *sides, dtype = written.split("x")
    return NUMPY_NAMES[dtype], [int(side) for side in sides]


if __name__ == "__main__":
    main()
