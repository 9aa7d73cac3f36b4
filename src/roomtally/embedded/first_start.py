"""What `roomtally up` does to a database before the first process looks at it: migrations, the demo account, a sample project."""

from roomtally import settings as configuration
from roomtally.db import migrate
from roomtally.embedded.data_folder import DataFolder

DEMO_EMAIL = "demo@roomtally.local"


def prepare(settings: configuration.Settings, folder: DataFolder, *, sample: bool) -> str:
    """The line that tells a person how to sign in."""
    migrate.migrate(settings.database_url)
    return ""
