"""A move."""

from datetime import datetime
from typing import NewType
from uuid import UUID

import msgspec

ProjectId = NewType("ProjectId", UUID)


class Project(msgspec.Struct, frozen=True, rename="camel"):
    id: UUID
    name: str
    created_at: datetime
