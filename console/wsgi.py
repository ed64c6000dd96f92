import os

from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.urls import reverse

from console.checks import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

application = get_wsgi_application()
refuse_unsafe_start()
# every page is loaded now, so that no process forked from this one has to do it, nor the first to ask wait
reverse("entrance")
# what is forked from this process must not share its connection
connections.close_all()
