"""Two layers that the app takes from packages which Debian's Django lacks."""
import mimetypes
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.utils.cache import patch_vary_headers


class Cors:
    """django-cors-headers for the chat widget: preflights are answered here, for any host."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if not request.path.startswith("/api/chat/"):
            return self.get_response(request)
        preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse() if preflight else self.get_response(request)
        patch_vary_headers(response, ["origin"])
        if "Origin" not in request.headers:
            return response
        response["Access-Control-Allow-Origin"] = "*"
        if preflight:
            response["Access-Control-Allow-Headers"] = (
                "accept, accept-encoding, content-type, dnt, origin, user-agent, x-requested-with, "
                "x-ocs-widget-version, x-embed-key, x-session-token"
            )
            response["Access-Control-Allow-Methods"] = "DELETE, GET, OPTIONS, PATCH, POST, PUT"
            response["Access-Control-Max-Age"] = "86400"
        return response


class StaticFiles:
    """WhiteNoise: files are served before the host is looked at."""

    def __init__(self, get_response):
        self.get_response = get_response
        root = Path(settings.STATIC_ROOT)
        self.files = {settings.STATIC_URL + str(f.relative_to(root)): f for f in root.rglob("*") if f.is_file()}

    def __call__(self, request):
        file = self.files.get(request.path)
        if file is None or request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        kind = kind.replace("application/javascript", "text/javascript")
        if kind.startswith("text/"):
            kind += '; charset="utf-8"'
        response = FileResponse(file.open("rb"), content_type=kind)
        response["Cache-Control"] = "max-age=60, public"
        response["Access-Control-Allow-Origin"] = "*"
        return response
