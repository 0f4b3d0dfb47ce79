"""What to try with a file that cannot be used, worded once."""

from __future__ import annotations

DAMAGED = "The model is damaged; export it again."
INCOMPLETE = "Download or export it again."
UNREADABLE = "Check the disk it lies on."
