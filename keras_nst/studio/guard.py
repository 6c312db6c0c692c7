"""Access control: only this machine's own browser with the studio's token, and no page of another site."""

import hmac
import json
import logging
import secrets
from pathlib import Path
from typing import NamedTuple

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from keras_nst.settings.declared import InputError
from keras_nst.settings.lines import one_line
from keras_nst.studio.gallery import Missing
from keras_nst.studio.pictures import TooLarge
from keras_nst.studio.queue import Full

HEADER = "X-Studio-Token"  # replaces the cookie, for programs
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGES = ("/", "/index.html")  # addresses that are opened in the browser
WORDS = Path(__file__).parent / "static" / "words.json"
DOOR = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<h1>{title}</h1>
<p>{line}</p>
"""
STATUS: dict[type[Exception], int] = {TooLarge: 413, Full: 429, Missing: 404}  # the HTTP status of each error; else 400

log = logging.getLogger("keras_nst.studio")


class Pass(NamedTuple):
    """The port and the token that give access to the studio."""

    port: int
    token: str

    @classmethod
    def new(cls, port: int) -> "Pass":
        """Returns a pass with a token that cannot be guessed."""
        return cls(port, secrets.token_urlsafe(32))

    @property
    def address(self) -> str:
        """The address to open in the browser."""
        return f"http://127.0.0.1:{self.port}/?token={self.token}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The studio's hosts on this machine. A site whose name leads here has another host."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        """The cookie's name, which has the port, since browsers share cookies between ports."""
        return f"keras_nst_studio_{self.port}"

    def fits(self, token: str) -> bool:
        """Compares the token in constant time."""
        return hmac.compare_digest(token.encode(errors="replace"), self.token.encode())


def refusal(request: web.Request, known: Pass) -> str:
    """Returns why a request is refused; "" if it is not."""
    if request.headers.get(hdrs.HOST, "") not in known.hosts:
        return f"Expected the studio's own address, http://{known.hosts[0]}/. Received: another Host"
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin not in [f"http://{host}" for host in known.hosts]:
        return "Expected a request of the studio's own page. Received: one of another Origin"
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        return "Expected a request of the studio's own page. Received: one of another site"
    token = request.headers.get(HEADER) or request.cookies.get(known.cookie) or ""
    if not known.fits(token):
        return "Expected the address that the studio has printed, which lets you in. Received: no token, or an old one"
    return ""


def guard(known: Pass) -> Middleware:
    """Returns the middleware of all requests: it checks access, and turns errors into one line."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if entering(request, known):
            return let_in(known)
        if reason := refusal(request, known):
            return closed_door(request) if request.path in PAGES else complaint(reason, 403)
        try:
            return await handler(request)
        except web.HTTPException as error:
            return complaint(error.text or error.reason, error.status)
        except (InputError, OSError, ValueError, MemoryError) as error:
            return complaint(str(error) or type(error).__name__, STATUS.get(type(error), 400))
        except Exception as error:
            log.exception("Unexpected")
            return complaint(f"Unexpected {type(error).__name__}: see the studio's terminal", 500)

    return check


def entering(request: web.Request, known: Pass) -> bool:
    """Returns whether the request opens the address that was printed."""
    here = request.headers.get(hdrs.HOST, "") in known.hosts
    return here and request.path == "/" and request.method == "GET" and known.fits(request.query.get("token", ""))


def let_in(known: Pass) -> web.Response:
    """Redirects to the page, with a cookie instead of the token, which should not stay in the browser's history."""
    response = web.HTTPSeeOther("/")
    answer = web.Response(status=response.status, headers={hdrs.LOCATION: "/"})
    answer.set_cookie(known.cookie, known.token, httponly=True, samesite="Strict", path="/")
    return answer


def complaint(reason: str, status: int) -> web.Response:
    """Returns an answer with an error message of one line."""
    return web.json_response({"error": one_line(reason, 500)}, status=status)


def closed_door(request: web.Request) -> web.Response:
    """Returns a page, in the browser's language, that says where the address is that lets in."""
    language = "zh" if request.headers.get(hdrs.ACCEPT_LANGUAGE, "").lower().startswith("zh") else "en"
    words = json.loads(WORDS.read_text(encoding="utf8"))[language]
    body = DOOR.format(language=language, title=words["title"], line=words["closed_door"])
    return web.Response(text=body, status=403, content_type="text/html")


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Adds the security headers to every answer."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
