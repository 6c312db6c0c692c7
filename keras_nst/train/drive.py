"""A training from its first step to the finished model."""

import contextlib
import time
from typing import TYPE_CHECKING

from keras_nst.command.board import show
from keras_nst.command.log import EXPECTED, logged
from keras_nst.command.meter import warn
from keras_nst.command.monitors.display import beside_the_bar
from keras_nst.networks.schedule import Clock, Plan
from keras_nst.session.machine import out_of_memory_in_one_line
from keras_nst.session.session import Session
from keras_nst.settings.declared import SettingError
from keras_nst.settings.lines import Tell
from keras_nst.system.pace import Stop
from keras_nst.train.prepare import Request, begin, open_folder

if TYPE_CHECKING:
    from keras_nst.train.course import Course
    from keras_nst.train.watch import Watch

LOOK = 50  # steps between two evaluations on held-out photographs
UNSOUND = 10  # steps in a row without a finite loss, after which the training ends


def drive(asked: Request, stop: Stop, tell: Tell) -> int:
    """Trains the network, or resumes that, and writes the model; returns the exit code."""
    clock = Clock(asked.settings.max_seconds)
    with contextlib.ExitStack() as closing:
        closing.enter_context(contextlib.closing(open_folder(asked)))
        log = closing.enter_context(logged(asked.folder, EXPECTED))

        def say(line: str) -> None:
            log.info(line)
            tell(line)

        session = Session(asked.config, keep=1.0)
        closing.enter_context(out_of_memory_in_one_line(asked.config))
        closing.enter_context(session.where())
        return train(asked, session, clock, stop, say)


def train(asked: Request, session: Session, clock: Clock, stop: Stop, tell: Tell) -> int:
    """Takes the steps and writes the model."""
    from keras_nst.train.course import opened, resumed
    from keras_nst.train.watch import Watch
    from keras_nst.train.written import Ending, write

    course = opened(asked, session, tell)
    begin(asked)
    plan = resumed(course, Plan(asked.settings.learning_rate, asked.settings.steps), tell)
    introduce(asked, plan, tell)
    with Watch(course, plan) as watch:
        if not plan.taken:
            plan = plan._replace(first=watch.loss())
        plan = take_steps(course, plan, clock, stop, watch)
        if not plan.taken:
            tell("Stopped before the first step: nothing was learned. The same command starts over.")
            return 0
        keep_if_possible(course, plan)
        loss = watch.end(plan)
    learned = plan.has_learned(loss)
    if not learned:
        tell(
            f"Nothing is learned yet: the loss of the photographs that judge it is {loss:.3g}, first {plan.first:.3g}."
        )
    return write(course, plan, clock, Ending(stop.is_set(), learned), beside_the_bar(tell))


def introduce(asked: Request, plan: Plan, tell: Tell) -> None:
    """Reports what will be learned, from what, in how many steps."""
    seen, aside = len(asked.photographs.seen), len(asked.photographs.held_out)
    photographs = f"{seen} photograph{'s' * (seen != 1)}"
    judged = f"judged by {aside} other{'s' * (aside != 1)}" if aside else "judged by the same"
    tell(f"{', '.join(asked.names)}: learning from {photographs}, {judged}. Steps: {plan.taken} of at most {plan.end}.")
    if asked.settings.tensorboard:
        tell(show(asked.folder))


def take_steps(course: "Course", plan: Plan, clock: Clock, stop: Stop, watch: "Watch") -> Plan:
    """Takes steps until the training ends; returns the plan with its progress."""
    settings = course.asked.settings
    kept, unsound = time.monotonic(), 0
    while plan.taken < plan.end and clock.allows_a_step() and not stop.is_set():
        rate, crops = plan.learning_rate, course.asked.photographs.crops(plan.taken, settings)
        learned = course.learner.step(plan.taken, crops, rate, settings.seed)
        unsound = 0 if learned.sound else unsound + 1
        if unsound == UNSOUND:
            reason = f"The loss is no longer a number after step {plan.taken}. Expected a lower rate, and --overwrite."
            raise SettingError("learning_rate", settings.shown("learning_rate"), reason)
        clock.step()
        plan = plan.after_a_step(clock.gone(), clock.possible())
        watch.hear(plan, learned, rate, clock)
        if plan.taken % LOOK == 0:
            plan = plan.after_a_look(watch.look(plan))
        if time.monotonic() >= kept + settings.checkpoint_secs:
            kept = time.monotonic()
            keep_if_possible(course, plan)
    return plan


def keep_if_possible(course: "Course", plan: Plan) -> None:
    """Saves the state; an error is only reported, since a full disk may have room again and training is worth more."""
    from keras_nst.train.course import keep

    try:
        keep(course, plan)
    except OSError as error:
        warn(f"Could not write a checkpoint: {error.strerror or error}")
