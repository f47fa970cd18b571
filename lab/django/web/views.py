from django.conf import settings
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_required, user_passes_test
from django.contrib.auth.forms import AuthenticationForm
from django.db import connection
from django.forms import EmailField
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

reading = require_http_methods(["GET", "HEAD", "OPTIONS"])


@reading
def home(request):
    return render(request, "home.html")


@reading
def robots(request):
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def favicon(request):
    return redirect("/static/images/favicons/favicon-96x96.png", permanent=True)


@reading
def status(request):
    """Hides itself from who has not the token, if there is one."""
    tokens = settings.HEALTH_CHECK_TOKENS
    if tokens and request.GET.get("token") not in tokens:
        raise Http404("no token")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return render(request, "status.html")


@login_required
def members(request, *args, **kwargs):
    return render(request, "members.html")


@login_required
@user_passes_test(lambda user: user.is_staff)
def staff(request):
    return render(request, "admin.html")


class LoginForm(AuthenticationForm):
    """Its fields are named as in the app, whose people log in with an e-mail address."""

    username = EmailField()

    def add_prefix(self, field_name):
        return "login" if field_name == "username" else field_name


class Login(auth.LoginView):
    form_class = LoginForm


class Logout(auth.LogoutView):
    pass
