"""Prints the app's URL configuration as JSON. Reads only, and ends in time.

Arguments: seconds, the settings module to use if none is set, and a JSON list
of paths about which to say whether the app serves them.
"""
import json
import os
import signal
import sys

signal.alarm(int(sys.argv[1]))
if sys.argv[2]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", sys.argv[2])

import django
from django.urls import Resolver404, URLResolver, get_resolver, resolve

django.setup()


def methods(view):
    """The methods of a class-based view; nothing for a function."""
    if getattr(view, "actions", None):
        return sorted(m.upper() for m in view.actions)
    cls = getattr(view, "view_class", None) or getattr(view, "cls", None)
    return sorted(m.upper() for m in getattr(cls, "http_method_names", []) if hasattr(cls, m))


def walk(patterns, text, pieces):
    for entry in patterns:
        here, parts = text + str(entry.pattern), pieces + [entry.pattern.regex.pattern]
        if isinstance(entry, URLResolver):
            yield from walk(entry.url_patterns, here, parts)
        else:
            yield {
                "path": here,
                "regex": parts,
                "view": entry.lookup_str,
                "exempt": bool(getattr(entry.callback, "csrf_exempt", False)),
                "methods": methods(entry.callback),
            }


def serves(path):
    try:
        resolve(path)
    except Resolver404:
        return False
    return True


answer = {
    "routes": list(walk(get_resolver().url_patterns, "/", [])),
    "serves": {path: serves(path) for path in json.loads(sys.argv[3])},
}
print("\nroutes:" + json.dumps(answer))
