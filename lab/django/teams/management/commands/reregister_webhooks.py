from django.core.management.base import BaseCommand, CommandError

from teams.models import Team, absolute_url


class Command(BaseCommand):
    help = "Tells every platform of a team the address of its webhook again, under the site's domain."

    def add_arguments(self, parser):
        parser.add_argument("--team-slug", required=True)

    def handle(self, *args, team_slug, **options):
        try:
            team = Team.objects.get(slug=team_slug)
        except Team.DoesNotExist:
            raise CommandError(f"There is no team {team_slug}")
        for channel in team.channel_set.order_by("platform", "address"):
            channel.registered_url = absolute_url(channel.webhook_path)
            channel.save()
            self.stdout.write(f"{channel.platform} {channel.registered_url}")
