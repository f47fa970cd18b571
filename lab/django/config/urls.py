"""Every path of the app that matters from outside, as its own modules name them."""
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path, re_path

from channels import views as channels
from web import api, views as web

admin.site.login = login_required(admin.site.login)  # one way to log in for all

chat = [
    path("start/", api.ChatStart.as_view()),
    path("<uuid:session>/message/", api.NoSession.as_view()),
    path("<uuid:session>/upload/", api.NoSession.as_view()),
    path("<uuid:session>/poll/", api.NoSessionPoll.as_view()),
    path("<uuid:session>/<slug:task>/poll/", api.NoSessionPoll.as_view()),
]

urlpatterns = [
    path("channels/", include("channels.urls")),
    path("slack/events", channels.slack_events),
    path("slack/oauth_redirect", channels.slack_oauth_redirect),
    re_path(r"^anymail/[a-z_]+/(?:inbound|inbound_mime|tracking)/$", channels.Anymail.as_view()),
    path("api/chat/", include(chat)),
    path("api/v1/chat/", include(chat)),
    path("api/commcare_connect/generate_key", channels.generate_key),
    path("api/commcare_connect/callback", channels.signed_only),
    path("api/commcare_connect/consent", channels.signed_only),
    re_path(r"^api/(?:schema|docs|v[12]/schema|v[12]/docs)/$", api.schema),
    re_path(r"^api/.+$", api.credentials),
    path("o/token/", api.OAuthToken.as_view()),
    path("o/revoke_token/", api.OAuthClient.as_view()),
    path("o/introspect/", api.OAuthClient.as_view()),
    path("o/userinfo/", api.credentials),
    path("o/authorize/", web.members),
    re_path(r"^\.well-known/(?:openid-configuration|jwks\.json)$", api.discovery),
    path("", web.home),
    path("robots.txt", web.robots),
    path("favicon.ico", web.favicon),
    path("status/", web.status),
    path("status/celery/", web.status),
    re_path(r"^status/queue-[^/]+/$", web.status),
    path("accounts/login/", web.Login.as_view()),
    path("accounts/logout/", web.Logout.as_view()),
    path("a/<slug:team>/", include("teams.urls")),
    path("django-admin/", admin.site.urls),
    re_path(r"^admin/(?:.+/)?$", web.staff),
    re_path(r"^(?:users|teams|a)/(?:.+/)?$", web.members),
]
