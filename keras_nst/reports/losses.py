"""The losses of a run, as drawings and as a table."""

from collections.abc import Mapping

from keras_nst.monitors.history import Curve, History
from keras_nst.reports.charts import chart
from keras_nst.reports.markup import folded, table


def total(history: History) -> Curve:
    """Returns the weighted total loss; earlier versions had it under another name."""
    return history.curves.get("loss") or history.curves.get("loss/total") or []


def layers(history: History, term: str) -> dict[str, Curve]:
    """Returns the losses of a term layer by layer, likewise."""
    starts = (f"terms/{term}/", f"{term}_layers/")
    return {tag.rpartition("/")[2]: curve for tag, curve in history.curves.items() if tag.startswith(starts)}


def curves(history: History) -> str:
    """Returns the drawings of all losses, and their values where scales begin and end."""
    starts = history.scale_starts()
    terms = {tag.removeprefix("loss/"): curve for tag, curve in history.curves.items() if tag.startswith("loss/")}
    terms.pop("total", None)
    drawn = [chart("Loss: the weighted sum of its terms", {"loss": total(history)}, starts)]
    drawn += [chart(f"{term}, before its weight", {term: curve}, starts) for term, curve in terms.items()]
    drawn += [chart(f"{term}, layer by layer", layers(history, term), starts) for term in terms]
    why = "<p>Each size of the picture begins with what enlarging has blurred: there the loss rises.</p>"
    drawings = "".join(drawn)
    if not drawings:
        return ""
    return (why if len(starts) > 1 else "") + f'<div class="charts">{drawings}</div>' + values(history, terms, starts)


def values(history: History, terms: Mapping[str, Curve], starts: list[int]) -> str:
    """Returns the losses at the first and the last step of each scale, and of the finished picture."""
    columns = {"loss": total(history), **terms}
    steps = [step for step, _ in columns["loss"]]
    if not steps:
        return ""
    ends = [before - 1 for before in starts[1:]] + [steps[-1]]
    shown = [step for step in sorted({*starts, *ends}) if step in steps]
    first = {column: dict(reversed(curve)) for column, curve in columns.items()}
    rows = [[str(step), *(f"{first[column].get(step, float('nan')):.4g}" for column in columns)] for step in shown]
    if len(steps) > 1 and steps[-1] == steps[-2]:
        rows.append(["finished", *(f"{curve[-1][1]:.4g}" for curve in columns.values())])
    return folded("Values where scales begin and end", table(["step", *columns], rows))
