"""The strict settings that the app's guide asks for."""
import socket

from config import env
from config.settings import *  # noqa: F403

DEBUG = False
ALLOWED_HOSTS = env.items("DJANGO_ALLOWED_HOSTS")
# Health checks inside the network come to the container's own address.
ALLOWED_HOSTS.append(socket.gethostbyname(socket.gethostname()))

SECURE_SSL_REDIRECT = env.boolean("DJANGO_SECURE_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_HSTS_SECONDS = 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
