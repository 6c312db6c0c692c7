"""The studio's addresses and their handlers."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from aiohttp import web

from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.studio import gallery
from keras_nst.studio.form import Form, allowed, form
from keras_nst.studio.guard import Pass, guard, protect
from keras_nst.studio.painter import LARGEST
from keras_nst.studio.studio import Studio

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
MOST_RUNS = 10_000  # the limit of runs in one answer
MOST_BYTES = 100_000  # of a request without a picture
UPLOADS = 16  # the limit of simultaneous uploads
REPORT_POLICY = (  # for a page that another program may have written: it is shown, but can do nothing
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
)
STUDIO = web.AppKey("studio", Studio)
UNDER_WAY = web.AppKey("under_way", asyncio.Semaphore)

routes = web.RouteTableDef()


def application(studio: Studio, known: Pass) -> web.Application:
    """Returns the studio as a web application."""
    app = web.Application(middlewares=[guard(known)], client_max_size=MOST_BYTES)
    app[STUDIO], app[UNDER_WAY] = studio, asyncio.Semaphore(UPLOADS)
    app.on_response_prepare.append(protect)
    app.add_routes(routes)
    app.add_routes([web.get(f"/{path.name}", page) for path in STATIC.iterdir()])
    return app


async def page(request: web.Request) -> web.StreamResponse:
    """Answers with a file of the page; only the files in the static folder have addresses."""
    path = STATIC / (request.path.strip("/") or "index.html")
    return web.Response(body=path.read_bytes(), content_type=TYPES[path.suffix], charset="utf-8")


routes.get("/")(page)


@routes.get("/socket")
async def socket(request: web.Request) -> web.StreamResponse:
    """Opens the connection on which a page receives states and previews."""
    return await request.app[STUDIO].hub.serve(request)


@routes.get("/api/form")
async def the_form(request: web.Request) -> web.Response:
    """Returns the form: settings, presets, samples, limits, and whose it is."""
    studio = request.app[STUDIO]
    return web.json_response(form() | {"most_megabytes": studio.uploads.most_bytes / 1e6, "studio": studio.id})


@routes.post("/api/pictures")
async def upload(request: web.Request) -> web.Response:
    """Receives a picture as the request's body; its name in a header is only shown."""
    studio, under_way = request.app[STUDIO], request.app[UNDER_WAY]
    if under_way.locked():
        raise web.HTTPServiceUnavailable(text=f"Expected at most {UPLOADS} uploads at the same time. Try again soon.")
    async with under_way:
        studio.uploads.check_bytes(request.content_length or 0)
        received = await studio.uploads.receive(request.content.iter_any())
        name = unquote(request.headers.get("X-Name", ""), errors="replace")
        about = await studio.aside(studio.uploads.take, received, name)
    return web.json_response(about._asdict())


@routes.get("/api/pictures/{named}")
async def about_picture(request: web.Request) -> web.Response:
    """Returns the name and the size of a picture."""
    about = await request.app[STUDIO].aside(request.app[STUDIO].uploads.about, request.match_info["named"])
    return web.json_response(about._asdict())


@routes.get("/api/pictures/{named}/view")
async def view(request: web.Request) -> web.Response:
    """Returns a picture's view."""
    body = await request.app[STUDIO].aside(request.app[STUDIO].uploads.view, request.match_info["named"])
    return picture(body, "image/webp")


@routes.post("/api/jobs")
async def ask(request: web.Request) -> web.Response:
    """Adds a picture to the queue."""
    asked = Form.read(await told(request))
    job = await request.app[STUDIO].ask(asked._replace(first="", goes_on=False))
    return web.json_response({"id": job.id})


@routes.post("/api/jobs/{id}/stop")
async def stop(request: web.Request) -> web.Response:
    """Ends a run, or removes it from the queue."""
    request.app[STUDIO].stop(request.match_info["id"])
    return web.json_response({})


@routes.post("/api/jobs/{id}/change")
async def change(request: web.Request) -> web.Response:
    """Continues the current run with other settings."""
    settings = allowed((await told(request)).get("settings"))
    job = await request.app[STUDIO].change(request.match_info["id"], settings)
    return web.json_response({"id": job.id})


@routes.get("/api/runs")
async def runs(request: web.Request) -> web.Response:
    """Returns the gallery."""
    most = request.query.get("most", "")
    if not (most.isascii() and most.isdigit() and 0 < int(most[:9]) <= MOST_RUNS):
        raise InputError(f"Expected ?most=N, 1 to {MOST_RUNS} runs. Received: {one_line(most, 80)}")
    return web.json_response(await asyncio.to_thread(request.app[STUDIO].runs, int(most)))


@routes.get("/api/films")
async def films(request: web.Request) -> web.Response:
    """Returns the films in progress and their numbers of painted frames."""
    return web.json_response({"films": await asyncio.to_thread(request.app[STUDIO].films.told)})


@routes.get(r"/api/films/{id}/frames/{number:\d{1,7}}")
async def frame(request: web.Request) -> web.Response:
    """Returns a painted frame, reduced."""
    studio, asked = request.app[STUDIO], request.match_info
    path = await asyncio.to_thread(studio.films.frame, asked["id"], int(asked["number"]))
    return picture(await studio.aside(gallery.thumbnail, path, LARGEST), "image/jpeg")


@routes.get("/api/runs/{id}")
async def details(request: web.Request) -> web.Response:
    """Returns the settings of a run."""
    return web.json_response(await request.app[STUDIO].aside(request.app[STUDIO].details, request.match_info["id"]))


@routes.post("/api/runs/{id}/larger")
async def larger(request: web.Request) -> web.Response:
    """Continues a picture at a larger size."""
    size = str((await told(request)).get("size", ""))
    return web.json_response({"id": (await request.app[STUDIO].enlarge(request.match_info["id"], size)).id})


@routes.post("/api/runs/{id}/continue")
async def go_on(request: web.Request) -> web.Response:
    """Resumes a run, with more steps if requested."""
    more = (await told(request)).get("more", 0)
    if not isinstance(more, int) or isinstance(more, bool):
        raise InputError("Expected a whole number of steps.")
    return web.json_response({"id": (await request.app[STUDIO].go_on(request.match_info["id"], more)).id})


@routes.delete("/api/runs/{id}")
async def delete(request: web.Request) -> web.Response:
    """Removes a run."""
    await request.app[STUDIO].delete(request.match_info["id"])
    return web.json_response({})


@routes.get("/api/runs/{id}/picture")
async def run_picture(request: web.Request) -> web.StreamResponse:
    """Returns the picture of a run, unchanged from its file."""
    path = await asyncio.to_thread(request.app[STUDIO].gallery.picture, request.match_info["id"])
    return web.FileResponse(path)


@routes.get("/api/runs/{id}/thumbnail")
async def thumbnail(request: web.Request) -> web.Response:
    """Returns the picture of a run as a thumbnail."""
    path = await asyncio.to_thread(request.app[STUDIO].gallery.picture, request.match_info["id"])
    return picture(await request.app[STUDIO].aside(gallery.thumbnail, path), "image/jpeg")


@routes.get("/api/runs/{id}/report")
async def report(request: web.Request) -> web.StreamResponse:
    """Returns the report of a run."""
    path = (await asyncio.to_thread(request.app[STUDIO].gallery.get, request.match_info["id"])).report
    if not path.is_file() or path.is_symlink():
        raise gallery.Missing("Expected a run with a report. Received: one without")
    return web.FileResponse(path, headers={"Content-Security-Policy": REPORT_POLICY})


@routes.get("/api/runs/{id}/download/{kind}")
async def download(request: web.Request) -> web.StreamResponse:
    """Returns the picture of a run as a file to download, with its settings embedded."""
    studio, id, kind = request.app[STUDIO], request.match_info["id"], request.match_info["kind"]
    path = await asyncio.to_thread(studio.gallery.picture, id)
    with tempfile.TemporaryDirectory() as folder:
        file = await studio.aside(gallery.taken_home, path, kind, Path(folder))
        body, suffix = file.read_bytes(), file.suffix
    name = await asyncio.to_thread(studio.file_name, id)
    disposition = f"attachment; filename*=UTF-8''{quote(name + suffix)}"
    return web.Response(body=body, content_type=KINDS[suffix], headers={"Content-Disposition": disposition})


KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".tiff": "image/tiff"}


def picture(body: bytes, kind: str) -> web.Response:
    """Returns an answer with a picture."""
    return web.Response(body=body, content_type=kind)


async def told(request: web.Request) -> dict[str, Any]:
    """Returns the request's body, JSON.

    Raises:
        InputError: it is not a JSON object.
    """
    try:
        found = await request.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError("Expected a JSON object")
    return found
