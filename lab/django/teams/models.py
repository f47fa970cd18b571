from django.conf import settings
from django.contrib.sites.models import Site
from django.db import models


def absolute_url(path):
    """An address as the app tells it to others: under the site's domain, whatever
    name the page was asked by."""
    return f"https://{Site.objects.get_current().domain}{path}"


class Team(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL)


class Channel(models.Model):
    """Where a platform delivers messages, and the address that it was told."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    platform = models.CharField(max_length=20)
    address = models.CharField(max_length=100)  # Telegram: its UUID; Twilio: the number
    registered_url = models.CharField(max_length=300, blank=True)

    @property
    def webhook_path(self):
        if self.platform == "telegram":
            return f"/channels/telegram/{self.address}"
        return f"/channels/{self.platform}/incoming_message"
