"""When two signals of the system are one."""

from __future__ import annotations

SAME_SECONDS = 0.3  # signals that come so close after the first are one: `timeout` signals its child and then the group
