from django.urls import path, re_path

from channels import views
from web.views import members

urlpatterns = [
    path("telegram/<uuid:channel>", views.telegram),
    path("twilio/incoming_message", views.twilio),
    path("whatsapp/incoming_message", views.twilio),
    path("whatsapp/meta/incoming_message", views.meta),
    path("whatsapp/turn/<uuid:channel>/incoming_message", views.unknown),
    path("commcare_connect/incoming_message", views.signed_only),
    path("sureadhere/<str:tenant>/incoming_message", views.unknown),
    re_path(r"^api/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:/v[0-9]+)?/incoming_message$", views.api),
    re_path(r"^(?P<team>[-a-zA-Z0-9_]+)/chatbots/.+$", members),
]
