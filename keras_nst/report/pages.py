"""The page of one run."""

import shlex
from pathlib import Path

from keras_nst.command.log import spared
from keras_nst.command.run_folder import REPORT
from keras_nst.core.judging.words import MEANINGS, Figures, figures_in_words, in_percent
from keras_nst.report.charts import curves
from keras_nst.report.facts import Facts, read_facts
from keras_nst.report.gallery import compared, filmstrip
from keras_nst.report.markup import definitions, folded, name, page, section, table, text
from keras_nst.settings.config import Config
from keras_nst.settings.lines import Tell
from keras_nst.settings.text import OF_ONE_RUN
from keras_nst.system.files import written_whole
from keras_nst.system.signals import in_this_form

MOST_TOLD = 300  # entries of the log that are shown


def write_report(folder: Path, result: Path | None = None) -> Path:
    """Writes the page of a run into its folder and returns its path; `result`: the picture's path, if known.

    Raises:
        OSError: it cannot be written.
        ValueError: it is not the folder of a run.
    """
    path = folder / REPORT
    content = report(read_facts(folder, result)).encode("utf8", errors="replace")
    with written_whole(path) as file:
        file.write(content)
    return path


def try_report(folder: Path, result: Path | None, tell: Tell) -> None:
    """Writes the page of a run that has ended; an error is only reported, since the picture is worth more."""
    with spared("report", tell):
        tell(f"Report: {write_report(folder, result)}")


def report(facts: Facts) -> str:
    """Returns the page of a run."""
    parts = (
        header(facts),
        section("Result", compared(facts)),
        section("How it was made", filmstrip(facts)),
        section("Curves", curves(facts.history)),
        section("Figures", figures(facts)),
        section("Settings", settings(facts)),
        section("Run", the_run(facts)),
        section("Messages", told(facts)),
    )
    return page(facts.title, "\n".join(filter(None, parts)), "compare.js")


def header(facts: Facts) -> str:
    """Returns the heading: the names, the state of the run, and the figures in words."""
    heading = " <small>in the style of</small> ".join(name(each) for each in facts.names.values() if each)
    state = "Finished" if facts.finished else "Not finished: the picture so far"
    steps = f" after {facts.last_step} steps" if facts.last_step else ""
    judged = in_words(facts)
    return (
        f"<header><h1>{heading or name(facts.title)}</h1>"
        f"<p>{state}{steps}.{f' {text(judged)}' if judged else ''}</p></header>"
    )


def in_words(facts: Facts) -> str:
    """Returns the sentence about the figures."""
    known = {figure: value for figure, value in facts.history.figures().items() if figure in Figures._fields}
    return figures_in_words(Figures(**known), facts.settings.get("color", "style")) if known else ""


# --- Figures, settings, the machine ---


def figures(facts: Facts) -> str:
    """Returns the figures of the finished picture with their meanings."""
    known = facts.history.figures()
    rows = [[text(figure), f"{value:.3f}", text(MEANINGS.get(figure, ""))] for figure, value in known.items()]
    said = ". ".join(filter(None, (in_percent(known), in_words(facts))))
    every = table(["figure", "value", "meaning"], rows) if rows else ""
    return (f"<p>{text(said)}</p>" if said else "") + folded("All figures", every)


def settings(facts: Facts) -> str:
    """Returns the command that repeats the run, and all settings."""
    plain = Config()
    defaults = {each: plain.shown(each) for each in vars(plain) if each not in OF_ONE_RUN}
    given = [(each, facts.given.get(each, default)) for each, default in defaults.items()]
    flags = [shlex.quote(f"--{each}={value}") for each, value in given if value != defaults[each]]
    command = " ".join([in_this_form("run"), *flags])
    rows = [[text(each), f"<code>{name(value)}</code>"] for each, value in facts.settings.items() if value]
    if not rows:
        return ""
    return (
        f'<p>This command repeats the run. Click to select it:</p><pre class="command">{text(command, 20_000)}</pre>'
        + folded("All settings, with the values chosen for auto", table(["setting", "value"], rows))
    )


def the_run(facts: Facts) -> str:
    """Returns time, memory, machine and versions."""
    peaks = [peak for _, peak in facts.history.curves.get("run/peak_memory_gb", [])]
    steps = facts.lines("Steps: ")
    known = {
        "folder": name(facts.folder.absolute().name),
        "started": text(facts.told[0].time) if facts.told else "",
        "ended": text(facts.told[-1].time) if facts.told else "",
        "steps": "<br>".join(text(line.removeprefix("Steps: ")) for line in steps),
        "memory": f"at most {max(peaks):.1f} GB" if peaks and not steps else "",
        "device": "<br>".join(dict.fromkeys(text(line) for line in facts.lines("Runs on "))),
    }
    return definitions(known | {each.replace("_", " "): name(value) for each, value in facts.machine.items()})


def told(facts: Facts) -> str:
    """Returns warnings and errors, followed by all messages."""
    entries = facts.told[-MOST_TOLD:]
    bad = "".join(f'<li class="warning">{lines(entry.text)}</li>' for entry in entries if entry.level != "INFO")
    every = "".join(f"<li><time>{text(entry.time)}</time> {lines(entry.text)}</li>" for entry in entries)
    return (f'<ul class="log">{bad}</ul>' if bad else "") + folded(
        "Full log", every and f'<ul class="log">{every}</ul>'
    )


def lines(written: str) -> str:
    """Returns a text of several lines."""
    return "<br>".join(name(line) for line in written.splitlines())
