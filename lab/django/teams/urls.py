from django.urls import path, re_path

from teams import views
from web.views import members

UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

urlpatterns = [
    re_path(rf"^(?:chatbots|experiments/e)/{UUID}/(?:start|s/.+|verify_token/.+)/$", views.public),
    path("", views.team),
    path("chatbots/", views.team),
    re_path(r"^.+/$", members),
]
