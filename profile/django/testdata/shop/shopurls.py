"""A small app's addresses, with one of each sort that matters."""
from django.http import HttpResponse
from django.urls import include, path, re_path
from django.views import View
from django.views.decorators.csrf import csrf_exempt


def page(request, **kwargs):
    return HttpResponse("ok")


class Hook(View):
    def post(self, request, **kwargs):
        return HttpResponse("ok")


class Feed(View):
    def get(self, request, **kwargs):
        return HttpResponse("ok")


hooks = [
    path("telegram/<uuid:channel>", csrf_exempt(page), name="telegram"),
    path("<slug:team>/settings/", page, name="team"),
    re_path(r"^old/(?P<year>[0-9]{4})/(in|out)$", csrf_exempt(page), name="old"),
    re_path(r"^odd/(?!never)x$", csrf_exempt(page), name="odd"),
]

urlpatterns = [
    path("", page, name="home"),
    path("channels/", include(hooks)),
    path("orders/<int:order>/paid", csrf_exempt(Hook.as_view()), name="paid"),
    path("feed", csrf_exempt(Feed.as_view()), name="feed"),
]
