"""Decode, find edges, encode, one frame after the other.

python edges_video.py IN OUT PRESET CRF THREADS
"""

import sys

import av
import cv2
import numpy as np

source, target, preset, crf, threads = sys.argv[1:]
with av.open(source) as reader, av.open(target, "w") as writer:
    video = reader.streams.video[0]
    video.thread_type = "AUTO"
    out = writer.add_stream("libx264", video.average_rate, {"preset": preset, "crf": crf})
    out.width, out.height, out.pix_fmt = video.width, video.height, "yuv420p"
    out.thread_count, out.thread_type = int(threads), "FRAME"
    for frame in reader.decode(video):
        gray = frame.to_ndarray(format="gray")
        level, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
        edges = cv2.Canny(gray, level / 2, level)
        drawn = av.VideoFrame.from_ndarray(np.asarray(edges), "gray")
        drawn.pts, drawn.time_base = frame.pts, frame.time_base
        writer.mux(out.encode(drawn))
    writer.mux(out.encode(None))
