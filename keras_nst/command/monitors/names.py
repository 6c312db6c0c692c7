"""The names in TensorBoard, which sorts by name: the most important ones come first."""

from collections.abc import Iterable, Iterator, Mapping

from tensorboard.plugins.custom_scalar.layout_pb2 import Category, Chart, Layout, MultilineChartContent

from keras_nst.core.judging.words import MEANINGS
from keras_nst.core.plan.events import LossValues

LOSS, PICTURE, SOURCE, QUALITY = "loss", "picture", "source", "quality"
SCALES = " A triangle marks the start of a scale: the loss of the picture just after enlarging, which blurs it."
OF_THE_RUN = {
    "run/learning_rate": "The learning rate of each step.",
    "run/steps_per_second": "Steps per second. Larger pictures take longer.",
    "run/scale": "The scale that is being optimized: 1 is the smallest size of the picture.",
    "run/peak_memory_gb": "The most memory that the process has used so far.",
}


def of_term(term: str) -> str:
    """Returns the name of a term of the loss."""
    return f"{LOSS}/{term}"


def of_layer(term: str, layer: str) -> str:
    """Returns the name of a term at one layer."""
    return f"terms/{term}/{layer}"


def of_figure(figure: str) -> str:
    """Returns the name of a figure of the finished picture."""
    return f"{QUALITY}/{figure}"


def named(losses: LossValues) -> Iterator[tuple[str, float]]:
    """Yields each loss with its name: the mean over the pictures."""
    yield LOSS, losses.total.mean()
    for term, value in losses.terms.items():
        yield of_term(term), value.mean()
    for term, layers in losses.layers.items():
        for layer, value in layers.items():
            yield of_layer(term, layer), value.mean()


def description(name: str) -> str:
    """Returns the description of a name, in Markdown."""
    kind, _, rest = name.partition("/")
    if kind == LOSS:
        return (f"{rest.capitalize()}, before its weight." if rest else "The weighted sum of all terms.") + SCALES
    if kind == "terms":
        term, _, layer = rest.partition("/")
        return f"{term.capitalize()} at the layer {layer} alone, before its weight." + SCALES
    return MEANINGS.get(rest, "") if kind == QUALITY else OF_THE_RUN.get(name, "")


def layout(terms: Iterable[str], layers: Mapping[str, Iterable[str]]) -> Layout:
    """Returns the layout of the custom scalars: terms with terms, layers with layers."""
    of_terms = [_chart("loss", [LOSS]), _chart("terms, before their weights", [of_term(term) for term in terms])]
    of_layers = [_chart(f"{term}, layer by layer", [of_layer(term, each) for each in layers[term]]) for term in layers]
    of_run = [_chart(name.removeprefix("run/").replace("_", " "), [name]) for name in OF_THE_RUN]
    categories = {"Loss and its terms": of_terms, "Layers": of_layers, "The run": of_run}
    return Layout(category=[Category(title=title, chart=charts) for title, charts in categories.items() if charts])


def _chart(title: str, names: Iterable[str]) -> Chart:
    return Chart(title=title, multiline=MultilineChartContent(tag=[f"^{name}$" for name in names]))
