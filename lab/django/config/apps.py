from django.apps import AppConfig


class Config(AppConfig):
    name = "config"

    def ready(self):
        from config import newer  # noqa: F401, registers the check
