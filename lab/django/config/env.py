"""Reads settings from the environment as django-environ does, surprises included."""
import os

from django.core.exceptions import ImproperlyConfigured

REQUIRED = object()


def value(name, default=REQUIRED):
    """A text. One that begins with $ names the variable to take instead."""
    if name not in os.environ:
        if default is REQUIRED:
            raise ImproperlyConfigured(f"Set the {name} environment variable")
        return default
    text = os.environ[name]
    return value(text[1:]) if text.startswith("$") else text


def items(name, default=REQUIRED):
    """A list, split at commas. Spaces stay: "a, b" holds " b"."""
    text = value(name, default)
    return text if isinstance(text, list) else [item for item in text.split(",") if item]


def boolean(name, default):
    text = value(name, default)
    return text if isinstance(text, bool) else text.lower() in ("true", "on", "ok", "y", "yes", "1")
