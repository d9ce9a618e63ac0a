"""HEALTHCHECK of the image: asks the management port whether the service is ready. No curl needed."""

import os
import sys
import urllib.request

try:
    port = os.environ.get("MANAGEMENT_PORT", "9090")
    urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2).close()
except OSError:
    sys.exit(1)
