from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, render

from teams.models import Team


@login_required
def team(request, team):
    mine = Team.objects.all() if request.user.is_superuser else request.user.team_set.all()
    return render(request, "team.html", {"team": get_object_or_404(mine, slug=team)})


def public(request, team):
    raise Http404("no such chatbot")
