"""What AWS puts into its host names."""

from __future__ import annotations

import re


def region(host: str) -> str:
    """The region in the name of an AWS host; us-east-1 where there is none."""
    found = re.search(r"(?:^|\.)([a-z]{2}(?:-[a-z]+)+-\d)\.", host)
    return found[1] if found else "us-east-1"
