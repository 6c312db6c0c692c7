"""Jobs done by a Ray cluster, by its actors; jobs of a lost worker or node are done elsewhere.

Ray gets a bounded number of jobs at a time, so that the rest of a large batch waits in the manifest. An output is
written under another name and renamed, and a job resumes from its checkpoint, so that a job done twice makes one
picture.
"""

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from keras_nst.command.workers.local import cores
from keras_nst.command.workers.parcels import Job, Outcome, Parcel, ToDo, Work
from keras_nst.settings.declared import SettingError, reason_of

BREATH = 1.0  # seconds before checking whether a lost worker is back
PATIENCE = 10.0  # seconds for a cluster to answer
WAIT = 60.0  # seconds for the cluster to provide its workers
MEETING = ".workers"  # a folder inside the batch's, through which workers and driver check that they see the same one


class Actor:
    """A Ray actor that does one parcel after the other."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def sees(self, folder: str, token: str) -> str:
        """Checks for the driver's token in the batch's folder, and writes a token of its own."""
        meeting = Path(folder) / MEETING
        own = f"{os.getpid()}-{secrets.token_hex(4)}"
        (meeting / own).write_text(token)
        return own if (meeting / "driver").read_text() == token else ""

    def is_there(self) -> bool:
        """Returns True, if the actor is running."""
        return True

    def do(self, parcel: Parcel, halt: str) -> list[Outcome]:
        """Does the jobs of a parcel."""
        return self.work(parcel, Halted(Path(halt)))


class Halted:
    """A stop event for all workers: a file in the folder that they share."""

    def __init__(self, path: Path):
        self.path, self.looked, self.seen = path, 0.0, False

    def is_set(self) -> bool:
        """Returns whether the file exists; checks once a second."""
        now = time.monotonic()
        if not self.seen and now - self.looked >= 1.0:
            self.looked, self.seen = now, self.path.exists()
        return self.seen


class RayEngine:
    """Does jobs with the actors of a Ray cluster.

    Args:
        settings: the number of workers, and the cluster's address.
        folder: shared by all workers; the setting `place` names it.
        work: the function called with each parcel.
    """

    def __init__(self, settings: Any, folder: Path, work: Work, place: str = "workdir"):
        self.settings, self.folder, self.work, self.place = settings, folder.resolve(), work, place
        self.ray = imported()
        self.halt = self.folder / MEETING / "halt"
        self.actors: list[Any] = []
        self.joined = False

    def __enter__(self) -> "RayEngine":
        self._connect()
        (self.folder / MEETING).mkdir(exist_ok=True)
        self.halt.unlink(missing_ok=True)
        self.actors = [self._actor() for _ in range(self._count())]
        self._check_that_all_see_the_folder()
        return self

    def __exit__(self, *error: object) -> None:
        for actor in self.actors:
            self.ray.kill(actor)
        for path in (self.folder / MEETING).glob("*"):
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            (self.folder / MEETING).rmdir()
        if self.joined:
            self.ray.shutdown()

    @property
    def workers(self) -> int:
        """The number of workers."""
        return len(self.actors)

    def stop(self) -> None:
        """Lets each worker end after its next step; its work is saved and can be resumed."""
        self.halt.touch()

    def outcomes(self, parcels: Iterable[Parcel]) -> Iterator[tuple[Job, Outcome | None]]:
        """Yields each job with None when it is offered, and with its outcome when it is done."""
        ahead, idle = ToDo(parcels), list(self.actors)
        flying: dict[Any, tuple[Any, Parcel]] = {}  # request: actor, parcel; (): is it running
        while True:
            while idle and (parcel := ahead.next()):
                actor = idle.pop()
                flying[actor.do.remote(parcel, str(self.halt))] = (actor, parcel)
                yield from ((job, None) for job in parcel)
            if not any(parcel for _, parcel in flying.values()) and not ahead.back:
                return
            ready, _ = self.ray.wait(list(flying), num_returns=1, timeout=5.0)
            for reference in ready:
                actor, parcel = flying.pop(reference)
                answer, lost = self._answer(reference)
                if lost:  # it may come back, here or on another node
                    time.sleep(BREATH)
                    flying[actor.is_there.remote()] = (actor, ())
                    yield from ahead.take_back(parcel, lost, self.halt.exists())
                else:
                    idle.append(actor)
                    yield from zip(parcel, answer if parcel else (), strict=True)

    def _answer(self, reference: Any) -> tuple[Any, str]:
        """Returns an actor's answer, and if the actor was lost how."""
        errors = self.ray.exceptions
        try:
            return self.ray.get(reference), ""
        except (errors.RayActorError, errors.WorkerCrashedError, errors.NodeDiedError) as error:
            return None, str(error).strip().splitlines()[0]

    def _connect(self) -> None:
        if self.ray.is_initialized():
            return
        address = self.settings.address
        check_answers(address)
        how: dict[str, Any] = {"address": address} if address else {"include_dashboard": False}
        try:
            self.ray.init(log_to_driver=False, logging_level="ERROR", **how)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise SettingError(
                "address", self.settings.address, f"Expected the address of a Ray cluster. {reason}"
            ) from None
        self.joined = True

    def _count(self) -> int:
        """Returns the number of workers to start."""
        if self.settings.workers:
            return self.settings.workers
        return max(1, int(self.ray.cluster_resources().get("CPU", 1)) // self._cpus())

    def _cpus(self) -> int:
        return self.settings.cpus or max(1, cores() // (self.settings.workers or 1))

    def _actor(self) -> Any:
        """Starts an actor, which Ray restarts elsewhere whenever it is lost."""
        cpus = self._cpus()
        threads = {"TF_NUM_INTRAOP_THREADS": str(cpus), "TF_NUM_INTEROP_THREADS": str(cpus)}
        options: dict[str, Any] = {"num_cpus": cpus, "max_restarts": -1, "max_task_retries": 0}
        if self.ray.cluster_resources().get("GPU"):
            options["num_gpus"] = 1
        return self.ray.remote(Actor).options(runtime_env={"env_vars": threads}, **options).remote(self.work)

    def _check_that_all_see_the_folder(self) -> None:
        """Refuses to start if a worker does not see the driver's folder.

        Raises:
            SettingError: a worker cannot write there or is not seen, or there is no room for all workers.
        """
        token, folder = secrets.token_hex(8), str(self.folder)
        (self.folder / MEETING / "driver").write_text(token)
        asked = [actor.sees.remote(folder, token) for actor in self.actors]
        ready, missing = self.ray.wait(asked, num_returns=len(asked), timeout=WAIT)
        if missing:
            expected = f"Expected a cluster with room for {len(asked)} workers of {self._cpus()} cores"
            reason = f"{expected}. Received: room for {len(ready)}"
            raise SettingError("workers", self.settings.shown("workers"), reason)
        expected = "Expected a folder that this machine shares with all workers of the cluster."
        try:
            left = self.ray.get(asked)
        except self.ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise SettingError(self.place, str(self.folder), f"{expected} {reason}") from None
        if not all(own and (self.folder / MEETING / own).exists() for own in left):
            raise SettingError(self.place, str(self.folder), expected)


def check_answers(address: str) -> None:
    """Refuses an address HOST:PORT that does not answer: Ray itself would wait for minutes.

    Raises:
        SettingError: nothing answers there.
    """
    host, colon, port = address.removeprefix("ray://").partition(":")
    if not (colon and port.isdigit()):
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise SettingError("address", address, f"Expected the address of a Ray cluster. {reason_of(error)}") from None


def imported() -> Any:
    """Returns Ray, which is an optional dependency."""
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise SettingError("engine", "ray", "Expected the package Ray: pip install 'keras-nst[ray]'.") from None
    return ray
