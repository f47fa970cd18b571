"""Fills the app for a test. Standard input is JSON, so that no password stands
among the arguments of a process:

    {"users": [{"email": …, "password": …, "staff": false}],
     "teams": [{"slug": …, "members": [email], "channels": [[platform, address]]}]}
"""
import json
import sys

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from teams.models import Channel, Team


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args, **options):
        given = json.load(sys.stdin)
        people = get_user_model().objects
        for user in given.get("users", []):
            made, _ = people.get_or_create(username=user["email"], defaults={"email": user["email"]})
            made.is_staff = made.is_superuser = user.get("staff", False)
            made.set_password(user["password"])
            made.save()
        for team in given.get("teams", []):
            made, _ = Team.objects.get_or_create(slug=team["slug"], defaults={"name": team["slug"]})
            made.members.set(people.filter(username__in=team.get("members", [])))
            for platform, address in team.get("channels", []):
                Channel.objects.get_or_create(team=made, platform=platform, address=address)
