"""What the app's Django (5.2) does and Debian's (3.2) does not do yet.

Since 4.0 the trusted origins are written with their scheme, the Origin header
is compared with them, and pages say Cross-Origin-Opener-Policy. The text of the
check is Django's own; the comparison follows its release notes for 4.0.
"""
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import DisallowedHost
from django.middleware import csrf, security
from django.utils.http import is_same_domain


@register(Tags.compatibility)
def check_trusted_origins(app_configs, **kwargs):
    return [
        Error(
            "As of Django 4.0, the values in the CSRF_TRUSTED_ORIGINS setting must start with a scheme "
            f"(usually http:// or https://) but found {origin}. See the release notes for details.",
            id="4_0.E001",
        )
        for origin in settings.CSRF_TRUSTED_ORIGINS
        if "://" not in origin
    ]


class SecurityMiddleware(security.SecurityMiddleware):
    def process_response(self, request, response):
        response = super().process_response(request, response)
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        return response


def origin_trusted(request, origin):
    try:
        scheme = "https" if request.is_secure() else "http"
        if origin == f"{scheme}://{request.get_host()}":
            return True
        parts = urlsplit(origin)
    except (DisallowedHost, ValueError):
        return False
    for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS):
        if parts.scheme == trusted.scheme and is_same_domain(parts.netloc, trusted.netloc.lstrip("*")):
            return True
    return False


class CsrfViewMiddleware(csrf.CsrfViewMiddleware):
    def process_view(self, request, callback, args, kwargs):
        origin = request.META.get("HTTP_ORIGIN")
        exempt = request.method in ("GET", "HEAD", "OPTIONS", "TRACE") or getattr(callback, "csrf_exempt", False)
        if exempt or origin is None and not request.is_secure():
            return super().process_view(request, callback, args, kwargs)
        if origin is None:  # then the Referer says where the form was
            parts = urlsplit(request.META.get("HTTP_REFERER", ""))
            origin = f"{parts.scheme}://{parts.netloc}"
        if not origin_trusted(request, origin):
            return self._reject(request, f"Origin checking failed - {origin} does not match any trusted origins.")
        # 3.2 would compare the Referer in its own way, so it gets one that fits.
        sent = request.META.get("HTTP_REFERER")
        request.META["HTTP_REFERER"] = f"https://{request.get_host()}/"
        try:
            return super().process_view(request, callback, args, kwargs)
        finally:
            request.META["HTTP_REFERER"] = sent
            if sent is None:
                del request.META["HTTP_REFERER"]
