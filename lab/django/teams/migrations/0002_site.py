"""The site's domain as the app's own first migration sets it: nobody's, until an
operator changes it."""
from django.db import migrations


def set_site(apps, schema_editor):
    site = apps.get_model("sites", "Site")
    site.objects.update_or_create(id=1, defaults={"domain": "localhost:8000", "name": "Open Chat Studio"})


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_initial"), ("sites", "0002_alter_domain_unique")]
    operations = [migrations.RunPython(set_site, migrations.RunPython.noop)]
