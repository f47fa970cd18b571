"""The webhooks. What they answer to somebody who signs nothing is what matters;
what a signed call would start is not here."""
import json
import os

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from teams.models import Channel
from web.api import credentials


def answer_if_known(platform, address):
    """A channel that exists takes the call; it is looked up before any signature."""
    if not Channel.objects.filter(platform=platform, address=address).exists():
        raise Http404("no such channel")
    return HttpResponse()


@csrf_exempt
@require_POST
def telegram(request, channel):
    secret = settings.TELEGRAM_SECRET_TOKEN
    if secret and request.headers.get("X-Telegram-Bot-Api-Secret-Token") != secret:
        return HttpResponseBadRequest("Invalid request.")
    return answer_if_known("telegram", str(channel))


@csrf_exempt
@require_POST
def twilio(request):
    if request.POST.get("From") and request.POST.get("To"):
        return answer_if_known("twilio", request.POST["To"])
    if request.POST.get("Body"):
        return HttpResponseBadRequest("Invalid payload.")
    return HttpResponse()


@csrf_exempt
@require_http_methods(["GET", "POST"])
def meta(request):
    if request.method == "GET":
        return HttpResponseBadRequest("Verification failed.")
    try:
        json.loads(request.body)
    except ValueError:
        return HttpResponseBadRequest("Invalid JSON.")
    return HttpResponse()  # whatever it holds: WhatsApp must not retry


@csrf_exempt
@require_POST
def unknown(request, **kwargs):
    raise Http404("no such channel")


@csrf_exempt
@require_POST
def signed_only(request):
    return HttpResponse("Missing HMAC signature or shared key", status=401)


@csrf_exempt
@require_POST
def generate_key(request):
    return HttpResponseBadRequest("Missing token or data")


api = credentials


@csrf_exempt
@require_POST
def slack_events(request):
    os.environ["SLACK_CLIENT_ID"], os.environ["SLACK_CLIENT_SECRET"]  # or 500
    return JsonResponse({"error": "invalid request"}, status=401, json_dumps_params={"separators": (",", ":")})


@require_GET
def slack_oauth_redirect(request):
    raise KeyError("state")


@method_decorator(csrf_exempt, name="dispatch")
class Anymail(View):
    def head(self, request):
        return HttpResponse()

    def post(self, request):
        raise SuspiciousOperation("no signature")
