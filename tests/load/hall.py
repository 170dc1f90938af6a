"""A hall of students for Locust: each opens the page, feels its pulse, and moves a slider twice a second."""

import base64
import json
import os
import random
import secrets
import socket
from urllib.parse import urlsplit

from locust import FastHttpUser, constant_throughput, task

DECODE = int(os.environ.get("HALL_COMPONENT", "0"))  # the widget whose `decode` the sliders ask
PIXELS = 28 * 28


class Student(FastHttpUser):
    """One of them."""

    wait_time = constant_throughput(2)

    def on_start(self) -> None:
        """Open the page, and keep the stream open that every page listens to."""
        self.session = secrets.token_hex(6)
        self.pose = [random.uniform(-0.3, 0.3) for _ in range(16)]
        self.client.get("/", name="page")
        place = urlsplit(self.host)
        self.pulse = socket.create_connection((place.hostname, place.port))
        self.pulse.sendall(b"GET /pulse HTTP/1.1\r\nHost: hall\r\n\r\n")

    def on_stop(self) -> None:
        """Close the tab."""
        self.pulse.close()

    @task
    def slide(self) -> None:
        """Move one slider: the answer must be a picture."""
        offsets = [0.0] * 16
        offsets[random.randrange(16)] = random.uniform(-0.25, 0.25)
        data = {"digit": random.randrange(10), "pose": self.pose, "offsets": offsets}
        call = {"component_id": DECODE, "fn_name": "decode", "session_hash": self.session, "data": data}
        with self.client.post("/gradio_api/component_server/", json=call, name="slider", catch_response=True) as answer:
            try:
                whole = len(base64.b64decode(json.loads(answer.text)["picture"])) == PIXELS
            except (KeyError, TypeError, ValueError):
                whole = False
            if not whole:
                answer.failure(f"no picture: {answer.status_code}")
