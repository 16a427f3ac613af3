"""`python -m mulakat.healthcheck`: exit status 0 while the server on this machine answers.

For a container's health check: it imports nothing but sockets, since all that it holds counts
against the container's memory (4.7 MiB of PSS; `make bench`, test_import_cost).
"""

import os
import socket
import sys

SECONDS = 5.0


def healthy(host: str, port: int) -> bool:
    """Return whether GET /health/live answers 200 within SECONDS."""
    request = f"GET /health/live HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, port), SECONDS) as connection:
            connection.settimeout(SECONDS)
            connection.sendall(request.encode())
            return connection.recv(64).split(b"\r\n")[0].split(b" ")[1:2] == [b"200"]
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(not healthy("127.0.0.1", int(os.environ.get("MULAKAT_PORT") or 8000)))
