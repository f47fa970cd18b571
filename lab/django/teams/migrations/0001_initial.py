from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel("Team", [
            ("id", models.AutoField(primary_key=True, serialize=False)),
            ("slug", models.SlugField(unique=True)),
            ("name", models.CharField(max_length=100)),
            ("members", models.ManyToManyField(to=settings.AUTH_USER_MODEL)),
        ]),
        migrations.CreateModel("Channel", [
            ("id", models.AutoField(primary_key=True, serialize=False)),
            ("team", models.ForeignKey("teams.Team", on_delete=models.CASCADE)),
            ("platform", models.CharField(max_length=20)),
            ("address", models.CharField(max_length=100)),
            ("registered_url", models.CharField(blank=True, max_length=300)),
        ]),
    ]
