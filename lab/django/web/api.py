"""The programs' interface, in the words of Django REST framework, which is not
among the lab's packages."""
from django.http import HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods


def answer(status, body):
    return JsonResponse(body, status=status, json_dumps_params={"separators": (",", ":")})


@csrf_exempt
def credentials(request, *args, **kwargs):
    """Looks at who asks before it looks at the method."""
    response = answer(401, {"detail": "Authentication credentials were not provided."})
    response["WWW-Authenticate"] = "Bearer"
    return response


@method_decorator(csrf_exempt, name="dispatch")
class JSONView(View):
    def http_method_not_allowed(self, request, *args, **kwargs):
        response = answer(405, {"detail": f'Method "{request.method}" not allowed.'})
        response["Allow"] = ", ".join(self._allowed_methods())
        return response


class ChatStart(JSONView):
    def post(self, request):
        return answer(400, {"chatbot_id": ["This field is required."]})

    def options(self, request):
        return answer(200, {"name": "Start Chat Session"})


class NoSession(JSONView):
    def post(self, request, **kwargs):
        return answer(403, {"detail": "You do not have permission to perform this action."})


class NoSessionPoll(JSONView):
    def get(self, request, **kwargs):
        return answer(403, {"detail": "You do not have permission to perform this action."})


@method_decorator(csrf_exempt, name="dispatch")
class OAuthToken(View):
    def post(self, request):
        return JsonResponse({"error": "unsupported_grant_type"}, status=400)


@method_decorator(csrf_exempt, name="dispatch")
class OAuthClient(View):
    def post(self, request):
        return JsonResponse({"error": "invalid_client"}, status=401)


@require_http_methods(["GET", "HEAD", "OPTIONS"])
def schema(request):
    return HttpResponse("openapi: 3.0.3\n", content_type="text/plain")


@require_http_methods(["GET", "HEAD", "OPTIONS"])
def discovery(request):
    return JsonResponse({})
