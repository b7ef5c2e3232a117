"""Waiting for something to become true, instead of sleeping."""

import os
import time

# Sanitizer builds are several times slower: GATEHOUSE_TIME_SCALE=4 stretches every patience in the suite.
SCALE = float(os.environ.get("GATEHOUSE_TIME_SCALE", "1"))


def eventually(condition, timeout=5.0, every=0.01, what=None):
    """Calls `condition` until it returns something true, which is returned. Fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout * SCALE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or condition}")
        time.sleep(every)


def stays(condition, seconds=0.3, every=0.02, what=None):
    """Checks that `condition` holds the whole time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"changed within {seconds} s: {what or condition}"
        time.sleep(every)
