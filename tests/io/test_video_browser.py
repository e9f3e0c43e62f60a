"""What is written plays in a browser: Chromium opens it, knows its size, and shows its colours."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from cvkit.core.time import Time
from cvkit.core.values import Image
from cvkit.io.sinks.encoding import Encoding
from cvkit.io.sinks.video import VideoWriter

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
TICK = Fraction(1, 25)
COLOURS = [(200, 40, 40), (40, 180, 60), (50, 60, 210), (230, 220, 60)]  # red, green, blue
PAGE = """<!doctype html><body><script>
const tell = (told) => fetch('/told', {method: 'POST', body: JSON.stringify(told)});
const once = (video, event) => new Promise((done) => { video['on' + event] = done; });
(async () => {
  const video = document.createElement('video');
  video.muted = true;
  video.onerror = () => tell({error: video.error.message});
  video.src = URL.createObjectURL(await (await fetch('/film')).blob());
  await once(video, 'loadedmetadata');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  const colours = [];
  for (const at of [2.5, 0.5, 3.5]) {
    const shown = new Promise((done) => video.requestVideoFrameCallback(done));
    video.currentTime = at;
    await Promise.all([once(video, 'seeked'), shown]);
    context.drawImage(video, 0, 0);
    const pixel = context.getImageData(canvas.width >> 1, canvas.height >> 1, 1, 1).data;
    colours.push([...pixel].slice(0, 3));
  }
  tell({size: [video.videoWidth, video.videoHeight], duration: video.duration, colours});
})().catch((error) => tell({error: String(error)}));
</script></body>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, to see what a browser shows"),
]


def seen(film: Path) -> dict[str, object]:
    """What a headless Chromium says of a video."""
    answers: queue.Queue[bytes] = queue.Queue()

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = film.read_bytes() if self.path == "/film" else PAGE.encode()
            self.send_response(200)
            types = {".mp4": "video/mp4", ".webm": "video/webm"}
            kind = types[film.suffix] if self.path == "/film" else "text/html"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            answers.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    profile = film.parent / "profile"
    command = [
        str(CHROMIUM), "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio",
        "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0",
        f"--user-data-dir={profile}", f"http://127.0.0.1:{server.server_port}/",
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as browser:
        try:
            told: dict[str, object] = json.loads(answers.get(timeout=40))
        finally:
            os.killpg(browser.pid, signal.SIGKILL)
            server.shutdown()
            server.server_close()
    return told


@pytest.mark.parametrize(
    ("kind", "codec", "size", "shown"),
    [
        ("mp4", "h264", (320, 180), (320, 180)),
        ("mp4", "h264", (1281, 721), (1282, 722)),
        ("webm", "vp9", (321, 181), (321, 181)),
        ("mp4", "av1", (320, 180), (320, 180)),
        ("webm", "vp8", (320, 180), (320, 180)),
    ],
)
def test_a_browser_plays_it(
    tmp_path: Path, kind: str, codec: str, size: tuple[int, int], shown: tuple[int, int]
):
    encoding = Encoding(codec=codec)
    name = f"a.{kind}"
    with VideoWriter(
        tmp_path / name, kind, rate=1 / TICK, time_base=TICK, encoding=encoding
    ) as writer:
        for index in range(100):
            red, green, blue = COLOURS[index // 25]
            picture = np.full((size[1], size[0], 3), (blue, green, red), np.uint8)
            writer.write(Time(index, TICK), Image.of(picture))
    told = seen(tmp_path / name)
    assert "error" not in told, told
    assert told["size"] == list(shown)
    assert told["duration"] == pytest.approx(4, abs=0.05)
    off = np.abs(np.array(told["colours"], int) - [COLOURS[scene] for scene in (2, 0, 3)])
    assert off.max() <= 9, told  # the wrong matrix is off by 20 and more
